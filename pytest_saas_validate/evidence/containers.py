"""What a project's containers are: how they are confined, how they stop, what their checks notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """How one service's container is confined, as the engine says, not as a file says."""

    service: str
    user: str
    read_only: bool
    dropped: tuple[str, ...]
    added: tuple[str, ...]
    privileged: bool
    no_new_privileges: bool
    memory: int  # bytes; 0 without a limit
    processes: int  # 0 without a limit
    host: tuple[str, ...] = ()  # what of the host it shares: "network", "pid", "the engine's socket"
    published: tuple[str, ...] = ()  # addresses as the project's own file gives them: "127.0.0.1:8080"


@dataclass(frozen=True, kw_only=True)
class Confinements:
    """Every service of a stack."""

    services: tuple[Confinement, ...]
    complaints: tuple[str, ...] = ()  # what the engine said while it read the project's files
    named: tuple[str, ...] = ()  # services whose container has a fixed name
    images: Mapping[str, str] = field(default_factory=dict)  # service -> image, where none is built


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A service's own health check: its command, and how it ended with the service alive and without it."""

    service: str
    command: str
    alive: int
    dead: int
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class HealthChecks:
    """The health checks of a stack."""

    checks: tuple[HealthCheck, ...]
    without: tuple[str, ...]  # services that keep running and have none


@dataclass(frozen=True, kw_only=True)
class Stop:
    """How a service ended when it was asked to."""

    service: str
    code: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Stops:
    """Every service that keeps running, stopped once."""

    stops: tuple[Stop, ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One secret-like place in an image: where, and what its name is; never its value."""

    image: str
    where: str  # "environment", "history"
    name: str


@dataclass(frozen=True, kw_only=True)
class Histories:
    """The images that were built, and what in them looks like a secret."""

    images: tuple[str, ...]
    secrets: tuple[Layer, ...]
