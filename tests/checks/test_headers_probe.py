"""A probe that saw nothing says so: an error, or what is missing here, never clean evidence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.http import CrossOrigin, Exchanges, Kind, Secured
from pytest_saas_validate.evidence.identity import Readiness, RowSecurity, Tenants, Tokens
from pytest_saas_validate.probes import ProbeError, Unavailable, probes
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backend, Routes, Spec


class Handler(BaseHTTPRequestHandler):
    """Answers everything alike, twice with one header."""

    protocol_version = "HTTP/1.1"
    status = 200

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("Set-Cookie", "s=opaque; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PATCH = do_POST = do_OPTIONS = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Stack:
    """A service that somebody else runs, and nothing beside it."""

    owned = False
    services = frozenset({"backend"})

    def __init__(self, port: int) -> None:
        self.port = port
        self.facts: dict[str, str] = {}

    def env(self, service: str) -> dict[str, str]:
        return {}

    def url(self, name: str) -> str:
        return {"backend": f"http://127.0.0.1:{self.port}"}[name]


@pytest.fixture
def stack() -> Iterator[Stack]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Stack(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


SPEC = Spec(
    backend=Backend(path="backend", app="app:app", live="/up", ready="/ready"),
    routes=Routes(public="/up", collection="/things", create={"title": "a"}),
)
PROJECT = Project(root=Path("nowhere"), combo=Combo("one", (), frozenset()), files={}, given=SPEC)


def gather(kind: type, stack: Stack) -> Any:
    """The evidence of this kind."""
    return probes()[kind].gather(PROJECT, stack)


def test_answers_are_kept_with_duplicates_and_without_secrets(stack: Stack) -> None:
    seen = gather(Exchanges, stack)
    first = seen.exchanges[0]
    assert first.place == "GET /up (200, http)"
    assert first.values("x-frame-options") == ("DENY", "SAMEORIGIN")
    assert first.values("set-cookie") == ("s=[scrubbed]; Path=/",)


def test_what_was_not_reached_is_named(stack: Stack) -> None:
    seen = gather(Exchanges, stack)
    names = {what.partition(":")[0] for what in seen.unreached}
    assert {"https", "405", "answers to a token", "documentation", "stream", "websocket accept"} <= names
    assert Kind.METHOD not in {exchange.kind for exchange in seen.exchanges}


def test_a_page_that_must_work_is_the_positive_control(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "status", 404)
    with pytest.raises(ProbeError, match=r"GET /up .* is answered 404"):
        gather(Exchanges, stack)


def test_a_service_that_is_gone_is_an_error(stack: Stack) -> None:
    stack.port = 1
    with pytest.raises(ProbeError, match="ConnectError"):
        gather(Exchanges, stack)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Secured, "no TLS front"),
        (CrossOrigin, "which origin is allowed"),
        (Tokens, "nobody issues tokens"),
        (Tenants, "nobody issues tokens"),
        (RowSecurity, "no database"),
    ],
)
def test_what_is_not_here_is_unavailable(kind: type, reason: str, stack: Stack) -> None:
    with pytest.raises(Unavailable, match=reason):
        gather(kind, stack)


def test_services_of_others_are_not_stopped(stack: Stack) -> None:
    with pytest.raises(ProbeError, match="refused"):
        gather(Readiness, stack)
