"""No tenant sees or touches another's rows, and it is the database that sees to it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.config import Settings
from app.database import Database
from app.models import Todo
from app.tenancy import current_tenant
from tests.support import TODOS

POLICY = (
    "CREATE POLICY tenant_isolation ON todos "
    "USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid) "
    "WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid)"
)
OPENED = "DROP POLICY tenant_isolation ON todos; CREATE POLICY tenant_isolation ON todos USING (true)"
CLOSED = f"DROP POLICY IF EXISTS tenant_isolation ON todos; {POLICY}"


@pytest.fixture
async def address(client: httpx.AsyncClient, member: dict[str, str]) -> str:
    """A todo of the member's tenant."""
    response = await client.post(TODOS, json={"title": "ours"}, headers=member)
    return f"{TODOS}/{response.json()['id']}"


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    yield database
    await database.close()


@asynccontextmanager
async def mutated(migrator: AsyncEngine, mutation: str, cure: str) -> AsyncIterator[None]:
    """Damage the schema for a while."""
    await run(migrator, mutation)
    try:
        yield
    finally:
        await run(migrator, cure)


async def run(engine: AsyncEngine, statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements.split(";"):
            await connection.execute(text(statement))


async def reads_of_a_stranger(client: httpx.AsyncClient, address: str, stranger: dict[str, str]) -> set[str]:
    """Name the ways by which a stranger gets to the todo."""
    ways = set()
    if (await client.get(address, headers=stranger)).status_code != 404:
        ways.add("by id")
    if (await client.get(TODOS, headers=stranger)).json():
        ways.add("in the list")
    return ways


async def test_a_stranger_finds_nothing(
    client: httpx.AsyncClient, address: str, stranger: dict[str, str]
) -> None:
    assert await reads_of_a_stranger(client, address, stranger) == set()


async def test_a_stranger_changes_nothing(
    client: httpx.AsyncClient, address: str, member: dict[str, str], stranger: dict[str, str]
) -> None:
    replaced = await client.put(address, json={"title": "theirs"}, headers=stranger)
    deleted = await client.delete(address, headers=stranger)

    assert (replaced.status_code, deleted.status_code) == (404, 404)
    assert (await client.get(address, headers=member)).json()["title"] == "ours"


async def test_the_cursor_of_a_stranger_tells_nothing(
    client: httpx.AsyncClient, address: str, stranger: dict[str, str]
) -> None:
    await client.post(TODOS, json={"title": "theirs"}, headers=stranger)
    response = await client.get(TODOS, params={"after": address.rpartition("/")[2]}, headers=stranger)

    assert response.json() == []


@pytest.mark.parametrize(
    ("mutation", "cure"),
    [
        ("ALTER TABLE todos DISABLE ROW LEVEL SECURITY", "ALTER TABLE todos ENABLE ROW LEVEL SECURITY"),
        (OPENED, CLOSED),
    ],
    ids=["row security off", "policy for everyone"],
)
async def test_it_is_the_policy_that_keeps_tenants_apart(
    mutation: str,
    cure: str,
    client: httpx.AsyncClient,
    address: str,
    stranger: dict[str, str],
    migrator: AsyncEngine,
) -> None:
    """The tests above would be red without it: nothing else in the service filters by tenant."""
    async with mutated(migrator, mutation, cure):
        assert await reads_of_a_stranger(client, address, stranger) == {"by id", "in the list"}
    assert await reads_of_a_stranger(client, address, stranger) == set()


async def test_without_the_policy_not_even_the_owner_is_served(
    client: httpx.AsyncClient, address: str, member: dict[str, str], migrator: AsyncEngine
) -> None:
    async with mutated(migrator, "DROP POLICY tenant_isolation ON todos", CLOSED):
        assert (await client.get(address, headers=member)).status_code == 404


async def test_without_a_tenant_there_are_no_rows(address: str, database: Database) -> None:
    async with database.transaction() as session:
        assert (await session.scalars(select(Todo))).all() == []


async def test_a_row_cannot_be_written_for_another_tenant(database: Database, tenant: uuid.UUID) -> None:
    token = current_tenant.set(tenant)
    try:
        with pytest.raises(ProgrammingError, match="violates row-level security policy"):
            async with database.transaction() as session:
                session.add(Todo(tenant_id=uuid.uuid4(), title="smuggled"))
    finally:
        current_tenant.reset(token)


async def test_the_tenant_survives_a_commit_and_leaves_with_the_transaction(
    database: Database, tenant: uuid.UUID
) -> None:
    """One pooled connection serves both tenants and nobody in turn."""
    setting = text("SELECT current_setting('app.tenant_id', true), pg_backend_pid()")
    token = current_tenant.set(tenant)
    try:
        async with database.sessions() as session:
            first = (await session.execute(setting)).one()
            await session.commit()
            second = (await session.execute(setting)).one()
    finally:
        current_tenant.reset(token)
    async with database.sessions() as session:
        third = (await session.execute(setting)).one()

    assert (first[0], second[0], third[0]) == (str(tenant), str(tenant), "")
    assert first[1] == second[1] == third[1]


async def test_the_owner_of_the_table_is_bound_too(address: str, migrator: AsyncEngine) -> None:
    async with migrator.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM todos"))).scalar_one() == 0
