"""What goes wrong is said without repeating what was sent."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support import TODOS

MARKER = "hunter2"


BODIES = [
    json.dumps({"title": "", "password": MARKER}),
    json.dumps({"title": [MARKER]}),
    json.dumps({"title": "x", "done": MARKER}),
    json.dumps(MARKER),
    f"{MARKER} is no JSON",
]


@pytest.mark.parametrize("content", BODIES)
async def test_a_refused_body_is_not_repeated(
    content: str, client: httpx.AsyncClient, member: dict[str, str]
) -> None:
    headers = {**member, "Content-Type": "application/json"}
    response = await client.post(TODOS, content=content, headers=headers)

    assert response.status_code == 422
    assert MARKER not in response.text
    assert {key for mistake in response.json()["detail"] for key in mistake} == {"loc", "type", "msg"}


async def test_a_refused_path_is_not_repeated(client: httpx.AsyncClient, member: dict[str, str]) -> None:
    response = await client.get(f"{TODOS}/zzz", headers=member)

    assert response.json()["detail"] == [
        {"loc": ["path", "todo_id"], "type": "uuid_parsing", "msg": "Input should be a valid UUID"}
    ]
