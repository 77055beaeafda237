"""Real services for the tests: a database, a cache and an identity provider of this test run alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.config import Settings
from devservices.identity import Identity
from devservices.stack import BACKEND, Stack
from tests.support import HOST, ORIGIN, NewSettings, bearer, served


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start the services and migrate; a guard stops them even when this process is killed."""
    folder = Path(tempfile.mkdtemp(prefix="backend-tests-"))
    command = [sys.executable, "-m", "devservices", "--folder", str(folder), "guard"]
    with subprocess.Popen(command, cwd=BACKEND, stdin=subprocess.PIPE, start_new_session=True):
        services = Stack(folder, durable=False)
        services.up()
        migrate(services, "upgrade", "head")
        yield services


def migrate(services: Stack, *arguments: str) -> None:
    """Run Alembic as a deployment does: in a process of its own, with the migrator's address."""
    subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=BACKEND,
        env={**os.environ, "MIGRATION_DATABASE_URL": services.database_url("migrator")},
        check=True,
        capture_output=True,
    )


@pytest.fixture
def new_settings(stack: Stack) -> NewSettings:
    """Make settings as in production for the services of this run; arguments replace single values."""

    def make(**changes: object) -> Settings:
        values = {name.lower(): value for name, value in stack.environment().items() if value}
        fixed = {"environment": "production", "cors_origins": ORIGIN, "allowed_hosts": HOST}
        return Settings(**{**values, **fixed, **changes})

    return make


@pytest.fixture
def settings(new_settings: NewSettings) -> Settings:
    """Settings as in production, for the services of this run."""
    return new_settings()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application."""
    async with served(settings) as client:
        yield client


@pytest.fixture
def identity(stack: Stack) -> Identity:
    """The identity provider's power to sign."""
    return stack.identity


@pytest.fixture
def tenant() -> uuid.UUID:
    """A tenant that no other test knows."""
    return uuid.uuid4()


@pytest.fixture
def member(identity: Identity, tenant: uuid.UUID) -> dict[str, str]:
    """The headers of a member of the tenant."""
    return bearer(identity.token(tenant))


@pytest.fixture
def stranger(identity: Identity) -> dict[str, str]:
    """The headers of a member of another tenant."""
    return bearer(identity.token(uuid.uuid4()))


@pytest.fixture
async def migrator(stack: Stack) -> AsyncIterator[AsyncEngine]:
    """The owner of the tables."""
    engine = create_async_engine(stack.database_url("migrator"), poolclass=NullPool)
    yield engine
    await engine.dispose()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
