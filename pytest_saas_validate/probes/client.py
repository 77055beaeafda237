"""Asking a running project over HTTP, and keeping of each answer only what checks judge."""

from __future__ import annotations

import http.client
import select
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import CLAIMED_HOST, Exchange, Kind, clean
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.betrayals import MARKER, betrayals, configured, repeats
from pytest_saas_validate.project import Project

if TYPE_CHECKING:
    import httpx

TIMEOUT = 10.0  # seconds for each step of a request
_PATIENCE = 1.0  # seconds for the answer to a body that is announced and never sent
_PIECE = 65536  # bytes of a body that are sent at once


def way_in(stack: Stack) -> str:
    """The service that people reach first: the frontend's server, which passes the API's requests on."""
    return "frontend" if "frontend" in stack.services else "backend"


class Client:
    """A client of one service, by default of the way in. It follows no redirect and knows no proxy of the
    machine."""

    def __init__(self, project: Project, stack: Stack, service: str = "", local_address: str = "") -> None:
        import httpx

        service = service or way_in(stack)
        self.base = stack.url(service)
        self._fronted = service != "backend"
        self.scheme = urlsplit(self.base).scheme
        self._collection = project.spec.routes.collection
        self._routes = project.spec.declared
        self._inner = configured(stack)
        self._context = _trust(stack) if self.scheme == "https" else nobody()
        # A server closes the connection after an unhandled error: a kept one would break the next request.
        transport = httpx.HTTPTransport(
            verify=self._context,
            trust_env=False,
            local_address=local_address or None,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._http = httpx.Client(base_url=self.base, transport=transport, timeout=TIMEOUT, trust_env=False)
        self._no_answer = httpx.HTTPError

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
        content: bytes | None = None,
    ) -> httpx.Response:
        """The answer; raises ProbeError when there is none."""
        sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            return self._http.request(method, path, headers=sent, json=json, content=content)
        except self._no_answer as problem:
            raise ProbeError(f"{method} {path} at {self.base}: {type(problem).__name__}: {problem}") from None

    def status(self, path: str, within: float = TIMEOUT) -> int:
        """The status of a GET; 0 when there is no answer in time (seconds)."""
        try:
            return self._http.get(path, timeout=within).status_code
        except self._no_answer:
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
        content: bytes | None = None,
        shown: str = "",
        what: str = "",
    ) -> Exchange:
        """Send and keep."""
        sent = {**(headers or {}), **({"Origin": origin} if origin else {})}
        answer = self.send(method, path, token=token, headers=sent, json=json, content=content)
        return self.keep(kind, answer, shown, what)

    def keep(self, kind: Kind, answer: httpx.Response, shown: str = "", what: str = "") -> Exchange:
        """An answer as evidence; `shown` stands for a path that differs from run to run."""
        asked, path = answer.request, answer.request.url.raw_path.decode()
        status, found = answer.status_code, answer.headers.multi_items()
        return self._kept(
            kind, asked.method, path, asked.headers, status, found, answer.text, shown=shown, what=what
        )

    def _kept(
        self,
        kind: Kind,
        method: str,
        path: str,
        asked: Mapping[str, str],
        status: int,
        found: Sequence[tuple[str, str]],
        body: str,
        *,
        shown: str = "",
        what: str = "",
    ) -> Exchange:
        names = asked.get("access-control-request-headers", "")
        wanted = (asked.get("access-control-request-method", ""), *names.replace(" ", "").split(","))
        return Exchange(
            kind=kind,
            scheme=self.scheme,
            method=method,
            path=shown or path,
            status=status,
            headers=clean(found),
            declared=self._declared(path),
            fronted=self._fronted,
            private="authorization" in asked or self._below(path),
            origin=asked.get("origin", ""),
            sent=what,
            wanted=tuple(filter(None, wanted)),
            echoed=repeats(status, found, body),
            claimed=CLAIMED_HOST in body or any(CLAIMED_HOST in value for _, value in found),
            betrays=betrayals(status, found, body, self._inner, urlsplit(self.base).netloc),
        )

    def upgrade(self, path: str) -> Exchange:
        """Ask for a websocket; httpx cannot, the standard library's plain client can."""
        asked = {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        with self._raw("GET", path) as connection:
            connection.request("GET", path, headers=asked)
            answer = connection.getresponse()
            accepted = answer.status == 101
            body = "" if accepted else answer.read().decode(errors="replace")
            kind = Kind.WEBSOCKET if accepted else Kind.DENIAL
            kept = self._kept(kind, "GET", path, asked, answer.status, answer.getheaders(), body)
            return replace(kept, private=False)

    def upload(
        self, path: str, size: int, *, what: str, token: str = "", origin: str = "", sent: bool = True
    ) -> Exchange | None:
        """POST a body of so many bytes that is no JSON, and stop sending as soon as there is an answer.

        When it is not `sent`, it is only announced; None when no answer comes then.
        """
        asked = {"content-type": "application/json", "content-length": str(size)}
        asked |= {"authorization": f"Bearer {token}"} if token else {}
        asked |= {"origin": origin} if origin else {}
        with self._raw("POST", path) as connection:
            connection.request("POST", path, headers=asked)
            if sent:
                _pour(connection, size)
            else:
                connection.sock.settimeout(_PATIENCE)
            try:
                answer = connection.getresponse()
            except TimeoutError:
                if sent:
                    raise
                return None
            body = answer.read().decode(errors="replace")
            return self._kept(
                Kind.TOO_LARGE, "POST", path, asked, answer.status, answer.getheaders(), body, what=what
            )

    @contextmanager
    def _raw(self, method: str, path: str) -> Iterator[http.client.HTTPConnection]:
        """A connection that is closed afterwards; raises ProbeError when there is no answer."""
        where = urlsplit(self.base)
        connection = (
            http.client.HTTPSConnection(where.netloc, timeout=TIMEOUT, context=self._context)
            if where.scheme == "https"
            else http.client.HTTPConnection(where.netloc, timeout=TIMEOUT)
        )
        try:
            yield connection
        except (OSError, http.client.HTTPException) as problem:
            raise ProbeError(f"{method} {path} at {self.base}: {type(problem).__name__}: {problem}") from None
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


def _pour(connection: http.client.HTTPConnection, size: int) -> None:
    """Send a body; a server that refuses it may answer, or close, before it has read everything."""
    left = memoryview(MARKER.encode().ljust(size, b"x"))
    while left and not _answered(connection):
        try:
            connection.send(left[:_PIECE])
        except OSError:
            return
        left = left[_PIECE:]


def _answered(connection: http.client.HTTPConnection) -> bool:
    """Whether an answer has begun; through TLS that cannot be told from what the protocol itself says."""
    plain = not isinstance(connection.sock, ssl.SSLSocket)
    return plain and bool(select.select([connection.sock], [], [], 0)[0])
