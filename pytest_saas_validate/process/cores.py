"""How much can be done at once."""

from __future__ import annotations

import os


def cores() -> int:
    """The cores that this process may use; a machine may have more than it gives to a container or job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
