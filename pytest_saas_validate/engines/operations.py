"""What an operator does on a platform that admits objects, replaces pods, and keeps them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_saas_validate.engines import BootError

STRANGER = "a pod without labels"
ELSEWHERE = "another namespace"
GUEST = "a guest"
"""A pod with the labels of the project's table, by which those of tests are let in."""


class NotDone(BootError):
    """The platform answers, and did not get to the end of what it was told; the message has its words."""


@dataclass(frozen=True, kw_only=True)
class Objection:
    """What the platform said of one object: a refusal, or a warning."""

    where: str  # "Deployment backend"
    message: str
    unknown: bool = False  # the platform does not know this kind of object


@dataclass(frozen=True, kw_only=True)
class Connections:
    """Who could open a connection to whom: names of workloads, STRANGER, GUEST and ELSEWHERE.

    A workload has its logical name, else what its label app.kubernetes.io/name says, else its own. `enforced`
    is false when the platform lets everything through although a policy forbids it; then nothing was tried.
    `silent` are workloads that run on and name no port.
    """

    enforced: bool
    reached: Mapping[tuple[str, str], bool]
    silent: tuple[str, ...] = ()


class Operations(Protocol):
    """Offered by the stacks of engines with the trait "cluster". All methods raise BootError when the
    platform does not answer."""

    def admit(self, objects: Sequence[Mapping[str, Any]]) -> Sequence[Objection]:
        """What the platform would say of these objects under its strictest rules for pods; nothing is made.
        kind: `apply --dry-run=server` in a namespace under Pod Security `restricted`."""
        ...

    def renew(self, service: str) -> None:
        """Replace all pods of a service by new ones; returns when these are ready and the old ones gone;
        raises NotDone. kind: `rollout restart`."""
        ...

    def spoil(self, service: str) -> str:
        """Ask for an image that nobody has; returns what the platform says once it cannot have it.
        kind: `set image`."""
        ...

    def undo(self, service: str) -> None:
        """Go back to what ran before; returns when it does; raises NotDone. kind: `rollout undo`."""
        ...

    def repair(self, service: str) -> None:
        """Bring back what the project says, whatever was done to it. kind: `apply`."""
        ...

    def connections(self) -> Connections:
        """Try a connection from each workload, a stranger, a guest and elsewhere to each port of every
        workload and to elsewhere. kind: pods with the labels of each; half a minute."""
        ...
