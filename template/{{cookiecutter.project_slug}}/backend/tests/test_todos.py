"""The resource, through its front door."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from tests.support import TODOS


async def create(client: httpx.AsyncClient, member: dict[str, str], title: str = "buy milk") -> str:
    response = await client.post(TODOS, json={"title": title}, headers=member)
    assert response.status_code == 201
    return str(response.json()["id"])


async def test_a_todo_is_created_and_found_at_its_location(
    client: httpx.AsyncClient, member: dict[str, str]
) -> None:
    created = await client.post(TODOS, json={"title": "  buy milk "}, headers=member)
    found = await client.get(created.headers["location"], headers=member)

    assert created.status_code == 201
    assert found.json() == created.json()
    assert (found.json()["title"], found.json()["done"]) == ("buy milk", False)


async def test_todos_are_listed_page_by_page(client: httpx.AsyncClient, member: dict[str, str]) -> None:
    created = [await create(client, member, title) for title in ("one", "two", "three")]

    first = (await client.get(TODOS, params={"limit": 2}, headers=member)).json()
    second = (await client.get(TODOS, params={"limit": 2, "after": first[-1]["id"]}, headers=member)).json()

    assert [todo["id"] for todo in first + second] == created


async def test_a_todo_is_replaced(client: httpx.AsyncClient, member: dict[str, str]) -> None:
    address = f"{TODOS}/{await create(client, member)}"
    replaced = await client.put(address, json={"title": "buy oats", "done": True}, headers=member)

    assert replaced.status_code == 200
    assert (replaced.json()["title"], replaced.json()["done"]) == ("buy oats", True)
    assert replaced.json()["updated_at"] > replaced.json()["created_at"]
    assert (await client.get(address, headers=member)).json() == replaced.json()


async def test_a_todo_is_deleted(client: httpx.AsyncClient, member: dict[str, str]) -> None:
    address = f"{TODOS}/{await create(client, member)}"

    assert (await client.delete(address, headers=member)).status_code == 204
    assert (await client.get(address, headers=member)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_todo_that_never_was_is_not_found(
    method: str, client: httpx.AsyncClient, member: dict[str, str]
) -> None:
    body = {"title": "x"} if method == "PUT" else None
    response = await client.request(method, f"{TODOS}/{uuid.uuid4()}", json=body, headers=member)

    assert (response.status_code, response.json()) == (404, {"detail": "There is no such todo"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 201},
        {"title": "nul\u0000"},
        {"title": "half a character \ud800"},
        {"title": 1},
        {"title": "x", "done": "maybe"},
        ["title"],
    ],
    ids=str,
)
async def test_what_is_no_todo_is_refused(
    body: object, client: httpx.AsyncClient, member: dict[str, str]
) -> None:
    headers = {**member, "Content-Type": "application/json"}
    response = await client.post(TODOS, content=json.dumps(body), headers=headers)

    assert response.status_code == 422


@pytest.mark.parametrize("title", ["x" * 200, "naïve 🥛", "'; DROP TABLE todos; --", "a\nb"], ids=str)
async def test_any_other_title_survives(
    title: str, client: httpx.AsyncClient, member: dict[str, str]
) -> None:
    address = f"{TODOS}/{await create(client, member, title)}"

    assert (await client.get(address, headers=member)).json()["title"] == title
