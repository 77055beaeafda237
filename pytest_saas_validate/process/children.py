"""Long-running children: recorded before they run, ended with everything below them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process.identity import birth, descendants
from pytest_saas_validate.process.ledger import Ledger
from pytest_saas_validate.process.marker import marked
from pytest_saas_validate.process.runner import identity

_ALL: set[subprocess.Popen[bytes]] = set()

# The program begins only when its number is on the disk: a starter that dies before leaves nothing running.
_GATE = 'read -r _ && exec "$@" </dev/null'


@dataclass
class Child:
    """A running child; the leader of a session and process group of its own."""

    name: str
    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path
    ledger: Ledger = field(repr=False)
    entry: str = field(repr=False)
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def pid(self) -> int:
        """Its number, and that of its group."""
        return self.process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def tail(self, lines: int = 200) -> str:
        """The end of what it said, scrubbed."""
        return tail(self.log, lines)

    def stop(self, grace: float = 5.0, number: int | None = None) -> None:
        """Ask it to end, then kill it and all below it; returns when they are gone. Safe to call twice."""
        end_all([self], grace, number)


def tail(log: Path, lines: int = 200) -> str:
    """The last lines of a file, scrubbed; empty when there is none."""
    try:
        said = log.read_bytes()[-400 * lines :].decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return scrub("\n".join(said.splitlines()[-lines:]))


def end_all(children: Sequence[Child], grace: float = 5.0, number: int | None = None) -> None:
    """End children at the same time, each by its own signal or by the given one."""
    living = [child for child in children if child.alive()]
    births = {child.pid: birth(child.pid) for child in living}
    end(births, {child.pid: number or child.stop_signal for child in living}, grace)
    for child in children:
        child.process.wait()
        _ALL.discard(child.process)
        child.ledger.release(child.entry)


def spawn(
    ledger: Ledger,
    argv: Sequence[str | os.PathLike[str]],
    *,
    name: str,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    pass_fds: Sequence[int] = (),
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a program that stays; what it says is appended to `log`. Raises OSError when it cannot start."""
    words = [os.fspath(word) for word in argv]
    entry = ledger.plan("process", name=name, signal=int(stop_signal), program=words[0])
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, "sh", *words],
                cwd=cwd,
                env=marked(env, ledger.run_id),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
                **identity(user),
            )
    except BaseException:
        ledger.release(entry)
        raise
    gate = process.stdin
    try:
        ledger.add(entry, pid=process.pid, birth=birth(process.pid))
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        if gate is not None:
            with contextlib.suppress(BrokenPipeError):
                if process.returncode is None:
                    gate.write(b"\n")
                gate.close()
    _ALL.add(process)
    return Child(name=name, process=process, log=log, ledger=ledger, entry=entry, stop_signal=stop_signal)


def end(
    births: Mapping[int, str],
    signals: Mapping[int, int],
    grace: float = 5.0,
    below: bool = True,
) -> set[int]:
    """End processes and all below them: first the wanted signal, after `grace` seconds SIGKILL.

    Only a process that still has the given birth is touched; the groups of those that lead one go with them.
    What outlives the one that was asked gets SIGTERM and one second. Without `below` nothing else is touched.
    Returns the numbers of those that could not be ended.
    """
    roots = {pid for pid, born in births.items() if born and birth(pid) == born}
    found = {pid: birth(pid) for pid in (descendants(roots) if below else roots)}
    targets = {pid: births.get(pid, born) for pid, born in found.items() if born}
    for pid in roots:
        _send(pid, signals.get(pid, signal.SIGTERM), group=False)
    _gone({pid: births[pid] for pid in roots}, grace)
    orphans = {pid: targets[pid] for pid in _living(targets) - roots}
    for pid in orphans:
        _send(pid, signal.SIGTERM, group=False)
    _gone(orphans, 1.0)
    for pid in _living(targets):
        _send(pid, signal.SIGKILL, group=_leads(pid))
    _gone(targets, 5.0)
    return _living(targets)


def collect_children() -> None:
    """Take note of the children of this process that ended, so that none stays a zombie."""
    for process in list(_ALL):
        if process.poll() is not None:
            _ALL.discard(process)


def _send(pid: int, number: int, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number) if group else os.kill(pid, number)


def _leads(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _living(targets: Mapping[int, str]) -> set[int]:
    return {pid for pid, born in targets.items() if birth(pid) == born}


def _gone(targets: Mapping[int, str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        collect_children()
        if not _living(targets):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
