"""Evidence about a cluster: admission, replacement of pods under light load, and who reaches whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from pytest_saas_validate.engines import BootError, Stack
from pytest_saas_validate.engines.operations import Operations
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

_SERVED = ("backend", "frontend")
_ENTRANCES = ("Ingress", "HTTPRoute", "IngressRoute")  # each needs a controller, which the deployer chooses
_PAUSE = 0.05  # seconds between two requests
_LONGEST = 300.0
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
    return Undos(replacements=tuple(_each(project, stack, _spoil_and_undo)))


def _renew(operations: Operations, service: str) -> None:
    operations.renew(service)


def _spoil_and_undo(operations: Operations, service: str) -> None:
    operations.spoil(service)
    operations.undo(service)


def _each(project: Project, stack: Stack, act: Callable[[Operations, str], None]) -> Iterator[Replacement]:
    """One service after another under load, each brought back to what the project says where it failed."""
    owned(stack, "replacing pods")
    operations = _operations(stack)
    if "loader" not in stack.services:
        stack.attach(LOADER)
    for service in (name for name in _SERVED if name in stack.services):
        trouble = ""
        with _load(project, stack, service) as seen:
            try:
                act(operations, service)
            except BootError as problem:
                trouble = str(problem)
        if trouble:
            operations.repair(service)
        failed = tuple((found["at"], found["what"]) for found in seen["failures"])
        if seen["sent"] < _FEWEST:
            raise ProbeError(f"only {seen['sent']} requests were sent to {service}: nothing was tried")
        if len(failed) == seen["sent"]:
            raise ProbeError(f"{service} answered no request well, before anything was done: {failed[0][1]}")
        yield Replacement(service=service, sent=seen["sent"], failed=failed, trouble=trouble)


@contextmanager
def _load(project: Project, stack: Stack, service: str) -> Iterator[dict[str, Any]]:
    """Light load on a service from inside; what was seen is known afterwards."""
    path = project.spec.routes.public if service == "backend" else "/"
    target = {"url": f"{stack.inner_url(service)}{path}", "host": stack.facts["host"]}
    wanted = {"targets": {service: target}, "pause": _PAUSE, "seconds": _LONGEST}
    seen: dict[str, Any] = {}
    with ExitStack() as after:
        client = after.enter_context(httpx.Client(base_url=stack.url("loader"), timeout=30))
        client.post("/begin", json=wanted).raise_for_status()
        after.callback(lambda: seen.update(client.post("/end").raise_for_status().json()[service]))
        yield seen


def _separation(project: Project, stack: Stack) -> Separation:
    owned(stack, "pods that call in others' names")
    allowed = _allowed(project.spec.kubernetes or Kubernetes())
    seen = _operations(stack).connections()
    if not seen.enforced:
        raise Unavailable("the cluster does not enforce NetworkPolicies: it let through what one forbids")
    found = tuple(
        Connection(source=source, target=target, reached=reached, allowed=(source, target) in allowed)
        for (source, target), reached in sorted(seen.reached.items())
    )
    if not any(connection.reached and connection.allowed for connection in found):
        raise ProbeError("no connection was made at all, not even those that the project needs")
    return Separation(connections=found)


def _allowed(spec: Kubernetes) -> frozenset[tuple[str, str]]:
    """Pairs of names; raises ProbeError for an entry that is no pair."""
    pairs = [tuple(part.strip() for part in entry.split(_ARROW)) for entry in spec.calls]
    wrong = next((entry for entry, pair in zip(spec.calls, pairs, strict=True) if len(pair) != 2), None)
    if wrong is not None:
        raise ProbeError(f'kubernetes.calls: {wrong!r} is no pair; write "frontend {_ARROW} backend"')
    return frozenset((pair[0], pair[1]) for pair in pairs)


ADMISSIONS = Probe(evidence=Admissions, subject=Subject.STACK, gather=_admissions)
SEPARATION = Probe(evidence=Separation, subject=Subject.STACK, gather=_separation)
RENEWALS = Probe(evidence=Renewals, subject=Subject.STACK, gather=_renewals, effect=Effect.DISRUPTS)
UNDOS = Probe(evidence=Undos, subject=Subject.STACK, gather=_undos, effect=Effect.DISRUPTS)
