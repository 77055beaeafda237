"""A server of the stack: how it is started, when it is ready, what it said."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.process import Child, Ledger, end_all, spawn, tail

READY_SECONDS = 45.0  # on a machine with five times more to do than it can


@dataclass
class Service:
    """One server. `ready` says what is still missing; empty when it serves."""

    name: str
    argv: Sequence[str]
    cwd: Path
    log: Path
    port: int
    ready: Callable[[], str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM  # what its platform would send
    kill_signal: signal.Signals = signal.SIGKILL  # when its data is not wanted any more
    child: Child | None = field(default=None, repr=False)

    def launch(self, ledger: Ledger) -> None:
        """Start it without waiting; raises BootError when it cannot be run."""
        try:
            self.child = spawn(
                ledger,
                self.argv,
                name=self.name,
                log=self.log,
                cwd=self.cwd,
                env=self.environment,
                user=self.user,
                stop_signal=self.kill_signal,
            )
        except OSError as problem:
            raise BootError(f"{self.name}: {self.argv[0]} cannot be started ({problem})") from problem

    def stop(self, grace: float = 10.0) -> None:
        """Stop it as its platform would."""
        if self.child is not None:
            self.child.stop(grace, self.stop_signal)
            self.child = None

    def tail(self, lines: int) -> str:
        """The end of what it said, scrubbed."""
        return tail(self.log, lines)


def wait(services: Sequence[Service], seconds: float = READY_SECONDS) -> None:
    """Return when all are ready; raises BootError at the first that died, or when the time is over."""
    waiting = list(services)
    deadline = time.monotonic() + seconds
    while waiting:
        missing: dict[str, str] = {}
        for service in waiting:
            if service.child is None or not service.child.alive():
                code = "" if service.child is None else f" with code {service.child.process.returncode}"
                raise BootError(f"{service.name} ended{code} before it was ready")
            missing[service.name] = service.ready()
        waiting = [service for service in waiting if missing[service.name]]
        if waiting and time.monotonic() > deadline:
            words = "; ".join(f"{name}: {text}" for name, text in missing.items() if text)
            raise BootError(f"not ready after {seconds:g} s: {words}")
        if waiting:
            time.sleep(0.015)


def stop_all(services: Iterable[Service]) -> None:
    """End all at the same time; their data is not wanted any more."""
    children = [service.child for service in services if service.child is not None]
    end_all(children)
    for service in services:
        service.child = None


def answers(port: int, *paths: str) -> Callable[[], str]:
    """A condition: every path has answered 200, in this order."""
    waiting = list(paths)

    def ready() -> str:
        while waiting:
            said = _get(port, waiting[0])
            if said != "200":
                return f"GET {waiting[0]}: {said}"
            waiting.pop(0)
        waiting.extend(paths)  # for the next start
        return ""

    return ready


def accepts(port: int) -> Callable[[], str]:
    """A condition: a connection is accepted."""

    def ready() -> str:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            code = probe.connect_ex(("127.0.0.1", port))
        return "" if code == 0 else "no connection"

    return ready


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3.0)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException) as problem:
        return type(problem).__name__
    finally:
        connection.close()
    return str(response.status)
