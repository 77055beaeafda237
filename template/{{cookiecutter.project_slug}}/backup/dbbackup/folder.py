"""The folder of backups: one writer at a time, and nothing under a final name before it is whole."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dbbackup import manifest
from dbbackup.failure import ExitCode, Failure

log = logging.getLogger("dbbackup")

SUFFIX = ".dump.zst"
PARTIAL = ".partial"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turn an error of the file system into a Failure (STORAGE) that names the folder."""
    try:
        yield
    except OSError as error:
        fix = "free space there" if error.errno in FULL else "check BACKUP_DIR and its permissions"
        raise Failure(ExitCode.STORAGE, f"cannot write to {folder}: {error.strerror}", fix) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the folder if need be and hold it alone; the kernel frees it when the process dies.

    Raises Failure (BUSY) at once when another process holds it.
    """
    with storage(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with storage(folder):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failure(
                    ExitCode.BUSY,
                    f"another backup into {folder} is running",
                    "wait for it, or use another folder",
                ) from None
        yield
    finally:
        os.close(descriptor)


def artefact_name(database: str, now: datetime) -> str:
    """Return the file name of a backup that starts now; names sort by time."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", database).lstrip(".-") or "database"
    return f"{plain}-{now.astimezone(UTC):%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z{SUFFIX}"


def partial(path: Path) -> Path:
    """Return the name that a file has until it is whole."""
    return path.with_name(path.name + PARTIAL)


def sweep(folder: Path) -> None:
    """Finish or remove what dead runs left; only the holder of the folder may call this.

    A manifest is written last: when its dump already has the final name, all that is missing is one rename.
    """
    with storage(folder):
        for leftover in sorted(folder.glob(f"*{SUFFIX}{manifest.SUFFIX}{PARTIAL}")):
            final = leftover.with_name(leftover.name.removesuffix(PARTIAL))
            artefact = final.with_name(final.name.removesuffix(manifest.SUFFIX))
            if artefact.exists():
                log.info("finishing the publication of %s", artefact.name)
                leftover.rename(final)
        for leftover in sorted(folder.glob(f"*{SUFFIX}*{PARTIAL}")):
            log.info("removing %s of a dead run", leftover.name)
            leftover.unlink()
        synchronise(folder)


def publish(artefact: Path, sheet: str) -> None:
    """Give the finished partial dump and its manifest their final names, in this order, durably."""
    unpublished = partial(manifest.beside(artefact))
    with storage(artefact.parent):
        with unpublished.open("x", encoding="utf-8") as file:
            file.write(sheet)
            file.flush()
            os.fsync(file.fileno())
        partial(artefact).rename(artefact)
        unpublished.rename(manifest.beside(artefact))
        synchronise(artefact.parent)


def discard(artefact: Path) -> None:
    """Remove what a failed run wrote; a dump whose manifest never got its final name is none."""
    for path in (artefact, manifest.beside(artefact)):
        partial(path).unlink(missing_ok=True)
    if not manifest.beside(artefact).exists():
        artefact.unlink(missing_ok=True)


def synchronise(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
