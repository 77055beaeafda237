"""The migrations, the models and the policies agree."""

from __future__ import annotations

import os
import subprocess
import sys

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from devservices.stack import BACKEND, Stack

UNPROTECTED = text("""
    SELECT relname
    FROM pg_class
    JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant_id' AND NOT attisdropped
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
      AND NOT (
        relrowsecurity AND relforcerowsecurity
        AND EXISTS (
            SELECT FROM pg_policy
            WHERE polrelid = pg_class.oid AND polcmd = '*'
              AND polqual IS NOT NULL AND polwithcheck IS NOT NULL
        )
      )
""")


def alembic(*arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MIGRATION_DATABASE_URL": url}
    command = [sys.executable, "-m", "alembic", *arguments]
    return subprocess.run(command, cwd=BACKEND, env=environment, capture_output=True, text=True, check=False)


def test_the_models_say_what_the_migrations_made(stack: Stack) -> None:
    done = alembic("check", url=stack.database_url("migrator"))

    assert done.returncode == 0, done.stderr


def test_a_second_run_changes_nothing(stack: Stack) -> None:
    done = alembic("upgrade", "head", url=stack.database_url("migrator"))

    assert done.returncode == 0, done.stderr


def test_without_an_address_the_migration_says_what_to_set() -> None:
    done = alembic("upgrade", "head")

    assert done.returncode == 1
    assert done.stderr.strip().startswith("MIGRATION_DATABASE_URL is missing")


async def test_every_table_of_tenants_is_protected(migrator: AsyncEngine) -> None:
    async with migrator.connect() as connection:
        assert (await connection.scalars(UNPROTECTED)).all() == []


async def test_a_table_without_policy_would_be_noticed(migrator: AsyncEngine) -> None:
    async with migrator.connect() as connection:
        await connection.execute(text("CREATE TABLE notes (tenant_id uuid)"))

        assert (await connection.scalars(UNPROTECTED)).all() == ["notes"]
