"""Where a project runs: the two protocols that every engine fulfils, and what goes wrong while booting.

A check never sees an engine; a probe sees only a `Stack`. Services have logical names, the same on every
engine: `backend`, `frontend`, `database`, `cache`, `backup`, `edge` (a TLS front of the backend).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pytest_saas_validate.process import Run, Workspace
from pytest_saas_validate.project import Project

if TYPE_CHECKING:
    from pytest_saas_validate.engines.operations import Operations

ENGINES: Mapping[str, frozenset[str]] = {
    "local": frozenset({"processes"}),
    "compose": frozenset({"containers"}),
    "kind": frozenset({"cluster"}),
}
"""The engines by name, each with what it runs a project in: what some checks and defects are about."""


class BootError(Exception):
    """A stack did not come up; the message carries what failed and the end of every service's log."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A single file of the standard library that runs inside the stack's network.

    It is started as `python FILE PORT` with `arguments` behind it, listens on that port, and answers
    `GET /up` with 200 once it serves. `url(name)` of the stack reads the address back.
    """

    name: str  # "issuer", "sentry"
    path: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a project; every method takes its `service`, the name in the project's files, too."""

    service: str
    facts: Mapping[str, Any] = field(repr=False)  # in the form of `docker inspect`; empty when not started
    job: bool = False  # does one thing and ends
    image: str = ""  # as the project names it; empty when it is built from the project
    published: tuple[str, ...] = ()  # as the project says: "127.0.0.1:8080"
    named: bool = False  # has a fixed name


@dataclass(frozen=True, kw_only=True)
class Image:
    """What everyone who can pull an image can read of it."""

    environment: tuple[str, ...] = field(repr=False)  # NAME=value
    history: tuple[str, ...] = field(repr=False)  # the instruction of each layer


@runtime_checkable
class Stack(Protocol):
    """A running project. One owner (a worker); closed by whoever booted it."""

    engine: str
    owned: bool
    """True when this run started every server in it. `destroys` probes refuse a stack that is not owned.
    local, compose, kind: True. external: False."""

    @property
    def services(self) -> frozenset[str]:
        """The logical names that exist here.
        local: those it started. compose: the services that the table maps. kind: the same of
        workloads, and our programs. external: those that have an address."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """What the stack was told: `database` (name), `origin` (allowed by CORS), `audience` and `issuer`
        (of tokens), `host` (an allowed Host header), `ca` (file, where there is an edge), `no_edge` (why one
        that was tried is not there).
        local: chosen at boot. compose, kind: read from the services' environment by the project's table.
        external: from the settings."""
        ...

    def url(self, name: str) -> str:
        """Base address of a service or attached program as seen from the tests; no slash at the end.
        local: the loopback port. compose: the published loopback port. kind: a port-forward.
        external: the given URL. Raises KeyError for a name that is not here, BootError for a workload that
        no Service leads to."""
        ...

    def inner_url(self, name: str) -> str:
        """The same as seen from inside the stack (what the backend is told).
        local: equal to `url`. compose: service name and port. kind: the same. external: equal to `url`."""
        ...

    def env(self, service: str) -> Mapping[str, str]:
        """The environment that a service was started with; never put into evidence unscrubbed.
        local: as given to the process. compose: `inspect`. kind: asked in the container.
        external: empty."""
        ...

    def exec(
        self,
        service: str,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Run:
        """Run a command where the service runs, and wait; never raises on a non-zero exit of the command,
        and BootError when the engine could not run it.
        `database`: psql, pg_dump and the like reach the server as its superuser without further words.
        `backend`: `python` has the app's packages and environment, the working folder is the app's.
        `backup`: the working folder is the project's root, the backup tool's environment is set.
        local: a child process in the service's environment. compose: `docker exec -i` (or `run` for a
        one-shot service). kind: `kubectl exec -i`, for a job in a pod like its own that waits. external:
        refused (NotImplementedError)."""
        ...

    def stop(self, service: str) -> None:
        """Stop a service as its platform would (SIGTERM, then SIGKILL) and return when it is gone.
        local: the process. compose: `stop`. kind: scale to 0. external: refused."""
        ...

    def start(self, service: str) -> None:
        """Start a stopped service on the same address and return when it is ready; raises BootError.
        local: the process. compose: `start`. kind: scale back. external: refused."""
        ...

    def attach(self, program: Program) -> None:
        """Run one more program inside the stack's network.
        local: a loopback process. compose: a container of the backend's image. kind: a pod.
        external: refused."""
        ...

    def logs(self, service: str | None = None, tail: int = 200) -> str:
        """The last lines of one service, or of all with their names, scrubbed.
        local: the log files. compose: `logs`. kind: logs and events. external: empty."""
        ...

    def containers(self) -> Sequence[Container]:
        """The project's containers as they are now; those of profiles are not started.
        local: none. compose: `docker inspect`. kind: none, what is said of pods is read from manifests."""
        ...

    @property
    def complaints(self) -> Sequence[str]:
        """What the engine said while it read the project's files.
        local: nothing. compose: `docker compose config`. kind: warnings of the API server."""
        ...

    def image(self, service: str) -> Image:
        """The image of a service.
        local, kind: refused (NotImplementedError). compose: `docker image inspect` and `history`."""
        ...

    def idle(self, service: str, *argv: str) -> Run:
        """Run a command in a fresh container of the service in which its program does not run.
        local, kind: refused. compose: `docker compose run` with another entry point."""
        ...

    @property
    def operations(self) -> Operations | None:
        """What an operator can do to it beyond stopping and starting.
        local, compose, external: None. kind: by kubectl."""
        ...

    def keep(self) -> Sequence[str]:
        """Leave the stack running after this run, and say how to reach and how to remove it; then `close`
        does nothing. Empty where an engine cannot.
        local: empty, its processes end with the run. compose: commands of Docker. kind: of kubectl; the
        run's own cluster stays with it, and of one that was there before only the stack's namespace."""
        ...

    def close(self) -> None:
        """Stop and remove everything that belongs to the stack; safe to call twice."""
        ...


@runtime_checkable
class Engine(Protocol):
    """A way to run a project."""

    @property
    def name(self) -> str:
        """What switches and reports call it."""
        ...

    @property
    def missing(self) -> str:
        """What this machine lacks for the engine and how to get it; empty when it has everything. Cheap."""
        ...

    def unavailable(self, project: Project) -> str:
        """Why this engine cannot run this project here; empty when it can. Cheap, no side effect.
        local: an extra is not installed. compose: no Docker. kind: no kind, kubectl, Docker, or kustomize.
        external: no URL given."""
        ...

    def digest(self, project: Project) -> str:
        """Names everything a stack of this project is made of: two projects with equal digests share it.
        local: the backend, its locks, the database setup, the table. compose: the compose files and build
        contexts. kind: what the overlays take, build contexts, the table. external: the URL."""
        ...

    def boot(self, project: Project, programs: Sequence[Program], workspace: Workspace) -> Stack:
        """Start the programs, then the project, and return when it is ready; raises BootError with logs.
        Every process, folder and port holder is in the workspace's ledger before it exists."""
        ...
