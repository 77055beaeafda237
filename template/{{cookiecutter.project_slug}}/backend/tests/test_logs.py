"""The log says what happened, in JSON, and keeps to itself what users and settings must keep."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator

import httpx
import pytest

from app.config import Settings
from app.logs import JsonLines, configure_logging
from app.main import create_app
from devservices.identity import Identity
from tests.support import TODOS, application, bearer, serving

MARKER = "hunter2"

Lines = list[dict[str, object]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the process would write to its standard output."""
    written: Lines = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(JsonLines(texts=False).format(record)))

    handler = Collect()
    logging.getLogger("app").addHandler(handler)
    yield written
    logging.getLogger("app").removeHandler(handler)


def requests(lines: Lines) -> Lines:
    return [line for line in lines if str(line["message"]).startswith("request")]


async def test_a_request_is_one_line(
    lines: Lines, client: httpx.AsyncClient, member: dict[str, str], tenant: uuid.UUID
) -> None:
    created = await client.post(TODOS, json={"title": MARKER}, headers=member)
    await client.get(f"{TODOS}/{created.json()['id']}?x={MARKER}", headers=member)

    post, get = requests(lines)
    assert (post["method"], post["route"], post["status"]) == ("POST", TODOS, 201)
    assert (get["method"], get["route"], get["status"]) == ("GET", TODOS + "/{todo_id}", 200)
    assert post["tenant_id"] == get["tenant_id"] == str(tenant)
    assert post["request_id"] == created.headers["x-request-id"] != get["request_id"]
    assert isinstance(post["duration_ms"], float)


async def test_no_secret_is_written(
    lines: Lines, client: httpx.AsyncClient, identity: Identity, member: dict[str, str]
) -> None:
    await client.post(f"{TODOS}?token={MARKER}", json={"title": MARKER}, headers=member)
    await client.post(TODOS, json={"title": [MARKER]}, headers=member)
    await client.get(f"/{MARKER}", headers={**bearer(MARKER), "User-Agent": MARKER, "Cookie": MARKER})
    await client.get(TODOS, headers=bearer(identity.sign({"sub": MARKER})))

    assert len(requests(lines)) == 4
    assert MARKER not in json.dumps(lines)
    assert member["Authorization"].split(".")[1] not in json.dumps(lines)


async def test_an_unhandled_error_is_written_once_without_its_text(lines: Lines, settings: Settings) -> None:
    app = create_app(settings)

    @application(app).get("/broken")
    async def broken() -> None:
        try:
            raise ValueError(MARKER)
        except ValueError as error:
            raise RuntimeError(f"refused {MARKER}") from error

    async with serving(app) as client:
        await client.get("/broken")

    (line,) = requests(lines)
    error = line["error"]
    assert isinstance(error, dict)
    assert (line["level"], line["message"], line["status"]) == ("ERROR", "request failed", 500)
    assert (error["type"], error["cause"]["type"]) == ("builtins.RuntimeError", "builtins.ValueError")
    assert error["at"][-1].endswith(" broken")
    assert MARKER not in json.dumps(lines)


async def test_a_refused_token_is_written_with_its_reason(
    lines: Lines, client: httpx.AsyncClient, identity: Identity, tenant: uuid.UUID
) -> None:
    await client.get(TODOS, headers=bearer(identity.sign(identity.claims(tenant, lifetime=-60))))

    (refused,) = [line for line in lines if line["message"] == "token refused"]
    assert refused["reason"] == "ExpiredTokenError"


@pytest.mark.parametrize(
    ("given", "kept"), [("checkout-7f3a", True), ("x", False), ("a" * 65, False), ("in jected", False)]
)
async def test_a_request_keeps_the_name_that_a_proxy_gave_it(
    given: str, kept: bool, client: httpx.AsyncClient
) -> None:
    response = await client.get("/health/live", headers={"X-Request-ID": given})

    assert (response.headers["x-request-id"] == given) is kept


def test_development_reads_the_text_of_an_error() -> None:
    record = logging.LogRecord("app", logging.ERROR, __file__, 1, "failed", None, None)
    record.exc_info = (ValueError, ValueError("the text"), None)

    assert json.loads(JsonLines(texts=True).format(record))["error"]["text"] == "the text"


def test_configuring_twice_does_not_write_twice() -> None:
    before = len(logging.getLogger().handlers)
    configure_logging("INFO", texts=False)
    configure_logging("INFO", texts=False)

    assert len(logging.getLogger().handlers) <= before + 1
