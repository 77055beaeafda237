"""A body that is too large is taken in before it is refused, as far as that is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.middleware import refused_body
from app.middleware.refused_body import RefusedBodyMiddleware


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def exchange(parts: Sequence[int], length: str = "", *, whole: bool = True) -> tuple[int, int]:
    """Return the status, and how many parts were taken in; after the last one nothing more arrives."""
    waiting = [
        {"type": "http.request", "body": bytes(size), "more_body": not whole or at < len(parts) - 1}
        for at, size in enumerate(parts)
    ]
    taken = 0
    statuses: list[int] = []

    async def receive() -> Message:
        nonlocal taken
        if taken == len(waiting):
            await asyncio.Event().wait()
        taken += 1
        return waiting[taken - 1]

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"content-length", length.encode())] if length else []
    await RefusedBodyMiddleware(refuse, most=100)({"type": "http", "headers": headers}, receive, send)
    return statuses[0], taken


async def test_the_rest_is_taken_in_before_the_refusal() -> None:
    assert await exchange([40, 30, 20], "90") == (413, 3)


async def test_what_is_announced_as_far_too_much_is_not_awaited() -> None:
    assert await exchange([40, 30, 20], "101") == (413, 1)


async def test_a_body_without_end_is_cut() -> None:
    status, taken = await exchange([40] * 50)
    assert status == 413
    assert taken < 6


async def test_a_body_that_does_not_arrive_is_not_awaited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_body, "PATIENCE", 0.01)
    assert await exchange([40], "90", whole=False) == (413, 1)
