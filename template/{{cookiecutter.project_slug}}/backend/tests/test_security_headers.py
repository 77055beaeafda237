"""Every answer carries every security header exactly once, whoever gives the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI, Response
from starlette.types import Message

from app.config import Settings
from app.main import create_app
from app.middleware.security_headers import SecurityHeaders, SecurityHeadersMiddleware
from tests.support import HOST, ORIGIN, TODOS, application, serving

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
EXPECTED = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": SecurityHeaders().permissions_policy,
    "cache-control": "no-store",
}
HSTS = "max-age=63072000; includeSubDomains"


@dataclass(frozen=True)
class Kind:
    """A kind of answer and the request that provokes it."""

    status: int
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    json: object = None


PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
KINDS = {
    "200": Kind(200, "GET", "/health/live"),
    "HEAD": Kind(200, "HEAD", "/health/live"),
    "404": Kind(404, "GET", "/nothing/here"),
    "405": Kind(405, "PATCH", TODOS),
    "401": Kind(401, "GET", TODOS),
    "413": Kind(413, "POST", "/echo", {"Content-Length": str(2**21)}),
    "422": Kind(422, "POST", "/echo", json="not a number"),
    "unhandled 500": Kind(500, "GET", "/broken"),
    "slash redirect": Kind(307, "GET", f"{TODOS}/"),
    "preflight": Kind(200, "OPTIONS", TODOS, PREFLIGHT),
    "refused preflight": Kind(400, "OPTIONS", TODOS, {**PREFLIGHT, "Origin": "https://evil.example"}),
    "wrong host": Kind(400, "GET", "/health/live", {"Host": "evil.example"}),
    "headers of its own": Kind(200, "GET", "/own"),
}


@pytest.fixture
def app(settings: Settings) -> SecurityHeadersMiddleware:
    """The application with routes that break, and that set headers of their own."""
    app = create_app(settings)
    add_routes(application(app))
    return app


def add_routes(api: FastAPI) -> None:
    @api.get("/broken")
    async def broken() -> None:
        raise RuntimeError("nobody expected this")

    @api.post("/echo")
    async def echo(number: int) -> int:
        return number

    @api.get("/own")
    async def own() -> Response:
        headers = {"x-frame-options": "ALLOWALL", "Content-Security-Policy": "default-src *"}
        return Response("", headers=headers)

    @api.get("/cacheable")
    async def cacheable() -> Response:
        return Response("", headers={"Cache-Control": "private, max-age=60"})


@pytest.fixture
async def client(app: SecurityHeadersMiddleware) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as client:
        yield client


@pytest.fixture
async def https(app: SecurityHeadersMiddleware) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app, scheme="https") as client:
        yield client


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_every_kind_of_answer_is_complete(kind: Kind, client: httpx.AsyncClient) -> None:
    response = await client.request(kind.method, kind.path, headers=kind.headers, json=kind.json)

    assert response.status_code == kind.status
    assert {name: response.headers.get_list(name) for name in EXPECTED} == {
        name: [value] for name, value in EXPECTED.items()
    }
    assert "strict-transport-security" not in response.headers
    assert "server" not in response.headers


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_https_is_promised_on_https(kind: Kind, https: httpx.AsyncClient) -> None:
    response = await https.request(kind.method, kind.path, headers=kind.headers, json=kind.json)

    assert response.headers.get_list("strict-transport-security") == [HSTS]


async def test_a_forwarded_scheme_of_just_anybody_is_not_believed(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/live", headers={"X-Forwarded-Proto": "https"})

    assert "strict-transport-security" not in response.headers


async def test_a_route_may_refine_caching_and_nothing_else(client: httpx.AsyncClient) -> None:
    response = await client.get("/cacheable")

    assert response.headers.get_list("cache-control") == ["private, max-age=60"]


@pytest.mark.parametrize("extensions", [{"websocket.http.response": {}}, {}], ids=["response", "close"])
async def test_a_refused_websocket_is_complete(
    extensions: dict[str, dict[str, str]], app: SecurityHeadersMiddleware
) -> None:
    """Where the server lets us answer a handshake, the answer is complete."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope = {
        "type": "websocket",
        "scheme": "wss",
        "path": "/nothing/here",
        "raw_path": b"/nothing/here",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", HOST.encode())],
        "subprotocols": [],
        "extensions": extensions,
    }
    await app(scope, receive, send)

    if extensions:
        assert [message["type"] for message in sent] == [
            "websocket.http.response.start",
            "websocket.http.response.body",
        ]
        assert sent[0]["status"] == 403
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert headers == {**EXPECTED, "strict-transport-security": HSTS}
    else:
        assert [message["type"] for message in sent] == ["websocket.close"]


async def test_an_accepted_websocket_is_complete() -> None:
    sent: list[Message] = []

    async def accept(scope: object, receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})

    async def collect(message: Message) -> None:
        sent.append(message)

    async def nothing() -> Message:
        return {}

    scope = {"type": "websocket", "scheme": "ws", "path": "/", "extensions": {"websocket.http.response": {}}}
    await SecurityHeadersMiddleware(accept)(scope, nothing, collect)

    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert {name.decode() for name, _ in sent[0]["headers"]} == set(EXPECTED)
