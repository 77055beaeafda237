"""A place for many small files: a file system in memory, where there is one with room."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY, _ROOM = Path("/dev/shm"), 1 << 30  # bytes; a container has 64 MB there unless it was given more


def memory(need: int = 0) -> Path | None:
    """The folder, where files are made several times as fast as on a disk; None where there is none, or too
    little room for what is to be laid there: `need` bytes, and never less than one run may use unasked."""
    try:
        facts = os.statvfs(MEMORY)
    except OSError:
        return None
    roomy = facts.f_bavail * facts.f_frsize > max(need, _ROOM) and os.access(MEMORY, os.W_OK | os.X_OK)
    return MEMORY if roomy else None
