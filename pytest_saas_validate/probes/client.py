"""Asking a running project over HTTP, and keeping of each answer only what checks judge."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import Exchange, Kind, clean
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.project import Project

TIMEOUT = 10.0  # seconds for each step of a request
MARKER = "kept-out-of-answers-5f1c"  # a value that no answer may repeat
# What an error's body tells of the program, by name; exceptions are looked for on 5xx only.
_INSIDE: Mapping[str, re.Pattern[str]] = {
    "a stack trace": re.compile(r"Traceback \(most recent call last\)|\bat \S+ \(\S+:\d+:\d+\)"),
    "a source file": re.compile(r"\bFile \"?[^\"\n]+\.py\b|/site-packages/"),
    "a statement": re.compile(r"\b(SELECT\b.+\bFROM|INSERT INTO|DELETE FROM|UPDATE\b.+\bSET)\b", re.DOTALL),
    "the database's message": re.compile(r"permission denied for|relation \S+ does not exist|sqlstate", re.I),
}
_EXCEPTION = re.compile(r"\b[A-Za-z]\w*(?:Error|Exception)\b")


def way_in(stack: Stack) -> str:
    """The service that people reach first: the frontend's server, which passes the API's requests on."""
    return "frontend" if "frontend" in stack.services else "backend"


class Client:
    """A client of one service, by default of the way in. It follows no redirect and knows no proxy of the
    machine."""

    def __init__(self, project: Project, stack: Stack, service: str = "", local_address: str = "") -> None:
        service = service or way_in(stack)
        self.base = stack.url(service)
        self._fronted = service != "backend"
        self.scheme = urlsplit(self.base).scheme
        self._collection = project.spec.routes.collection
        self._routes = project.spec.declared
        self._context = _trust(stack) if self.scheme == "https" else nobody()
        # A server closes the connection after an unhandled error: a kept one would break the next request.
        transport = httpx.HTTPTransport(
            verify=self._context,
            trust_env=False,
            local_address=local_address or None,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._http = httpx.Client(base_url=self.base, transport=transport, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Response:
        """The answer; raises ProbeError when there is none."""
        sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            return self._http.request(method, path, headers=sent, json=json)
        except httpx.HTTPError as problem:
            raise ProbeError(f"{method} {path} at {self.base}: {type(problem).__name__}: {problem}") from None

    def status(self, path: str) -> int:
        """The status of a GET; 0 when there is no answer in time."""
        try:
            return self._http.get(path).status_code
        except httpx.HTTPError:
            return 0

    def ask(
        self,
        kind: Kind,
        method: str,
        path: str,
        *,
        token: str = "",
        origin: str = "",
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        shown: str = "",
    ) -> Exchange:
        """Send and keep."""
        sent = {**(headers or {}), **({"Origin": origin} if origin else {})}
        return self.keep(kind, self.send(method, path, token=token, headers=sent, json=json), shown)

    def keep(self, kind: Kind, answer: httpx.Response, shown: str = "") -> Exchange:
        """An answer as evidence; `shown` stands for a path that differs from run to run."""
        asked = answer.request
        path = asked.url.raw_path.decode()
        return Exchange(
            kind=kind,
            scheme=self.scheme,
            method=asked.method,
            path=shown or path,
            status=answer.status_code,
            headers=clean(answer.headers.multi_items()),
            declared=self._declared(path),
            fronted=self._fronted,
            private="authorization" in asked.headers or self._below(path),
            origin=asked.headers.get("origin", ""),
            echoed=MARKER in answer.text,
            betrays=tuple(_betrayed(answer.status_code, answer.text)),
        )

    def upgrade(self, path: str) -> Exchange:
        """Ask for a websocket; httpx cannot, the standard library's plain client can."""
        where = urlsplit(self.base)
        connection = (
            http.client.HTTPSConnection(where.netloc, timeout=TIMEOUT, context=self._context)
            if where.scheme == "https"
            else http.client.HTTPConnection(where.netloc, timeout=TIMEOUT)
        )
        asked = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        try:
            connection.request("GET", path, headers=asked)
            answer = connection.getresponse()
            kind = Kind.WEBSOCKET if answer.status == 101 else Kind.DENIAL
            found = clean(answer.getheaders())
            return Exchange(
                kind=kind,
                scheme=self.scheme,
                method="GET",
                path=path,
                status=answer.status,
                headers=found,
                fronted=self._fronted,
            )
        except (OSError, http.client.HTTPException) as problem:
            raise ProbeError(
                f"websocket {path} at {self.base}: {type(problem).__name__}: {problem}"
            ) from None
        finally:
            connection.close()

    def _declared(self, path: str) -> bool:
        bare = path.split("?")[0]
        return any(bare == route or bare.startswith(route + "/") for route in self._routes)

    def _below(self, path: str) -> bool:
        own = self._collection
        return bool(own) and (path == own or path.startswith((own + "/", own + "?")))


def nobody() -> ssl.SSLContext:
    """Trusts no authority; for plain text, where loading the machine's would only cost 20 ms."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trust(stack: Stack) -> ssl.SSLContext:
    """The machine's authorities, and the stack's own: a file or the text of one."""
    own = stack.facts.get("ca", "")
    if not own:
        return ssl.create_default_context()
    if "BEGIN CERTIFICATE" in own:
        return ssl.create_default_context(cadata=own)
    return ssl.create_default_context(cafile=own)


def _betrayed(status: int, body: str) -> list[str]:
    if status < 400:
        return []
    found = [name for name, pattern in _INSIDE.items() if pattern.search(body)]
    if status >= 500 and _EXCEPTION.search(body):
        found.append("an exception's name")
    return found
