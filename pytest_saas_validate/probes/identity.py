"""Evidence about identity: tokens, tenants, and health pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.identity import Attempt, Readiness, Tenants, Tokens, Trespass
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable, owned
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.locating import address
from pytest_saas_validate.probes.outages import DEPENDENCIES, outages
from pytest_saas_validate.probes.tokens import flawed_tokens, good_token, has_issuer
from pytest_saas_validate.project import Project


def _collection(project: Project, stack: Stack) -> str:
    """The path of the tenant-owned collection; raises Unavailable when no tenant can ask for it."""
    path = project.spec.routes.collection
    if not path:
        raise Unavailable("the table names no tenant-owned collection; set routes.collection")
    if not has_issuer(stack):
        raise Unavailable("nobody issues tokens in this stack; run on an engine with an issuer (local)")
    return path


def _tokens(project: Project, stack: Stack) -> Tokens:
    path = _collection(project, stack)
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
        control()
    return Tokens(attempts=tuple(attempts))


class _Tenant:
    """One tenant's view of the collection."""

    def __init__(self, project: Project, stack: Stack, client: Client) -> None:
        self.id = str(uuid.uuid4())
        self.path = project.spec.routes.collection
        self.body = dict(project.spec.routes.create)
        self._token = good_token(project, stack, self.id)
        self._client = client

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._client.send(method, path, token=self._token, json=body)

    def create(self, **more: Any) -> str:
        """The address of a new object; raises ProbeError when there is none."""
        made = self.send("POST", self.path, {**self.body, **more})
        where = address(made, self.path) if made.status_code < 300 else ""
        if not where:
            raise ProbeError(f"POST {self.path} is answered {made.status_code} and names no object")
        return where

    def content(self, path: str) -> str:
        """An object as its owner reads it; raises ProbeError when the owner cannot."""
        answer = self.send("GET", path)
        if answer.status_code != 200:
            raise ProbeError(f"the owner's GET of its own object is answered {answer.status_code}")
        return str(answer.text)

    def lists(self, path: str) -> bool:
        """Whether the object is in this tenant's list."""
        return path.rpartition("/")[2] in str(self.send("GET", self.path).text)


def _tenants(project: Project, stack: Stack) -> Tenants:
    _collection(project, stack)
    if not project.spec.routes.create:
        raise Unavailable("the table holds no body for the collection; set routes.create")
    with Client(project, stack) as client:
        owner, other = (_Tenant(project, stack, client) for _ in range(2))
        target = owner.create()
        if not owner.lists(target):
            raise ProbeError(f"the owner's list does not hold the object that it just made ({owner.path})")
        method = next((m for m in ("PUT", "PATCH") if owner.send(m, target, owner.body).is_success), "")
        seen = list(_trespasses(project, owner, other, target, method))
        deleted = owner.send("DELETE", owner.create())
        missing = [] if method else ["update: the owner's own PUT and PATCH are refused"]
        if not deleted.is_success:
            missing.append(f"delete: the owner's own DELETE is answered {deleted.status_code}")
    return Tenants(trespasses=tuple(seen), unreached=tuple(missing))


def _trespasses(
    project: Project, owner: _Tenant, other: _Tenant, target: str, method: str
) -> Iterator[Trespass]:
    shown = owner.path + "/{id}"
    before = owner.content(target)

    def changed() -> bool:
        answer = owner.send("GET", target)
        return bool(answer.status_code != 200 or answer.text != before)

    def aim(action: str, verb: str, body: Mapping[str, Any] | None = None) -> Trespass:
        answer = other.send(verb, target, body)
        known = target.rpartition("/")[2] in answer.text and answer.is_success
        return Trespass(
            action=action, place=f"{verb} {shown}", status=answer.status_code, reached=known or changed()
        )

    listed = other.send("GET", other.path)
    if listed.status_code != 200:
        raise ProbeError(f"the other tenant's own list is answered {listed.status_code}")
    found = target.rpartition("/")[2] in listed.text
    yield Trespass(action="list", place=f"GET {other.path}", status=listed.status_code, reached=found)
    yield aim("read", "GET")
    if method:
        yield aim("update", method, {key: _altered(value) for key, value in other.body.items()})
    yield _planted(project, owner, other)
    yield aim("delete", "DELETE")


def _altered(value: Any) -> Any:
    return value + " (altered)" if isinstance(value, str) else value


def _planted(project: Project, owner: _Tenant, other: _Tenant) -> Trespass:
    """The other tenant names the owner in the body of what it creates."""
    database = project.spec.database
    column = database.tenant_column if database else project.spec.identity.tenant_claim
    made = other.send("POST", other.path, {**other.body, column: owner.id})
    where = address(made, other.path) if made.is_success else ""
    return Trespass(
        action="create",
        place=f"POST {other.path}",
        status=made.status_code,
        reached=bool(where) and owner.lists(where),
    )


def _readiness(project: Project, stack: Stack) -> Readiness:
    owned(stack, "stopping services")
    backend = project.spec.backend
    if backend is None:
        raise Unavailable("the table has no backend; set backend.ready and backend.live")
    if not set(DEPENDENCIES) & stack.services:
        raise Unavailable("this stack has neither database nor cache")
    seen = outages(project, stack)
    return Readiness(ready=backend.ready, live=backend.live, moments=seen.moments, unreached=seen.unreached)


TOKENS = Probe(evidence=Tokens, subject=Subject.STACK, gather=_tokens)
TENANTS = Probe(evidence=Tenants, subject=Subject.STACK, gather=_tenants, effect=Effect.WRITES)
READINESS = Probe(evidence=Readiness, subject=Subject.STACK, gather=_readiness, effect=Effect.DISRUPTS)
