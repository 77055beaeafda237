"""A process that is of no use without the one that began it: it ends with it, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def die_with(parent: int) -> None:
    """The kernel ends this process with that parent, where it can; raises SystemExit without one.

    It goes by the parent's thread: who is begun by one that ends early is ended early.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    stay_with(parent)  # which may have died before the kernel was told


def stay_with(parent: int) -> None:
    """Where the kernel cannot, it has to be asked between two things; raises SystemExit."""
    if os.getppid() != parent:
        raise SystemExit(0)
