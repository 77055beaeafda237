"""Connections to PostgreSQL, each transaction confined to the current tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry

from app.tenancy import current_tenant

POOL_SIZE = 10
POOL_OVERFLOW = 5
POOL_TIMEOUT = 5.0  # seconds to wait for a free connection before the request fails
CONNECT_TIMEOUT = 5.0  # seconds
SESSION_LIMITS = {
    "application_name": "backend",
    "statement_timeout": "15000",  # milliseconds
    "idle_in_transaction_session_timeout": "30000",
}


class PrivilegedRoleError(RuntimeError):
    """The database role could read past the row policies."""


class TenantSession(Session):
    """A session whose every transaction carries the tenant, also those after a commit."""


@event.listens_for(TenantSession, "after_begin")
def confine_to_tenant(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell the row policies the tenant, for this transaction only; without a tenant they show nothing."""
    tenant = current_tenant.get()
    if tenant is not None:
        connection.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": str(tenant)})


def refuse_privileged_role(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """Close the door to a role that row policies do not bind; asked once per new connection."""
    cursor = connection.cursor()
    cursor.execute("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    role, privileged = cursor.fetchone() or ("", True)
    cursor.close()
    connection.rollback()
    if privileged:
        raise PrivilegedRoleError(
            f"The role {role} of DATABASE_URL is a superuser or has BYPASSRLS, so it sees all tenants' rows: "
            "set DATABASE_URL to the role app, which postgres/roles.sql creates"
        )


class Database:
    """The pool of connections of this process; opens the first one when it is asked for."""

    def __init__(self, url: SecretStr) -> None:
        self.engine = create_async_engine(
            url.get_secret_value(),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_TIMEOUT,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,  # statements end up in logs, the values of users must not
            connect_args={"timeout": CONNECT_TIMEOUT, "server_settings": SESSION_LIMITS},
        )
        event.listen(self.engine.sync_engine, "connect", refuse_privileged_role)
        self.sessions = async_sessionmaker(
            self.engine, sync_session_class=TenantSession, expire_on_commit=False
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that commits at the end and rolls back on any error."""
        async with self.sessions() as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Ask the database for an answer; raises what the driver raises."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
