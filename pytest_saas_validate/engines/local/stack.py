"""A running project on this machine's loopback interface."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_saas_validate.engines import BootError, Container, Image, Program
from pytest_saas_validate.engines.local.folders import Folders
from pytest_saas_validate.engines.local.ports import Ports
from pytest_saas_validate.engines.local.services import Service, answers, stop_all, wait
from pytest_saas_validate.process import Run, Workspace, run

_SCHEMES = {"edge": "https", "database": "postgresql", "cache": "redis"}


@dataclass(frozen=True)
class Place:
    """Where commands for a service run, and with what."""

    cwd: Path
    environment: Mapping[str, str] = field(repr=False)


@dataclass
class LocalStack:
    """What `LocalEngine.boot` returns; see the protocol `Stack` for its members."""

    workspace: Workspace
    folders: Folders
    facts: Mapping[str, str]
    places: Mapping[str, Place]
    ports: Ports
    engine: str = "local"
    owned: bool = True
    running: dict[str, Service] = field(default_factory=dict)
    _closed: bool = False

    @property
    def services(self) -> frozenset[str]:
        """The servers that were started, and `backup` when the project has one."""
        return frozenset(self.running) | frozenset(self.places)

    def url(self, name: str) -> str:
        """Loopback address of a server or program; KeyError for a name that has none."""
        return f"{_SCHEMES.get(name, 'http')}://127.0.0.1:{self.running[name].port}"

    def inner_url(self, name: str) -> str:
        """The same: everything runs on this machine."""
        return self.url(name)

    def env(self, service: str) -> Mapping[str, str]:
        """As given to the process, or to the commands of a service without one."""
        if service in self.places:
            return dict(self.places[service].environment)
        return dict(self.running[service].environment)

    def exec(
        self,
        service: str,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Run:
        """A child process where the service runs, with its environment; see `Stack.exec`."""
        place = self.places[service]
        env = {**place.environment, **(environment or {})}
        return run(argv, cwd=place.cwd, env=env, stdin=stdin, timeout=timeout)

    def stop(self, service: str) -> None:
        """Stop a server; its port stays reserved and refuses connections."""
        self.running[service].stop()

    def start(self, service: str) -> None:
        """Start a stopped server on its port; raises BootError with the logs."""
        stopped = self.running[service]
        if stopped.child is None:
            with self.explained():
                stopped.launch(self.workspace.ledger)
                wait([stopped])

    def attach(self, program: Program) -> None:
        """Run one more program on a port of its own; raises BootError with the logs."""
        with self.explained():
            wait([self.launch_program(program, self.ports.take())])

    def launch_program(self, program: Program, port: int) -> Service:
        """Start a program without waiting for it."""
        environment = {
            **base_environment(self.folders.root),
            "SAAS_VALIDATE_CACHE": str(self.workspace.root),
            **program.environment,
        }
        service = Service(
            name=program.name,
            argv=[sys.executable, "-I", str(program.path), str(port), *program.arguments],
            cwd=self.folders.root,
            log=self.log(program.name),
            port=port,
            ready=answers(port, "/up"),
            environment=environment,
        )
        self.add(service)
        return service

    def add(self, service: Service) -> None:
        """Start a server without waiting for it."""
        if service.name in self.running:
            raise BootError(f"there is a service {service.name!r} already")
        self.running[service.name] = service
        service.launch(self.workspace.ledger)

    def log(self, name: str) -> Path:
        """Where a server's output goes."""
        return self.folders.root / f"{name}.log"

    def logs(self, service: str | None = None, tail: int = 200) -> str:
        """The end of one log, or of all with their names, scrubbed."""
        if service is not None:
            return self.running[service].tail(tail)
        parts = [f"--- {name}\n{self.running[name].tail(tail)}" for name in sorted(self.running)]
        return "\n".join(parts)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Inside, a BootError gets the end of every log."""
        try:
            yield
        except BootError as problem:
            raise BootError(f"{problem}\n{self.logs(tail=40)}") from problem

    def containers(self) -> Sequence[Container]:
        """None: this engine runs processes."""
        return ()

    @property
    def complaints(self) -> Sequence[str]:
        """None: nothing of the project's is read but its table."""
        return ()

    def image(self, service: str) -> Image:
        """Refused: there are no containers."""
        raise NotImplementedError("the engine local runs processes, not containers")

    def idle(self, service: str, *argv: str) -> Run:
        """Refused: there are no containers."""
        raise NotImplementedError("the engine local runs processes, not containers")

    @property
    def operations(self) -> None:
        """None: processes are neither admitted nor replaced."""

    def keep(self) -> Sequence[str]:
        """Cannot: its processes end with the run."""
        return ()

    def close(self) -> None:
        """End every server and remove the stack's folders; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        stop_all(self.running.values())
        self.ports.close()
        self.folders.remove()


def base_environment(folder: Path, *path: Path) -> dict[str, str]:
    """What every process of a stack gets: nothing of the user's, so that none of their addresses leaks in."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "PATH": os.pathsep.join([*map(str, path), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
