"""How the end of a client program is told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import BinaryIO

import pytest

from dbbackup.failure import Failure
from dbbackup.programs import Program, running


def test_a_program_that_was_killed_is_never_said_to_have_failed() -> None:
    shell = Program("shell", "/bin/sh", 1)

    async def fed_to_one_that_dies() -> str:
        async with running(shell, "-c", "kill -KILL $$", address=None, fed=True) as child:
            with contextlib.suppress(BrokenPipeError):
                await child.work(feed, child.pipe)
            with pytest.raises(Failure) as failure:
                await child.finish()
        return str(failure.value)

    async def often() -> set[str]:
        return {await fed_to_one_that_dies() for _ in range(300)}  # the status is lost now and then

    assert asyncio.run(often()) == {"shell was ended by SIGKILL; cure the cause and run again"}


def feed(pipe: BinaryIO) -> None:
    """Write until nobody reads."""
    while True:
        pipe.write(bytes(65536))
