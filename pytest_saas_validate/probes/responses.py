"""One tour through a project: every kind of answer that its routes allow."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from email.utils import formatdate

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import Exchange, Kind
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.betrayals import MARKER
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.locating import NOWHERE, address, assets, others_of
from pytest_saas_validate.probes.psql import without_rights
from pytest_saas_validate.probes.refusals import (
    HUGE,
    LARGE,
    Refusal,
    addresses,
    bodies,
    fields,
    refused,
    too_large,
)
from pytest_saas_validate.probes.unwanted import DOCUMENTATION, TEST_ROUTES
from pytest_saas_validate.project import Project

STRANGER = "https://stranger.invalid"
# Kinds that no table names a route for: reached when a project answers so by itself.
_BY_CHANCE = (
    *(Kind.SUB_OK, Kind.SUB_ERROR, Kind.REDIRECT, Kind.STREAM),
    *(Kind.STATIC, Kind.FRONT, Kind.WEBSOCKET),
)


@dataclass
class Tour:
    """Asks one service. What was seen, and by name what was not, is in `seen` and `unreached`."""

    project: Project
    stack: Stack
    client: Client
    token: str  # of a tenant of its own; empty when no token can be had
    whole: bool = True  # also what depends on the application alone, and so is asked once
    seen: list[Exchange] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)

    def walk(self) -> None:
        """Ask everything; raises ProbeError when a page that must work does not."""
        self._public()
        if self.project.spec.routes.collection and self.token:
            self._owned()
        else:
            self._miss("answers to a token", "there is no tenant-owned collection, or no issuer")
        reached = {exchange.kind for exchange in self.seen}
        for kind in _BY_CHANCE:
            if kind not in reached:
                self._miss(kind, "no route of the table gives it")

    def _keep(self, exchange: Exchange) -> Exchange:
        self.seen.append(exchange)
        return exchange

    def _miss(self, what: str, reason: str) -> None:
        said = f"{what}: {reason}"
        self.unreached += [said] if said not in self.unreached else []

    def _must(self, exchange: Exchange) -> Exchange:
        if not 200 <= exchange.status < 300:
            raise ProbeError(f"{exchange.place} is answered {exchange.status}: nothing can be judged by it")
        return self._keep(exchange)

    def _want(self, exchange: Exchange, *status: int) -> bool:
        """Keep the answer; if it is not of the kind that was meant, say so."""
        fits = exchange.status in status
        if not fits:
            self._miss(exchange.kind, f"{exchange.method} {exchange.path} is answered {exchange.status}")
            exchange = replace(exchange, kind=Kind.OTHER)
        self._keep(exchange)
        return fits

    def _public(self) -> None:
        ask, spec = self.client.ask, self.project.spec
        public = spec.routes.public
        self._must(ask(Kind.OK, "GET", public))
        self._keep(ask(Kind.HEAD, "HEAD", public))
        self._want(ask(Kind.METHOD, "PATCH", public), 405)
        self._keep(ask(Kind.OTHER, "OPTIONS", public))
        self._conditional(public, "")
        self._want(
            ask(Kind.BAD_HOST, "GET", public, headers={"Host": f"{MARKER}.invalid"}), 400, 403, 404, 421
        )
        if spec.backend is not None:
            self._keep(ask(Kind.OK, "GET", spec.backend.ready))
            if spec.backend.metrics and "frontend" not in self.stack.services:
                self._keep(ask(Kind.OK, "GET", spec.backend.metrics))
        self._unwanted()
        for path in filter(None, (NOWHERE, spec.routes.collection)):
            self._keep(self.client.upgrade(path))
        if "frontend" in self.stack.services:
            self._pages()

    def _pages(self) -> None:
        """The page and what it loads, a file that is not there, and an error that no upstream answered."""
        page = self.client.send("GET", "/")
        self._must(self.client.keep(Kind.STATIC, page))
        for asset in assets(page.text):
            self._must(self.client.ask(Kind.STATIC, "GET", asset))
            self._conditional(asset, "")
        self._want(self.client.ask(Kind.UNROUTED, "GET", "/assets/no-such-file.js"), 404)
        if self.client.scheme == "http":  # a TLS front of ours would answer this one itself
            self._want(self.client.ask(Kind.FRONT, "TRACE", "/"), 400, 403, 405, 501)

    def _unwanted(self) -> None:
        """Pages that should not be there; where every address is answered, nothing can be told of them."""
        below = self.project.spec.routes.above
        ask = self.client.ask
        nowhere = self._keep(ask(Kind.UNROUTED, "GET", NOWHERE))
        self._keep(ask(Kind.UNROUTED, "POST", f"{NOWHERE}/{MARKER}?a={MARKER}", json=[MARKER], shown=NOWHERE))
        if below:
            self._keep(ask(Kind.UNROUTED, "GET", below + NOWHERE))
        for kind, paths in ((Kind.DOCUMENTATION, DOCUMENTATION), (Kind.TEST_ROUTE, TEST_ROUTES)):
            if nowhere.status < 400:
                self._miss(kind, f"{NOWHERE} is answered {nowhere.status}, so every address is")
                continue
            every = [*paths, *(below + path for path in paths[:3])]
            for path in dict.fromkeys(every if self.whole else every[:1]):
                found = ask(kind, "GET", path)
                self._keep(replace(found, unlike=found.status != nowhere.status))

    def _owned(self) -> None:
        ask, path, token = self.client.ask, self.project.spec.routes.collection, self.token
        self._must(ask(Kind.OK, "GET", path, token=token))
        self._want(ask(Kind.ANONYMOUS, "GET", path), 401)
        self._want(ask(Kind.ANONYMOUS, "POST", path, token=MARKER, what="a token that is none"), 401)
        self._want(ask(Kind.METHOD, "PATCH", path, token=token), 405)
        self._want(ask(Kind.SLASH, "GET", path + "/", token=token), 301, 302, 307, 308)
        absent = f"{path}/{uuid.uuid4()}"
        self._want(ask(Kind.ABSENT, "GET", absent, token=token, shown=path + "/{id}"), 404)
        self._want(ask(Kind.ABSENT, "DELETE", absent, token=token, shown=path + "/{id}"), 404)
        self._refused(path)
        self._too_large(path)
        self._preflights(path)
        self._object(path)
        self._error(path)

    def _refused(self, path: str) -> None:
        """Everything that a project may refuse; what it takes instead is no answer of this kind."""
        refusals = [*bodies("POST", path, self.project.spec.routes.create), *addresses(path)]
        self._refuse(refusals if self.whole else refusals[:1])
        if not any(found.kind is Kind.INVALID for found in self.seen):
            self._miss(Kind.INVALID, f"{path} takes every wrong body that was sent")

    def _refuse(self, refusals: Iterable[Refusal]) -> None:
        for refusal in refusals:
            found = refused(self.client, refusal, self.token)
            if found.status >= 400:
                self._keep(found)

    def _too_large(self, path: str) -> None:
        """A body above the limit, found by sending ever larger ones, and one that no front lets through."""
        found = too_large(self.client, path, self.token)
        if found is None:
            self._miss(Kind.TOO_LARGE, f"POST {path} takes {LARGE[-1]} bytes, there is no limit")
            return
        self._keep(found)
        huge = self.client.upload(path, HUGE, what="announced only", token=self.token, sent=False)
        if huge is None:
            self._miss(Kind.TOO_LARGE, f"{HUGE} bytes that are only announced are awaited")
        else:
            self._want(replace(huge, declared=False), 413)  # by a front, where there is one

    def _preflights(self, path: str) -> None:
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        allowed = self.stack.facts.get("origin", "")
        if allowed:
            self._keep(self.client.ask(Kind.ALLOWED, "OPTIONS", path, origin=allowed, headers=asked))
        else:
            self._miss(Kind.ALLOWED, "the stack does not say which origin is allowed")
        self._keep(self.client.ask(Kind.REFUSED, "OPTIONS", path, origin=STRANGER, headers=asked))
        odd = {**asked, "Access-Control-Request-Headers": f"x-{MARKER}"}
        marked = self.client.ask(
            Kind.REFUSED, "OPTIONS", path, origin=f"https://{MARKER}.invalid", headers=odd
        )
        self._keep(marked)

    def _object(self, path: str) -> None:
        create = self.project.spec.routes.create
        if not create:
            self._miss(Kind.CREATED, "the table holds no body for the collection")
            return
        made = self.client.send("POST", path, token=self.token, json=dict(create))
        self._must(self.client.keep(Kind.CREATED, made))
        shown = path + "/{id}"
        one = address(made, path)
        if not one:
            self._miss(Kind.DELETED, "the answer to POST names no object")
            return
        self._must(self.client.ask(Kind.OK, "GET", one, token=self.token, shown=shown))
        self._conditional(one, self.token, shown)
        others = others_of(made, create)
        if self.whole:
            self._refuse(fields("POST", path, create, others))
        for method in ("PUT", "PATCH"):
            changed = self.client.ask(Kind.OK, method, one, token=self.token, json=dict(create), shown=shown)
            if changed.status < 300:
                self._keep(changed)
                self._refuse(bodies(method, one, create, shown) if self.whole else ())
                self._refuse(fields(method, one, create, others, shown) if self.whole else ())
        self._must(self.client.ask(Kind.DELETED, "DELETE", one, token=self.token, shown=shown))

    def _conditional(self, path: str, token: str, shown: str = "") -> None:
        given = self.client.send("GET", path, token=token).headers
        if not {"etag", "last-modified"} & set(given):
            self._miss(Kind.NOT_MODIFIED, "no answer carries a validator")
            return
        asked = {"If-None-Match": given["etag"]} if "etag" in given else {}
        asked = asked or {"If-Modified-Since": formatdate(usegmt=True)}
        answer = self.client.ask(Kind.NOT_MODIFIED, "GET", path, token=token, headers=asked, shown=shown)
        self._want(answer, 304)

    def _error(self, path: str) -> None:
        database = self.project.spec.database
        if database is None or not database.table or "database" not in self.stack.services:
            self._miss(Kind.ERROR, "there is no database to take a right away from")
            return
        origin = self.stack.facts.get("origin", "")
        body = {
            name: MARKER if isinstance(v, str) else v for name, v in self.project.spec.routes.create.items()
        }
        one, shown = f"{path}/{uuid.uuid4()}", path + "/{id}"
        asks = [("GET", path, "", None), ("POST", path, "", body), ("DELETE", one, shown, None)]
        with without_rights(self.stack, database):
            failed = [
                self.client.ask(
                    Kind.ERROR, method, where, token=self.token, origin=origin, json=sent, shown=name
                )
                for method, where, name, sent in asks
            ]
        if failed[0].status < 500:
            raise ProbeError(
                f"without the right to read {database.table}, {failed[0].place} says {failed[0].status}"
            )
        for found in failed:
            self._want(found, *range(500, 600))
        self._must(self.client.ask(Kind.OK, "GET", path, token=self.token))
