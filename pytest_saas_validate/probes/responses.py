"""One tour through a project: every kind of answer that its routes allow."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from urllib.parse import urlsplit

import httpx

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import Exchange, Kind
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.client import MARKER, Client
from pytest_saas_validate.probes.psql import without_select
from pytest_saas_validate.project import Project

NOWHERE = "/no-such-page-of-the-validation"
STRANGER = "https://stranger.invalid"
_DOCUMENTATION = ("/docs", "/redoc", "/openapi.json", "/swagger", "/api/docs", "/api/openapi.json")
_TEST_ROUTES = ("/test", "/debug", "/__debug__", "/api/test", "/api/debug")
# Kinds that no table names a route for: reached when a project answers so by itself.
_BY_CHANCE = (
    *(Kind.SUB_OK, Kind.SUB_ERROR, Kind.REDIRECT, Kind.STREAM),
    *(Kind.STATIC, Kind.FRONT, Kind.WEBSOCKET),
)
_ASSET = re.compile(r"""(?:src|href)=["']?(/[^"' >]+\.(?:js|css))""")


@dataclass
class Tour:
    """Asks one service. What was seen, and by name what was not, is in `seen` and `unreached`."""

    project: Project
    stack: Stack
    client: Client
    token: str  # of a tenant of its own; empty when no token can be had
    seen: list[Exchange] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)

    def walk(self) -> None:
        """Ask everything; raises ProbeError when a page that must work does not."""
        self._public()
        if self.project.spec.routes.collection and self.token:
            self._owned()
        else:
            self._miss(
                "answers to a token", "the table names no tenant-owned collection, or there is no issuer"
            )
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
        self._conditional(public, "")
        self._want(
            ask(Kind.BAD_HOST, "GET", public, headers={"Host": "stranger.invalid"}), 400, 403, 404, 421
        )
        if spec.backend is not None:
            self._keep(ask(Kind.OK, "GET", spec.backend.ready))
            if spec.backend.metrics and "frontend" not in self.stack.services:
                self._keep(ask(Kind.OK, "GET", spec.backend.metrics))
        self._unwanted()
        self._keep(self.client.upgrade(NOWHERE))
        if "frontend" in self.stack.services:
            self._pages()

    def _pages(self) -> None:
        """The page and what it loads, a file that is not there, and an error that no upstream answered."""
        page = self.client.send("GET", "/")
        self._must(self.client.keep(Kind.STATIC, page))
        for asset in dict.fromkeys(_ASSET.findall(page.text)):
            self._must(self.client.ask(Kind.STATIC, "GET", asset))
            self._conditional(asset, "")
        self._want(self.client.ask(Kind.UNROUTED, "GET", "/assets/no-such-file.js"), 404)
        if self.client.scheme == "http":  # a TLS front of ours would answer this one itself
            self._want(self.client.ask(Kind.FRONT, "TRACE", "/"), 400, 403, 405, 501)

    def _unwanted(self) -> None:
        """Pages that should not be there; where every address is answered, nothing can be told of them."""
        below = above(self.project)
        nowhere = self._keep(self.client.ask(Kind.UNROUTED, "GET", NOWHERE))
        if below:
            self._keep(self.client.ask(Kind.UNROUTED, "GET", below + NOWHERE))
        for kind, paths in ((Kind.DOCUMENTATION, _DOCUMENTATION), (Kind.TEST_ROUTE, _TEST_ROUTES)):
            if nowhere.status < 400:
                self._miss(kind, f"{NOWHERE} is answered {nowhere.status}, so every address is")
                continue
            for path in dict.fromkeys([*paths, *(below + path for path in paths[:3])]):
                self._keep(self.client.ask(kind, "GET", path))

    def _owned(self) -> None:
        ask, path, token = self.client.ask, self.project.spec.routes.collection, self.token
        self._must(ask(Kind.OK, "GET", path, token=token))
        self._want(ask(Kind.ANONYMOUS, "GET", path), 401)
        self._want(ask(Kind.SLASH, "GET", path + "/", token=token), 301, 302, 307, 308)
        absent = f"{path}/{uuid.uuid4()}"
        self._want(ask(Kind.ABSENT, "GET", absent, token=token, shown=path + "/{id}"), 404)
        self._want(ask(Kind.INVALID, "POST", path, token=token, json=self._invalid()), 400, 422)
        self._preflights(path)
        self._object(path)
        self._error(path)

    def _invalid(self) -> object:
        """The valid body with one value of a type that no field has, and the marker in it."""
        first = next(iter(self.project.spec.routes.create), "")
        return {**self.project.spec.routes.create, first: {MARKER: MARKER}} if first else [MARKER]

    def _preflights(self, path: str) -> None:
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        allowed = self.stack.facts.get("origin", "")
        if allowed:
            self._keep(self.client.ask(Kind.ALLOWED, "OPTIONS", path, origin=allowed, headers=asked))
        else:
            self._miss(Kind.ALLOWED, "the stack does not say which origin is allowed")
        self._keep(self.client.ask(Kind.REFUSED, "OPTIONS", path, origin=STRANGER, headers=asked))

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
        with without_select(self.stack, database):
            failed = self.client.ask(Kind.ERROR, "GET", path, token=self.token, origin=origin)
        if failed.status < 500:
            raise ProbeError(
                f"without the right to read {database.table}, {failed.place} says {failed.status}"
            )
        self._keep(failed)
        self._must(self.client.ask(Kind.OK, "GET", path, token=self.token))


def above(project: Project) -> str:
    """The part of the API's addresses that all share; a front passes on what lies below it."""
    return project.spec.routes.collection.rpartition("/")[0]


def address(made: httpx.Response, collection: str) -> str:
    """The path of an object that was just made; empty when the answer does not name it."""
    location = made.headers.get("location")
    if location:
        return str(urlsplit(location).path)
    try:
        body = made.json()
    except ValueError:
        return ""
    found = body.get("id") or body.get("uuid") if isinstance(body, dict) else None
    return f"{collection}/{found}" if found else ""
