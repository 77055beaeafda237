"""once(): make a value one time for all processes that share a folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pickle
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def once(folder: Path, key: str, make: Callable[[], T]) -> T:
    """The value under this key; the first caller makes it, the others wait and read it.

    A `make` that raises leaves nothing, so that the next caller tries again. A maker that dies releases the
    lock through the kernel. The value must pickle; the folder must belong to this user alone, and to one run:
    the value need not be whole after the machine itself went down.
    """
    name = _file_name(key)
    target = folder / f"{name}.pickle"
    if not target.exists():
        with locked(folder / f"{name}.lock"):
            if not target.exists():
                value = make()
                write_atomically(target, pickle.dumps(value), durable=False)
                return value
    found: T = pickle.loads(target.read_bytes())
    return found


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel releases when this process dies. The folder must exist.

    Its file goes with it; that of a killed holder stays until `sweep`.
    """
    handle = _hold(path)
    try:
        yield
    finally:
        if _is_at(handle, path):
            path.unlink()
        os.close(handle)


def write_atomically(target: Path, content: bytes, *, durable: bool = True) -> None:
    """All of the content or nothing, also after a crash, of which `sweep` removes the rest; where it is
    `durable` after one of the machine too, which takes some milliseconds."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    with locked(unfinished), unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
        unfinished.replace(target)


def sweep(folder: Path) -> None:
    """Remove the locks that nobody holds and the files that nobody finishes: their processes were killed."""
    for path in (*folder.glob("*.lock"), *folder.glob("*.tmp")):
        with contextlib.suppress(OSError):  # gone, held, or another user's
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(handle, path):
                    path.unlink()
            finally:
                os.close(handle)


def forget_old(folder: Path, seconds: float) -> None:
    """Remove the values below a folder that were made longer ago; they are made again when asked for."""
    oldest = time.time() - seconds
    for path in (*folder.glob("*.pickle"), *folder.glob("*.json")):
        with contextlib.suppress(OSError):  # gone, or another user's
            if path.stat().st_mtime < oldest:
                path.unlink()


def _hold(path: Path) -> int:
    """A handle that has the lock. Who waited for a file that went with its lock waits for the new one."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _file_name(key: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", key):
        return key
    return hashlib.sha256(key.encode()).hexdigest()
