"""A place for many small files: a file system in memory, where there is one with room."""

from __future__ import annotations

import os
from pathlib import Path

_MEMORY, _ROOM = Path("/dev/shm"), 1 << 30  # bytes; a container has 64 MB there unless it was given more


def memory() -> Path | None:
    """The folder, where files are made several times as fast as on a disk; None where there is none."""
    try:
        facts = os.statvfs(_MEMORY)
    except OSError:
        return None
    roomy = facts.f_bavail * facts.f_frsize > _ROOM and os.access(_MEMORY, os.W_OK | os.X_OK)
    return _MEMORY if roomy else None
