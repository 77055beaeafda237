"""run(): the one place that starts a program and waits for it."""

from __future__ import annotations

import contextlib
import os
import pwd
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process.giving_up import go_on
from pytest_saas_validate.process.marker import marked


class Process(Protocol):
    """What is waited for: a program, or what behaves like one."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """How it ended, once it was collected."""

    def wait(self, timeout: float | None = None) -> int:
        """Collect it, once it has ended."""


Streams = tuple[IO[bytes], IO[bytes], IO[bytes]]
# Another way to begin a program: words, folder, environment, streams; None where it cannot.
Start = Callable[[Sequence[str], Path | None, Mapping[str, str], Streams], Process | None]

TIMED_OUT, NOT_RUNNABLE, NOT_FOUND = 124, 126, 127
_TAIL = 4000  # characters of each stream that an error shows
_LOOK_SECONDS = 0.1  # how often it is asked whether a program is still of use


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that ended. `code` is negative for a signal, 124 after the time limit, 127 when not found."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it ended with 0."""
        return self.code == 0

    @property
    def killed(self) -> bool:
        """Whether somebody else ended it: a person, or the system that had no memory left."""
        return self.code in (-signal.SIGKILL, -signal.SIGTERM)

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8", "replace")

    def explain(self) -> str:
        """One error text: the command, how it ended, and the end of what it said, scrubbed."""
        ended = f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        lines = [f"{shlex.join(self.argv)}: {ended} after {self.seconds:.1f} s"]
        for name, stream in (("stdout", self.stdout), ("stderr", self.stderr)):
            said = stream.decode("utf-8", "replace").strip()
            if said:
                lines.append(f"{name}: {said[-_TAIL:]}")
        return scrub("\n".join(lines))


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60.0,
    user: str | None = None,
    start: Start | None = None,
) -> Run:
    """Run a program to its end; never raises for what the program does or for its absence.
    Raises GivenUp in a thread that was told to give up. `start` may begin it in another way.

    It leads a process group of its own, which is killed when the time (seconds) is over, when this call is
    interrupted, and, on Linux, when the program has ended and left others behind. Streams are files: a
    program of the background that keeps them open does not hold this call up.
    """
    go_on()
    words = tuple(os.fspath(word) for word in argv)
    began = time.monotonic()

    def ended(code: int, stdout: bytes = b"", stderr: bytes = b"") -> Run:
        seconds = time.monotonic() - began
        return Run(argv=words, code=code, stdout=stdout, stderr=stderr, seconds=seconds)

    if cwd is not None and not Path(cwd).is_dir():
        return ended(NOT_RUNNABLE, stderr=f"{cwd}: no such folder".encode())
    with contextlib.ExitStack() as files:
        given, out, err = (files.enter_context(_stream(name)) for name in ("stdin", "stdout", "stderr"))
        given.write(stdin)
        given.seek(0)
        environment = marked(env)
        try:
            streams = (given, out, err)
            process = start(words, cwd, environment, streams) if start and user is None else None
            process = process or subprocess.Popen(
                words,
                cwd=cwd,
                env=environment,
                stdin=given,
                stdout=out,
                stderr=err,
                start_new_session=True,
                **identity(user),
            )
        except FileNotFoundError as problem:
            return ended(NOT_FOUND, stderr=f"{words[0]}: not found ({problem})".encode())
        except OSError as problem:
            return ended(NOT_RUNNABLE, stderr=f"{words[0]}: cannot be run ({problem})".encode())
        in_time = _finish(process, timeout)
        out.seek(0)
        err.seek(0)
        said = err.read()
        if not in_time:
            said += f"\ntimeout: not done after {timeout:g} s, killed".encode()
        return ended(process.wait() if in_time else TIMED_OUT, out.read(), said)


def identity(user: str | None) -> dict[str, Any]:
    """Arguments of Popen that drop to a user with no groups but its own; nothing when None."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _stream(name: str) -> IO[bytes]:
    """A file for one stream; in memory where that can be had, since a full disk would cut what is said."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create(name), "w+b")
    return tempfile.TemporaryFile()


def _finish(process: Process, timeout: float) -> bool:
    """Wait for the end, at most `timeout` seconds; afterwards nothing of the group lives."""
    try:
        in_time = _wait(process, timeout)
    except BaseException:
        _kill_group(process)
        process.wait()
        raise
    # The leader has not been collected yet where `_wait` leaves it, so its number cannot belong to others.
    if process.returncode is None:
        _kill_group(process)
    process.wait()
    return in_time


def _wait(process: Process, timeout: float) -> bool:
    """Whether it ended in time."""
    deadline = time.monotonic() + timeout
    with _watched(process) as ends_within:
        while not ends_within(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic()))):
            go_on()
            if time.monotonic() >= deadline:
                return False
    return True


@contextlib.contextmanager
def _watched(process: Process) -> Iterator[Callable[[float], bool]]:
    """Asks whether it ends within seconds. Popen.wait() polls with up to 50 ms; a pidfd wakes at once."""
    if not hasattr(os, "pidfd_open"):
        yield lambda seconds: _ends_within(process, seconds)
        return
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:  # collected by others, since who began it has ended
        yield lambda seconds: True
        return
    try:
        yield lambda seconds: bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def _ends_within(process: Process, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
