"""What goes wrong with the machine and not with what is judged: a full disk, a program that is killed."""

from __future__ import annotations

import errno
import os

_FULL = (errno.ENOSPC, errno.EDQUOT)


class NoRoom(OSError):
    """Something could not be written because a disk is full; the message says which and what to do."""

    def __init__(self, said: str) -> None:
        super().__init__(errno.ENOSPC, said)

    def __str__(self) -> str:
        return str(self.strerror)


class Killed(Exception):
    """A program was killed from outside before it had done its work; the message holds what it said."""


def is_full(problem: BaseException | None) -> bool:
    """Whether a full disk is behind an exception, also behind one that was made of it."""
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno in _FULL:
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def tells_full(said: str) -> bool:
    """Whether a program says that a disk is full."""
    return any(os.strerror(number) in said for number in _FULL)


def no_room(problem: BaseException) -> NoRoom:
    """One sentence about it: what happened and how to go on."""
    if isinstance(problem, NoRoom):
        return problem
    return NoRoom(
        f"no room is left on the disk ({problem}): make room there, or set SAAS_VALIDATE_CACHE and TMPDIR "
        "to folders of another one"
    )
