"""Builds the application: `uvicorn --factory app.main:create_app`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app import docs, health
from app.auth.keys import SigningKeys
from app.auth.tokens import TokenVerifier
from app.config import Settings, SettingsError
from app.database import Database, PrivilegedRoleError
from app.errors import invalid_request
from app.logs import configure_logging
from app.middleware.cors import ExplicitCORSMiddleware
from app.middleware.refused_body import RefusedBodyMiddleware
from app.middleware.request_context import RequestContextMiddleware
from app.middleware.security_headers import SecurityHeaders, SecurityHeadersMiddleware
from app.middleware.unhandled_error import UnhandledErrorMiddleware
{%- if cookiecutter.include_observability == 'yes' %}
from app.observability import instrument
{%- endif %}
{%- if cookiecutter.include_sentry == 'yes' %}
from app.sentry import init_sentry
{%- endif %}
from app.todos.router import router as todos
{%- set title = cookiecutter.project_name | tojson %}

TITLE = {{ title }}{% if title | length > 102 %}  # noqa: E501{% endif %}
BODY_LIMIT = 1024 * 1024  # bytes
CLIENT_TIMEOUT = 3.0  # seconds for each step of a request to the identity provider or the cache

logger = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> SecurityHeadersMiddleware:
    """Return the whole application, headers outermost.

    Exits with one sentence per mistake when the environment cannot be used.
    """
    settings = settings or settings_from_environment()
{%- if cookiecutter.include_sentry == 'yes' %}
    init_sentry(settings)
{%- endif %}
    development = settings.environment == "development"
    configure_logging(settings.log_level, texts=development)
    database = Database(settings.database_url)
    cache = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=CLIENT_TIMEOUT,
        socket_connect_timeout=CLIENT_TIMEOUT,
        retry=Retry(NoBackoff(), 1),  # a connection that was cut while idle; who asks decides about the rest
    )
    client = httpx.AsyncClient(timeout=CLIENT_TIMEOUT)
    app = FastAPI(
        title=TITLE,
        version=settings.release,
        openapi_url=docs.OPENAPI if development else None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan(database, cache, client),
        middleware=layers(settings),
        exception_handlers={RequestValidationError: invalid_request},
    )
    app.state.database = database
    app.state.cache = cache
    app.state.verifier = TokenVerifier(
        SigningKeys(settings.oidc_jwks_url, client),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        algorithms=settings.oidc_algorithms,
    )
    app.include_router(health.router)
    app.include_router(todos)
{%- if cookiecutter.include_observability == 'yes' %}
    instrument(app, database, cache)
{%- endif %}
    pages = docs.add_docs(app) if development else {}
    return SecurityHeadersMiddleware(app, SecurityHeaders(pages=pages))


def settings_from_environment() -> Settings:
    """Read the environment; a mistake ends the process with a sentence, not with a traceback."""
    try:
        return Settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None


def layers(settings: Settings) -> list[Middleware]:
    """Return the middleware, outermost first."""
    return [
        Middleware(RequestContextMiddleware),
        Middleware(TrustedHostMiddleware, allowed_hosts=settings.allowed_hosts, www_redirect=False),
        Middleware(
            ExplicitCORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=("X-Request-ID",),
        ),
        Middleware(UnhandledErrorMiddleware),
        Middleware(RefusedBodyMiddleware, most=2 * BODY_LIMIT),
        Middleware(RequestBodyLimitMiddleware, max_body_size=BODY_LIMIT),
    ]


def lifespan(
    database: Database, cache: Redis, client: httpx.AsyncClient
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return what happens around serving: the role is checked before, everything is closed after."""

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        try:
            await database.ping()
        except PrivilegedRoleError:
            raise
        except Exception as error:
            # Alive, not ready; the role is checked on every connection, so also on a later first one.
            fields = {"dependency": "database", "reason": type(error).__name__}
            logger.warning("dependency does not answer", extra=fields)
        try:
            yield
        finally:
            await client.aclose()
            await cache.aclose()
            await database.close()

    return run
