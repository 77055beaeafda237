"""Alive is not the same as ready."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.support import NewSettings, served

NOWHERE = "127.0.0.1:1"  # a port that nobody listens on


async def test_ready_when_database_and_cache_answer(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")

    assert (response.status_code, response.json()) == (200, {"status": "ok", "failed": []})


@pytest.mark.parametrize(
    ("setting", "address", "failed"),
    [
        ("database_url", f"postgresql+asyncpg://app:x@{NOWHERE}/app", "database"),
        ("redis_url", f"redis://{NOWHERE}/0", "cache"),
    ],
)
async def test_ready_names_the_dependency_that_does_not_answer(
    setting: str, address: str, failed: str, new_settings: NewSettings
) -> None:
    async with served(new_settings(**{setting: address})) as client:
        ready = await client.get("/health/ready")
        live = await client.get("/health/live")

    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "failed": [failed]})
    assert live.status_code == 200


async def test_ready_gives_up_on_a_dependency_that_keeps_silent(
    new_settings: NewSettings, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    monkeypatch.setattr("app.health.TIME_LIMIT", 0.2)
    async with served(new_settings(redis_url=f"redis://127.0.0.1:{silent_port}/0")) as client:
        started = time.monotonic()
        response = await client.get("/health/ready")

    assert (response.status_code, response.json()["failed"]) == (503, ["cache"])
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_answers_head_too(path: str, client: httpx.AsyncClient) -> None:
    assert (await client.head(path)).status_code == 200
