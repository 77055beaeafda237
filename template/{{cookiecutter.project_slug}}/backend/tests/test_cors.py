"""Only the pages that the settings name may read answers."""

from __future__ import annotations

import httpx
import pytest

from app.config import Settings
from app.main import create_app
from tests.support import ORIGIN, TODOS, application, serving

ALLOWED = "access-control-allow-origin"


async def preflight(client: httpx.AsyncClient, origin: str, method: str = "POST") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await client.options(TODOS, headers=headers)


async def test_a_named_page_may_ask(client: httpx.AsyncClient) -> None:
    response = await preflight(client, ORIGIN)

    assert response.status_code == 200
    assert response.headers[ALLOWED] == ORIGIN
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", ORIGIN.upper()])
async def test_no_other_page_may_ask_or_read(origin: str, client: httpx.AsyncClient) -> None:
    refused = await preflight(client, origin)
    plain = await client.get("/health/live", headers={"Origin": origin})

    assert refused.status_code == 400
    assert ALLOWED not in refused.headers
    assert ALLOWED not in plain.headers


async def test_a_refused_method_names_no_page(client: httpx.AsyncClient) -> None:
    response = await preflight(client, ORIGIN, method="TRACE")

    assert response.status_code == 400
    assert ALLOWED not in response.headers


async def test_answers_differ_by_origin_also_for_caches(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).headers["vary"] == "Origin"


async def test_a_named_page_can_read_an_unhandled_error(settings: Settings) -> None:
    app = create_app(settings)

    @application(app).get("/broken")
    async def broken() -> None:
        raise RuntimeError("nobody expected this")

    async with serving(app) as client:
        response = await client.get("/broken", headers={"Origin": ORIGIN})

    assert response.status_code == 500
    assert response.headers[ALLOWED] == ORIGIN
    assert response.json() == {
        "detail": "Internal Server Error",
        "request_id": response.headers["x-request-id"],
    }
