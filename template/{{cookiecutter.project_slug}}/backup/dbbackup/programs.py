"""pg_dump and pg_restore: find them, compare versions, run them without a secret in their arguments."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from dbbackup.address import Address
from dbbackup.failure import ExitCode, Failure

log = logging.getLogger("dbbackup")

T = TypeVar("T")

MESSAGE = re.compile(r"^\S+: (error|fatal|warning): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Program:
    """A client program and its major version."""

    name: str
    path: str
    major: int


async def find(name: str, *, at_least: int, reason: str) -> Program:
    """Find a client program on PATH that is new enough.

    Raises Failure (CLIENT) when it is missing or its major version is below `at_least`.
    """
    advice = f"put {name} {at_least} or newer first on PATH"
    path = shutil.which(name)
    if path is None:
        raise Failure(ExitCode.CLIENT, f"{name} is not on PATH", advice)
    process = await asyncio.create_subprocess_exec(
        path, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    version = re.search(rb"\(PostgreSQL\) (\d+)", output)
    if process.returncode or version is None:
        raise Failure(ExitCode.CLIENT, f"{path} does not tell its version", advice)
    major = int(version[1])
    if major < at_least:
        raise Failure(
            ExitCode.CLIENT, f"{path} is version {major}, but {reason} is version {at_least}", advice
        )
    return Program(name, path, major)


class Child:
    """A running client program; its complaints are logged and its exit status is always asked for.

    `pipe` is our end of its standard output, or of its standard input when it is fed.
    """

    def __init__(self, program: Program, process: asyncio.subprocess.Process, pipe: BinaryIO) -> None:
        self.pipe = pipe
        self._program = program
        self._process = process
        self._complaint = ""
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        # Only the headline of a message is kept: the lines below it can quote a row.
        stream = self._process.stderr or asyncio.StreamReader()
        async for line in stream:
            message = MESSAGE.match(line.decode(errors="replace").strip())
            if message is None:
                continue
            log.warning("%s: %s", self._program.name, message[2])
            if message[1] != "warning" and not self._complaint:
                self._complaint = message[2]

    async def work(self, function: Callable[..., T], *arguments: object) -> T:
        """Run blocking work on the pipe in a thread; giving it up kills the program, which ends it."""
        work = asyncio.get_running_loop().run_in_executor(None, function, *arguments)
        try:
            return await asyncio.shield(work)
        except BaseException:
            self._kill()
            await asyncio.wait({work})
            raise

    async def finish(self) -> None:
        """Close the pipe and wait for the end; raises Failure (DATABASE) unless the program succeeded."""
        self.pipe.close()
        status = await self._process.wait()
        await self._listener
        if status:
            how = (
                f"was ended by {signal.Signals(-status).name}"
                if status < 0
                else f"failed with status {status}"
            )
            reason = f": {self._complaint}" if self._complaint else ""
            raise Failure(
                ExitCode.DATABASE, f"{self._program.name} {how}{reason}", "cure the cause and run again"
            )

    async def end(self) -> None:
        """Kill the program if it still runs and wait until it is gone."""
        self._kill()
        # A script that calls the program leaves it behind: that one ends when nobody reads the pipe any more.
        self.pipe.close()
        await self._process.wait()
        await self._listener

    def _kill(self) -> None:
        # Process.kill() may collect a program that has just ended, and its true status is lost then.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def running(
    program: Program, *arguments: str, address: Address | None, fed: bool
) -> AsyncIterator[Child]:
    """Run a client program, against an address if it has one; it never outlives the block."""
    reading, writing = os.pipe()
    theirs, ours = (reading, writing) if fed else (writing, reading)
    with os.fdopen(ours, "wb" if fed else "rb", buffering=0) as pipe:
        try:
            process = await asyncio.create_subprocess_exec(
                program.path,
                *arguments,
                stdin=theirs if fed else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL if fed else theirs,
                stderr=asyncio.subprocess.PIPE,
                env=None if address is None else address.child_environment(),
            )
        finally:
            os.close(theirs)
        child = Child(program, process, pipe)
        try:
            yield child
        finally:
            await child.end()
