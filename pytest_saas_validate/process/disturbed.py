"""What goes wrong with the machine and not with what is judged: a full disk, a program that is killed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_saas_validate.process.memory import MEMORY, memory

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
    return any(isinstance(each, OSError) and each.errno in _FULL for each in _behind(problem))


def tells_full(said: str) -> bool:
    """Whether a program says that a disk is full."""
    return any(os.strerror(number) in said for number in _FULL)


def no_room(problem: BaseException, place: Path | None = None) -> NoRoom:
    """One sentence about it: what happened and how to go on; `place` is where something was being written."""
    if isinstance(problem, NoRoom):
        return problem
    if _is_in_memory(problem, place):
        return NoRoom(
            f"no room is left in {MEMORY} ({problem}): give it more (docker run --shm-size=4g; mount -o "
            f"remount,size=4g {MEMORY}), end what else fills it, or choose fewer combinations by --combos"
        )
    return NoRoom(
        f"no room is left on the disk ({problem}): make room there, or set SAAS_VALIDATE_CACHE and TMPDIR "
        "to folders of another one"
    )


def _is_in_memory(problem: BaseException, place: Path | None) -> bool:
    """By the file that is named, the second of two; where none is, a hook may have written elsewhere too."""
    full = [each for each in _behind(problem) if isinstance(each, OSError) and each.errno in _FULL]
    names = [name for each in full if (name := each.filename2 or each.filename)]
    if names:
        return any(Path(os.fsdecode(name)).is_relative_to(MEMORY) for name in names)
    return place is not None and place.is_relative_to(MEMORY) and memory() is None


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__
