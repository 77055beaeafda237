"""Folders for a moment: below that of the run, so that they go with it however it ends."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_saas_validate.process.disturbed import is_full, no_room
from pytest_saas_validate.process.marker import place
from pytest_saas_validate.process.workspace import Workspace


@contextlib.contextmanager
def scratch(*, swift: bool = False) -> Iterator[Path]:
    """An empty folder, removed afterwards; without a run it lies where temporary files do.

    A `swift` one is for many small files that are read: in memory where there is room, and a file system in
    memory may forbid to execute what is on it. Raises NoRoom for a full disk inside.
    """
    folder = place()
    if folder is not None and swift:
        folder = Workspace.of(folder).swift("scratch")
    with tempfile.TemporaryDirectory(prefix="saas-", dir=folder, ignore_cleanup_errors=True) as name:
        try:
            yield Path(name)
        except OSError as problem:
            if is_full(problem):
                raise no_room(problem, Path(name)) from problem
            raise


@contextlib.contextmanager
def temporary_files() -> Iterator[Path]:
    """Code of others that runs inside makes its temporary files in a scratch folder, in this process."""
    with scratch() as folder:
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
