"""What a cluster makes of a project: what it admits, how it replaces pods, whom it keeps apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Objection:
    """What the API server said of an object of an environment."""

    where: str  # "k8s/overlays/staging: Deployment backend"
    message: str


@dataclass(frozen=True, kw_only=True)
class Admissions:
    """Every environment as the API server would take it.

    `unreached` names kinds that it does not know, and entrances, which only a controller opens.
    """

    objections: tuple[Objection, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """The pods of a service were replaced under light load, or could not be.

    `failed` requests were not answered well; `shown` are the first of them: when, in seconds, and what came
    instead. `trouble` is what the platform said when it did not get to the end.
    """

    service: str
    sent: int
    failed: int = 0
    shown: tuple[tuple[float, str], ...] = ()
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class Renewals:
    """New pods for old ones, of every service that answers requests."""

    replacements: tuple[Replacement, ...]


@dataclass(frozen=True, kw_only=True)
class Undos:
    """The way back from new pods, and from an image that nobody has, of every service that answers."""

    replacements: tuple[Replacement, ...]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An attempt of one to reach another; `allowed` as the project's table says."""

    source: str
    target: str
    reached: bool
    allowed: bool


@dataclass(frozen=True, kw_only=True)
class Separation:
    """All attempts. `unreached` names workloads of which it is not known whether they can be reached."""

    connections: tuple[Connection, ...]
    unreached: tuple[str, ...] = ()
