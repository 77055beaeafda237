"""What answers give away, and the requests and origins that make them do so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pytest_saas_validate.evidence.http import Kind
from pytest_saas_validate.probes.betrayals import MARKER, NUMBER, betrayals, configured, repeats
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.crossorigin import look_alikes, strangers
from pytest_saas_validate.probes.refusals import LARGE, addresses, bodies, fields, too_large
from tests.checks.test_headers_probe import PROJECT, Stack

OWN = "127.0.0.1:8000"


def told(body: str, status: int = 503, headers: tuple[tuple[str, str], ...] = ()) -> tuple[str, ...]:
    """What is told by an answer of a project whose database is at db:5432."""
    return betrayals(status, headers, body, (r"\bdb\W{1,4}5432\b", "pass-word"), OWN)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('{"trace": "Traceback (most recent call last):"}', "a stack trace"),
        (json.dumps({"detail": ['File "/srv/app/main.py", line 3, in ready']}), "a source file"),
        ("[SQL: SELECT 1]", "a statement"),
        ('duplicate key value violates unique constraint "todos_pkey"', "the database's message"),
        ("[Errno 111] Connect call failed", "why a connection failed"),
        ("Error 111 connecting to the cache", "why a connection failed"),
        ("database: 10.2.0.7", "an inner address"),
        ("<Session object at 0x7f12ab>", "an object of the program"),
        ("OSError", "an exception's name"),
        ("cannot reach ('db', 5432)", "an address or a secret of its configuration"),
        ("pass-word", "an address or a secret of its configuration"),
    ],
)
def test_each_sign_of_the_inside_is_named(body: str, what: str) -> None:
    assert what in told(body)


def test_a_refusal_may_have_a_code_but_no_exception_of_a_module() -> None:
    assert not told('{"code": "ValidationError"}', status=422)
    assert told('{"detail": "ValueError: no"}', status=422)
    assert told('{"detail": "app.errors.NotFoundError"}', status=404)
    assert told("", 404, (("x-error", "app.errors.NotFoundError"),))


@pytest.mark.parametrize(
    "body",
    [
        '{"status": "unavailable", "failed": ["database", "cache"]}',
        '{"detail": [{"loc": ["body", "title"], "type": "value_error", "msg": "Value error, it is empty"}]}',
        f'{{"instance": "http://{OWN}/api/things"}}',
    ],
)
def test_names_of_dependencies_and_the_own_address_tell_nothing(body: str) -> None:
    assert not told(body)


def test_answers_that_are_no_errors_are_not_read() -> None:
    assert not told("OSError", status=200)
    assert not repeats(201, (), MARKER)


@pytest.mark.parametrize("held", [MARKER, MARKER[:9].upper(), "…" + MARKER[-8:], f"not {NUMBER}"])
def test_a_repeated_value_is_found_also_when_it_is_cut(held: str) -> None:
    assert repeats(422, (), held)
    assert repeats(404, (("allow", held),), "")


def test_configured_addresses_are_those_behind_the_backend() -> None:
    class Told:
        def env(self, service: str) -> dict[str, str]:
            values = (
                "postgresql://app:pass-word@db:5432/app",
                "redis://cache:6379/0",
                "http://issuer:80",
                "x",
            )
            return {str(number): value for number, value in enumerate(values)}

    assert configured(Told()) == (r"\bdb\W{1,4}5432\b", r"pass\-word", r"\bcache\W{1,4}6379\b")


def test_every_refusal_carries_a_marked_value() -> None:
    every = [
        *bodies("POST", "/things", {"title": "a", "size": 1}),
        *fields("PUT", "/things/1", {"title": "a"}, ["done"], "/things/{id}"),
        *addresses("/things"),
    ]
    for refusal in every:
        sent = f"{refusal.path} {refusal.content!r} {refusal.headers}"
        assert MARKER in sent or str(NUMBER) in sent, refusal.what
    assert len({(r.method, r.path, r.what) for r in every}) == len(every)
    whats = " ".join(r.what for r in every)
    for kind in ("title: a NUL character", "title: too long", "size: far too large", "JSON that is cut"):
        assert kind in whats


@pytest.mark.parametrize(
    "allowed", ["https://app.example.test", "http://localhost:5173", "https://a.test:8443"]
)
def test_no_look_alike_is_the_allowed_origin(allowed: str) -> None:
    found = (*strangers(allowed), *look_alikes(allowed))
    assert allowed not in found
    assert len(set(found)) == len(found) >= 20
    assert all(origin.isascii() for origin in found)


def test_the_careless_comparisons_are_all_there() -> None:
    found = {*strangers("https://app.example.test"), *look_alikes("https://app.example.test")}
    assert {
        "https://appxexample.test",
        "https://app.examplextest",
        "https://app.example.test:8443",
        "https://app.example.test.",
        "https://APP.EXAMPLE.TEST",
        "https://stranger.app.example.test",
        "https://example.test",
        "http://app.example.test",
        "http://localhost:5173",
        "null",
    } <= found


class Limited(BaseHTTPRequestHandler):
    """Refuses a body by its announced size, without reading it."""

    protocol_version = "HTTP/1.1"
    limit = 2_000_000

    def do_POST(self) -> None:
        refused = int(self.headers["Content-Length"]) > self.limit
        if not refused:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(413 if refused else 422)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def limited() -> Iterator[Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Limited)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with Client(PROJECT, Stack(server.server_port)) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_smallest_body_that_is_refused_is_kept(limited: Client) -> None:
    found = too_large(limited, "/things", "token", "https://app.test")
    assert found is not None
    assert (found.kind, found.status, found.origin, found.private) == (
        Kind.TOO_LARGE,
        413,
        "https://app.test",
        True,
    )


def test_a_project_without_a_limit_has_no_such_answer(
    limited: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limited, "limit", LARGE[-1])
    assert too_large(limited, "/things", "") is None
    announced = limited.upload("/things", LARGE[-1] + 1, what="announced only", sent=False)
    assert announced is not None
    assert announced.status == 413
    assert limited.upload("/things", 9, what="announced only", sent=False) is None
