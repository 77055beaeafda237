"""Evidence about identity: tokens, and health pages."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.identity import Attempt, Readiness, Tokens
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable, owned
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.locating import address
from pytest_saas_validate.probes.outages import DEPENDENCIES, outages
from pytest_saas_validate.probes.tokens import FORGED, flawed_tokens, forged_token, good_token, has_issuer
from pytest_saas_validate.project import Project


def collection(project: Project, stack: Stack) -> str:
    """The path of the tenant-owned collection; raises Unavailable when no tenant can ask for it."""
    path = project.spec.routes.collection
    if not path:
        raise Unavailable("the table names no tenant-owned collection; set routes.collection")
    if not has_issuer(stack):
        raise Unavailable("nobody issues tokens in this stack; run on an engine with an issuer (local)")
    return path


def _tokens(project: Project, stack: Stack) -> Tokens:
    path = collection(project, stack)
    attempts = []
    with Client(project, stack) as client:

        def control() -> None:
            answer = client.send("GET", path, token=good_token(project, stack))
            if answer.status_code != 200:
                raise ProbeError(f"GET {path} with a right token is answered {answer.status_code}")

        control()
        bare = client.send("GET", path).status_code
        attempts.append(Attempt(flaw="nothing in it", place=f"GET {path}", status=bare))
        for flaw, token in flawed_tokens(project, stack):
            status = client.send("GET", path, token=token).status_code
            attempts.append(Attempt(flaw=flaw, place=f"GET {path}", status=status))
        missing = (
            [] if project.spec.routes.create else ["other methods: the table holds no body to create with"]
        )
        if not missing:
            attempts += _elsewhere(project, stack, client, path)
        control()
    return Tokens(attempts=tuple(attempts), unreached=tuple(missing))


def _elsewhere(project: Project, stack: Stack, client: Client, path: str) -> Iterator[Attempt]:
    """No token and a forged one, wherever a right one is accepted; deletes last."""
    create = dict(project.spec.routes.create)
    good, forged = good_token(project, stack), forged_token(project, stack)
    made = client.send("POST", path, token=good, json=create)
    one = address(made, path) if made.is_success else ""
    if not one:
        raise ProbeError(f"POST {path} is answered {made.status_code} and names no object")
    shown = path + "/{id}"
    asks = [("POST", path, path), *((method, one, shown) for method in ("GET", "PUT", "PATCH", "DELETE"))]
    for method, where, place in asks:
        body = create if method in ("POST", "PUT", "PATCH") else None
        refused = [
            Attempt(
                flaw=flaw,
                place=f"{method} {place}",
                status=client.send(method, where, token=token, json=body).status_code,
            )
            for flaw, token in (("nothing in it", ""), (FORGED, forged))
        ]
        if client.send(method, where, token=good, json=body).is_success or any(
            200 <= attempt.status < 300 for attempt in refused
        ):
            yield from refused


def _readiness(project: Project, stack: Stack) -> Readiness:
    owned(stack, "stopping services")
    backend = project.spec.backend
    if backend is None:
        raise Unavailable("the table has no backend; set backend.ready and backend.live")
    if not set(DEPENDENCIES) & stack.services:
        raise Unavailable("this stack has neither database nor cache")
    seen = outages(project, stack)
    return Readiness(ready=backend.ready, live=backend.live, moments=seen.moments, unreached=seen.unreached)


TOKENS = Probe(evidence=Tokens, subject=Subject.STACK, gather=_tokens, effect=Effect.WRITES)
READINESS = Probe(evidence=Readiness, subject=Subject.STACK, gather=_readiness, effect=Effect.DISRUPTS)
