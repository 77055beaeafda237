"""What an operator does on a platform that admits objects, replaces pods, and keeps them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

STRANGER = "a pod without labels"
ELSEWHERE = "another namespace"


@dataclass(frozen=True, kw_only=True)
class Objection:
    """What the platform said of one object: a refusal, or a warning."""

    where: str  # "Deployment backend"
    message: str
    unknown: bool = False  # the platform does not know this kind of object


@dataclass(frozen=True, kw_only=True)
class Connections:
    """Who could open a connection to whom: logical names, STRANGER and ELSEWHERE.

    `enforced` is false when the platform lets everything through although a policy forbids it; then nothing
    was tried.
    """

    enforced: bool
    reached: Mapping[tuple[str, str], bool]


class Operations(Protocol):
    """Offered by the stacks of engines with the trait "cluster". All methods raise BootError with the
    platform's words when it does not do what it is told within a few minutes."""

    def admit(self, objects: Sequence[Mapping[str, Any]]) -> Sequence[Objection]:
        """What the platform would say of these objects under its strictest rules for pods; nothing is made.
        kind: `apply --dry-run=server` in a namespace under Pod Security `restricted`."""
        ...

    def renew(self, service: str) -> None:
        """Replace all pods of a service by new ones; returns when these are ready and the old ones gone.
        kind: `rollout restart`."""
        ...

    def spoil(self, service: str) -> str:
        """Ask for an image that nobody has; returns what the platform says once it cannot have it.
        kind: `set image`."""
        ...

    def undo(self, service: str) -> None:
        """Go back to what ran before; returns when it does. kind: `rollout undo`."""
        ...

    def repair(self, service: str) -> None:
        """Bring back what the project says, whatever was done to it. kind: `apply`."""
        ...

    def connections(self) -> Connections:
        """Try a connection from each service, from a stranger and from elsewhere, to each port of every
        service and to elsewhere. kind: pods with the labels of each; half a minute."""
        ...
