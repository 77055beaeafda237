"""What several tests need besides fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from app.config import Settings
from app.main import create_app
from app.middleware.security_headers import SecurityHeadersMiddleware

HOST = "api.example.com"
ORIGIN = "https://app.example.com"
TODOS = "/api/v1/todos"

NewSettings = Callable[..., Settings]


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def application(app: SecurityHeadersMiddleware) -> FastAPI:
    """Return the application within its headers."""
    inner = app.app
    assert isinstance(inner, FastAPI)
    return inner


@asynccontextmanager
async def serving(app: SecurityHeadersMiddleware, scheme: str = "http") -> AsyncIterator[httpx.AsyncClient]:
    """Start an application and yield a client of it; errors arrive as answers, as over a network."""
    api = application(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=transport, base_url=f"{scheme}://{HOST}") as client,
    ):
        yield client


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Build the application from settings, start it, and yield a client of it."""
    async with serving(create_app(settings)) as client:
        yield client
