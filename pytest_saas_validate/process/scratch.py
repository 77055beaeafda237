"""Folders for a moment: below that of the run, so that they go with it however it ends."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_saas_validate.process.marker import place


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, removed afterwards; without a run it lies where temporary files do."""
    with tempfile.TemporaryDirectory(prefix="saas-", dir=place(), ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextlib.contextmanager
def temporary_files() -> Iterator[Path]:
    """Code of others that runs inside makes its temporary files in a scratch folder, in this process."""
    with scratch() as folder:
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
