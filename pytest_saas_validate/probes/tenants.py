"""Evidence about tenants: what one reaches of another, and what it is told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.identity import Tenants, Trespass
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.identity import collection
from pytest_saas_validate.probes.locating import address
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

if TYPE_CHECKING:
    import httpx

# What changes from answer to answer: identifiers, times and counters.
_VOLATILE = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]+)*|\d+")
_CURSORS = ("after", "before", "cursor", "starting_after")


class _Tenant:
    """One tenant's view of the collection."""

    def __init__(self, project: Project, stack: Stack, client: Client) -> None:
        self.id = str(uuid.uuid4())
        self.path = project.spec.routes.collection
        self.body = dict(project.spec.routes.create)
        self._token = good_token(project, stack, self.id)
        self._client = client

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self._client.send(method, path, token=self._token, json=body, headers=headers)

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
    collection(project, stack)
    if not project.spec.routes.create:
        raise Unavailable("the table holds no body for the collection; set routes.create")
    with Client(project, stack) as client:
        owner, other = (_Tenant(project, stack, client) for _ in range(2))
        target = owner.create()
        if not owner.lists(target):
            raise ProbeError(f"the owner's list does not hold the object that it just made ({owner.path})")
        methods = [m for m in ("PUT", "PATCH") if owner.send(m, target, owner.body).is_success]
        aims = _Aims(project, owner, other, target)
        seen = [*aims.plain(methods), *aims.named(), *aims.told(methods), *aims.delete()]
        deleted = owner.send("DELETE", owner.create())
        missing = [] if methods else ["update: the owner's own PUT and PATCH are refused"]
        if not deleted.is_success:
            missing.append(f"delete: the owner's own DELETE is answered {deleted.status_code}")
    return Tenants(trespasses=tuple(seen), unreached=tuple(missing))


class _Aims:
    """What one tenant tries at another's object."""

    def __init__(self, project: Project, owner: _Tenant, other: _Tenant, target: str) -> None:
        self.owner, self.other, self.target = owner, other, target
        self.id = target.rpartition("/")[2]
        self.shown = owner.path + "/{id}"
        database = project.spec.database
        claim = project.spec.identity.tenant_claim
        self.column = database.tenant_column if database else claim
        self.names = tuple(dict.fromkeys((self.column, claim, "tenant")))
        self.before = owner.content(target)

    def plain(self, methods: list[str]) -> Iterator[Trespass]:
        """Each action as if the object were its own."""
        listed = self.other.send("GET", self.other.path)
        if listed.status_code != 200:
            raise ProbeError(f"the other tenant's own list is answered {listed.status_code}")
        yield self._seen("list", f"GET {self.other.path}", listed)
        yield self._aim("read", "GET")
        for method in methods:
            yield self._aim("update", method, {k: _altered(v) for k, v in self.other.body.items()})

    def delete(self) -> Iterator[Trespass]:
        """Last, as nothing can be aimed at afterwards."""
        yield self._aim("delete", "DELETE")

    def named(self) -> Iterator[Trespass]:
        """The same with the owner named where a careless application looks for the tenant."""
        owner, other = self.owner, self.other
        headers = {f"X-{name.replace('_', '-').title()}": owner.id for name in self.names}
        headers |= {"X-Tenant-ID": owner.id, "X-Org-ID": owner.id, "X-Organization-ID": owner.id}
        query = "&".join(f"{name}={owner.id}" for name in self.names)
        ways: tuple[tuple[str, str, Mapping[str, str]], ...] = (
            ("the owner named in headers", "", headers),
            ("the owner named in the address", f"?{query}", {}),
        )
        for how, tail, sent in ways:
            listed = other.send("GET", other.path + tail, headers=sent)
            yield self._seen("list", f"GET {other.path}", listed, how)
            yield self._seen(
                "read", f"GET {self.shown}", other.send("GET", self.target + tail, headers=sent), how
            )
            yield self._created("POST", other.path + tail, {}, how, sent)
        body = dict.fromkeys(self.names, owner.id)
        yield self._created("POST", other.path, body, "")
        own = other.create()
        for method in ("PUT", "PATCH"):
            yield self._created(method, own, body, "moved into the owner's hands")

    def told(self, methods: list[str]) -> Iterator[Trespass]:
        """Whether the answers differ from those to an object that never was."""
        never = str(uuid.uuid4())
        asks: list[tuple[str, str, str, str, Any]] = [("read", "GET", self.shown, "", None)]
        asks += [("update", method, self.shown, "", self.other.body) for method in methods]
        asks += [("list", "GET", f"{self.owner.path}?{word}={{id}}", f"?{word}", None) for word in _CURSORS]
        asks.append(("create", "POST", self.owner.path, "with its id", "id"))
        for action, method, shown, how, body in asks:
            answers = []
            for identifier in (self.id, never):
                sent = {**self.other.body, "id": identifier} if body == "id" else body
                answers.append(self.other.send(method, shown.replace("{id}", identifier), sent))
            found, absent = answers
            yield Trespass(
                action=action,
                place=f"{method} {shown.partition('?')[0]}",
                status=found.status_code,
                reached=self._changed(),
                how=how or "beside one that never was",
                absent=absent.status_code,
                unlike=_alike(found, self.id) != _alike(absent, never),
            )

    def _aim(self, action: str, verb: str, body: Mapping[str, Any] | None = None) -> Trespass:
        return self._seen(action, f"{verb} {self.shown}", self.other.send(verb, self.target, body))

    def _seen(self, action: str, place: str, answer: httpx.Response, how: str = "") -> Trespass:
        known = self.id in answer.text and answer.is_success
        reached = known or self._changed()
        return Trespass(action=action, place=place, status=answer.status_code, reached=reached, how=how)

    def _created(
        self,
        verb: str,
        path: str,
        more: Mapping[str, Any],
        how: str,
        headers: Mapping[str, str] | None = None,
    ) -> Trespass:
        """The other tenant writes something with a text of its own: does the owner get it?"""
        text = f"written-{uuid.uuid4().hex}"
        marked = {k: text if isinstance(v, str) else v for k, v in self.other.body.items()}
        made = self.other.send(verb, path, {**marked, **more}, headers)
        where = address(made, self.other.path) if made.is_success else ""
        listed = str(self.owner.send("GET", self.owner.path).text)
        hit = text in listed or (bool(where) and where.rpartition("/")[2] in listed)
        place = f"{verb} {self.shown if verb != 'POST' else self.other.path}"
        action = "create" if verb == "POST" else "update"
        return Trespass(action=action, place=place, status=made.status_code, reached=hit, how=how)

    def _changed(self) -> bool:
        answer = self.owner.send("GET", self.target)
        return bool(answer.status_code != 200 or answer.text != self.before)


def _altered(value: Any) -> Any:
    return value + " (altered)" if isinstance(value, str) else value


def _alike(answer: httpx.Response, identifier: str) -> tuple[int, str]:
    """An answer without what changes every time."""
    return answer.status_code, _VOLATILE.sub("#", answer.text.replace(identifier, "#"))


TENANTS = Probe(evidence=Tenants, subject=Subject.STACK, gather=_tenants, effect=Effect.WRITES)
