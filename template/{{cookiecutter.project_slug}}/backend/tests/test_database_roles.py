"""Who may serve, and what the roles may do."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database import PrivilegedRoleError
from devservices.stack import Stack
from tests.support import NewSettings, served


@pytest.mark.parametrize("role", ["postgres", "backup"])
async def test_a_role_that_policies_do_not_bind_never_serves(
    role: str, stack: Stack, new_settings: NewSettings
) -> None:
    with pytest.raises(PrivilegedRoleError, match=f"role {role} .* set DATABASE_URL to the role app"):
        async with served(new_settings(database_url=stack.database_url(role))):
            pass


async def execute(stack: Stack, role: str, statement: str) -> None:
    engine = create_async_engine(stack.database_url(role), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("app", "CREATE TABLE notes (id integer)"),
        ("app", "ALTER TABLE todos DISABLE ROW LEVEL SECURITY"),
        ("app", "TRUNCATE todos"),
        ("app", "UPDATE alembic_version SET version_num = 'x'"),
        ("app", "SET ROLE migrator"),
        ("app", "CREATE TEMPORARY TABLE notes (id integer)"),
        ("backup", "DELETE FROM todos"),
    ],
)
async def test_a_role_has_no_more_rights_than_it_needs(role: str, statement: str, stack: Stack) -> None:
    with pytest.raises(DBAPIError):
        await execute(stack, role, statement)


async def test_the_backup_role_cannot_write_even_when_it_asks_to(stack: Stack) -> None:
    engine = create_async_engine(stack.database_url("backup"), poolclass=NullPool)
    with pytest.raises(DBAPIError, match="permission denied"):
        await delete_all(engine)
    await engine.dispose()


async def delete_all(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SET TRANSACTION READ WRITE"))
        await connection.execute(text("DELETE FROM todos"))


async def test_the_backup_role_sees_every_tenant(stack: Stack, migrator: AsyncEngine) -> None:
    await execute(stack, "postgres", "INSERT INTO todos (tenant_id, title) VALUES (gen_random_uuid(), 'a')")

    await execute(stack, "backup", "SELECT 1 / count(*) FROM todos")
