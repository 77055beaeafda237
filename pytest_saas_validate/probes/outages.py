"""A project while something that it needs is away: its health pages, and everything else that it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import Exchange, Kind
from pytest_saas_validate.evidence.identity import Moment
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.betrayals import MARKER
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.kept import kept
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

DEPENDENCIES = ("database", "cache")
_NOTICED = 5.0  # seconds within which readiness must tell that a dependency is gone
_BACK = 60.0  # seconds within which it must tell that it is back; a pod is asked by its cluster first


@dataclass(frozen=True, kw_only=True)
class Outages:
    """What was seen; `unreached` names the dependencies that are not here."""

    moments: tuple[Moment, ...]
    exchanges: tuple[Exchange, ...]
    unreached: tuple[str, ...]


def outages(project: Project, stack: Stack) -> Outages:
    """Stop each dependency once and start it again; raises ProbeError when a health page never worked.

    Only for a stack of this run, and a project with a backend. Half a second, once for a stack.
    """
    return kept(stack, "outages", lambda: _outages(project, stack))


def _outages(project: Project, stack: Stack) -> Outages:
    token = good_token(project, stack)
    moments: list[Moment] = []
    seen: list[Exchange] = []
    missing = [f"{name}: not in this stack" for name in DEPENDENCIES if name not in stack.services]
    with Client(project, stack) as client:
        visit = _Visit(project, stack, client, token)
        visit.control()
        for name in DEPENDENCIES:
            if name not in stack.services:
                continue
            stack.stop(name)
            try:
                moments.append(visit.look(name, "without", 503, _NOTICED))
                seen += visit.answers(name)
            finally:
                stack.start(name)
            moments.append(visit.look(name, "after", 200, _BACK))
        if "frontend" in stack.services:
            seen += visit.alone()
    return Outages(moments=tuple(moments), exchanges=tuple(seen), unreached=(*missing, *visit.unreached))


class _Visit:
    """One client of the project, before, during and after."""

    def __init__(self, project: Project, stack: Stack, client: Client, token: str) -> None:
        if project.spec.backend is None:
            raise ProbeError("the table has no backend, so no health page")
        self.backend = project.spec.backend
        self.routes = project.spec.routes
        self.stack = stack
        self.client = client
        self.token = token
        self.unreached: list[str] = []

    def control(self) -> None:
        for path in (self.backend.live, self.backend.ready):
            status = self.client.status(path)
            if status != 200:
                raise ProbeError(f"GET {path} is answered {status} while everything runs")

    def look(self, dependency: str, when: str, wanted: int, within: float) -> Moment:
        """Both health pages, once readiness says what is wanted or the time (seconds) is over."""
        ask = lambda: self.client.status(self.backend.ready, _NOTICED)  # noqa: E731
        ready = until(ask, wanted.__eq__, within)
        return Moment(
            dependency=dependency, when=when, ready=ready, live=self.client.status(self.backend.live)
        )

    def answers(self, dependency: str) -> Iterator[Exchange]:
        """Readiness and the collection, as a page of the allowed origin asks."""
        what = f"without the {dependency}"
        asks: list[tuple[str, str, str, object]] = [("GET", self.backend.ready, "", None)]
        if self.routes.collection and self.token:
            path = self.routes.collection
            marked = {k: MARKER if isinstance(v, str) else v for k, v in self.routes.create.items()}
            asks += [("GET", path, self.token, None), ("POST", path, self.token, marked)]
        origin = self.stack.facts.get("origin", "")
        for method, path, token, body in asks:
            try:
                yield self.client.ask(
                    Kind.AWAY, method, path, token=token, origin=origin, json=body, what=what
                )
            except ProbeError as problem:
                self.unreached.append(f"{Kind.AWAY}: {what}: {problem}")

    def alone(self) -> Iterator[Exchange]:
        """What the front itself says when nobody is behind it."""
        self.stack.stop("backend")
        try:
            for path in dict.fromkeys((self.backend.live, self.routes.collection or self.routes.public)):
                yield self.client.ask(Kind.FRONT, "GET", path, what="without the backend")
        finally:
            self.stack.start("backend")
            until(lambda: self.client.status(self.backend.ready, _NOTICED), (200).__eq__, _BACK)


def until(ask: Callable[[], int], settled: Callable[[int], bool], within: float) -> int:
    """The first settled answer, or the last one when the time (seconds) is over."""
    end = time.monotonic() + within
    while True:
        status = ask()
        if settled(status) or time.monotonic() > end:
            return status
        time.sleep(0.1)
