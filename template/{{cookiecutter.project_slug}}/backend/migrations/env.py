"""Runs the migrations as the role `migrator`, whose address only this file reads."""

from __future__ import annotations

import asyncio
import logging
import os

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.models import Base

ADVISORY_LOCK = 7_203_461  # one migration at a time; the number is arbitrary and must never change
LOCK_TIMEOUT = "5s"  # a migration that waits for a lock makes every later query of that table wait too


def database_url() -> str:
    """Return the migrator's address; exits with the remedy when it is not set."""
    url = os.environ.get("MIGRATION_DATABASE_URL", "")
    if not url.startswith("postgresql+asyncpg://"):
        raise SystemExit(
            "MIGRATION_DATABASE_URL is missing or not for asyncpg: "
            "set it to postgresql+asyncpg://migrator:PASSWORD@HOST:PORT/DATABASE"
        )
    return url


def migrate(connection: Connection) -> None:
    """Apply the wanted revisions in one transaction, alone."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": LOCK_TIMEOUT})
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Open one connection for the migrations and close it whatever happens."""
    engine = create_async_engine(database_url(), poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


logging.basicConfig(level=logging.INFO, format="%(message)s")
if context.is_offline_mode():
    raise SystemExit("Migrations run against a database only: leave out --sql")
asyncio.run(connect_and_migrate())
