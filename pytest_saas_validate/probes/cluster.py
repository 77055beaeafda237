"""Evidence about a cluster: admission, replacement of pods under light load, and who reaches whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.engines.operations import ELSEWHERE, GUEST, Connections, NotDone, Operations
from pytest_saas_validate.engines.programs import LOADER
from pytest_saas_validate.evidence.cluster import (
    Admissions,
    Connection,
    Objection,
    Renewals,
    Replacement,
    Separation,
    Undos,
)
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable, owned
from pytest_saas_validate.probes.manifests import built, overlays
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes

if TYPE_CHECKING:
    import httpx

_SERVED = ("backend", "frontend")
_ENTRANCES = ("Ingress", "HTTPRoute", "IngressRoute")  # each needs a controller, which the deployer chooses
_PAUSE = 0.05  # seconds between two requests
_LONGEST = 600.0
_PATIENCE = 30.0  # seconds until a network has learnt of a new pod
_FEWEST = 20  # requests below which nothing was tried
_ARROW = "->"


def _operations(stack: Stack) -> Operations:
    if stack.operations is None:
        raise ProbeError("this engine offers no operations on its stacks")
    return stack.operations


def _admissions(project: Project, stack: Stack) -> Admissions:
    operations = _operations(stack)
    objections, unreached = [], set()
    for path in overlays(project):
        objects = built(project, path)
        unreached |= {
            f"the way through {each['kind']} {each['metadata']['name']}: requests come by a front of our own"
            for each in objects
            if each["kind"] in _ENTRANCES
        }
        for said in operations.admit(objects):
            if said.unknown:
                unreached.add(f"{said.where} of {path}: the cluster does not know its kind")
            else:
                objections.append(Objection(where=f"{path}: {said.where}", message=said.message))
    return Admissions(objections=tuple(objections), unreached=tuple(sorted(unreached)))


def _renewals(project: Project, stack: Stack) -> Renewals:
    return Renewals(replacements=tuple(_each(project, stack, _renew)))


def _undos(project: Project, stack: Stack) -> Undos:
    return Undos(replacements=tuple(_each(project, stack, _go_back)))


def _renew(operations: Operations, service: str) -> None:
    operations.renew(service)


def _go_back(operations: Operations, service: str) -> None:
    """From a release that came up, and from one that never will."""
    operations.renew(service)
    operations.undo(service)
    operations.spoil(service)
    operations.undo(service)


def _each(project: Project, stack: Stack, act: Callable[[Operations, str], None]) -> Iterator[Replacement]:
    """One service after another under load, each brought back to what the project says where it failed."""
    import httpx

    owned(stack, "replacing pods")
    operations = _operations(stack)
    if "loader" not in stack.services:
        stack.attach(LOADER)
    for service in (name for name in _SERVED if name in stack.services):
        path = project.spec.routes.public if service == "backend" else "/"
        target = {"url": f"{stack.inner_url(service)}{path}", "host": stack.facts["host"]}
        with httpx.Client(base_url=stack.url("loader"), timeout=30) as loader:
            _await(loader, service, target)
            loader.post("/begin", json=_wanted(target)).raise_for_status()
            try:
                trouble = _trouble(act, operations, service)
            finally:
                seen = loader.post("/end").raise_for_status().json()["it"]
        if seen["sent"] < _FEWEST:
            raise ProbeError(f"only {seen['sent']} requests were sent to {service}: nothing was tried")
        shown = tuple((found["at"], found["what"]) for found in seen["failures"])
        yield Replacement(
            service=service, sent=seen["sent"], failed=seen["failed"], shown=shown, trouble=trouble
        )


def _wanted(target: Mapping[str, str]) -> Mapping[str, object]:
    return {"targets": {"it": target}, "pause": _PAUSE, "seconds": _LONGEST}


def _await(loader: httpx.Client, service: str, target: Mapping[str, str]) -> None:
    """Return once the service answers a pod of ours well; raises ProbeError when it does not."""
    deadline = time.monotonic() + _PATIENCE
    while what := loader.post("/ask", json=target).raise_for_status().json()["what"]:
        if time.monotonic() > deadline:
            raise ProbeError(
                f"{service} does not answer a pod of ours before anything is done to it: {what}; "
                "pods with kubernetes.labels have to be let in"
            )
        time.sleep(_PAUSE)


def _trouble(act: Callable[[Operations, str], None], operations: Operations, service: str) -> str:
    """What the platform said when it did not get to the end; empty when it did. Leaves nothing half done."""
    done = False
    try:
        act(operations, service)
        done = True
    except NotDone as problem:
        return str(problem)
    finally:
        if not done:
            operations.repair(service)
    return ""


def _separation(project: Project, stack: Stack) -> Separation:
    owned(stack, "pods that call in others' names")
    calls = (project.spec.kubernetes or Kubernetes()).calls
    allowed = _pairs(calls)
    seen = _operations(stack).connections()
    if not seen.enforced:
        raise Unavailable("the cluster does not enforce NetworkPolicies: it let through what one forbids")
    _refuse_unknown(calls, seen)
    found = tuple(
        Connection(
            source=source,
            target=target,
            reached=reached,
            allowed=source == GUEST or (source, target) in allowed,
        )
        for (source, target), reached in sorted(seen.reached.items())
    )
    if not any(connection.reached and connection.allowed for connection in found):
        raise ProbeError("no connection was made at all, not even those that the project needs")
    deaf = {connection.target for connection in found} - {c.target for c in found if c.reached} - {ELSEWHERE}
    return Separation(
        connections=found,
        unreached=(
            *(f"{name}: neither its containers nor a Service name a port of it" for name in seen.silent),
            *(f"{name}: nobody reaches it, so perhaps it does not listen" for name in sorted(deaf)),
        ),
    )


def _pairs(calls: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Pairs of names; raises ProbeError for an entry that is no pair."""
    found = set()
    for entry in calls:
        source, arrow, target = (part.strip() for part in entry.partition(_ARROW))
        if not (source and arrow and target):
            raise ProbeError(f'kubernetes.calls: {entry!r} is no pair; write "frontend {_ARROW} backend"')
        found.add((source, target))
    return frozenset(found)


def _refuse_unknown(calls: Sequence[str], seen: Connections) -> None:
    """Raise ProbeError for a name that the project gives and nothing has: it was meant to be looked at."""
    names = {name for pair in seen.reached for name in pair} | set(seen.silent)
    given = {name for pair in _pairs(calls) - _pairs(Kubernetes().calls) for name in pair}
    if given - names:
        raise ProbeError(
            f"kubernetes.calls: there is no {sorted(given - names)[0]}; there are {', '.join(sorted(names))}"
        )


ADMISSIONS = Probe(evidence=Admissions, subject=Subject.STACK, gather=_admissions)
SEPARATION = Probe(evidence=Separation, subject=Subject.STACK, gather=_separation)
RENEWALS = Probe(evidence=Renewals, subject=Subject.STACK, gather=_renewals, effect=Effect.DISRUPTS)
UNDOS = Probe(evidence=Undos, subject=Subject.STACK, gather=_undos, effect=Effect.DISRUPTS)
