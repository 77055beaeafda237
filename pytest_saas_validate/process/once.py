"""once(): make a value one time for all processes that share a folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def once(folder: Path, key: str, make: Callable[[], T]) -> T:
    """The value under this key; the first caller makes it, the others wait and read it.

    A `make` that raises leaves nothing, so that the next caller tries again. A maker that dies releases the
    lock through the kernel. The value must pickle; the folder must belong to this user alone.
    """
    name = _file_name(key)
    target = folder / f"{name}.pickle"
    if not target.exists():
        with locked(folder / f"{name}.lock"):
            if not target.exists():
                value = make()
                write_atomically(target, pickle.dumps(value))
                return value
    found: T = pickle.loads(target.read_bytes())
    return found


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel releases when this process dies. The folder must exist."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_atomically(target: Path, content: bytes) -> None:
    """All of the content or nothing, also after a crash."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _file_name(key: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", key):
        return key
    return hashlib.sha256(key.encode()).hexdigest()
