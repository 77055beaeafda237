"""An identity and one log line for every request."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.tenancy import current_request

ACCEPTED = re.compile(r"[A-Za-z0-9_-]{8,64}")  # what a proxy in front may call the request
{%- if cookiecutter.include_observability == 'yes' %}
QUIET = frozenset(("/health/live", "/health/ready", "/metrics"))  # asked every few seconds
{%- else %}
QUIET = frozenset(("/health/live", "/health/ready"))  # asked every few seconds
{%- endif %}

logger = logging.getLogger(__name__)


class RequestContextMiddleware:
    """Names the request, returns the name as X-Request-ID, and writes how the request ended."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request inside of its context; an error passes through after it is written."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        token = current_request.set(request_id)
        started = time.perf_counter()
        status: int | None = None

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        failure: Exception | None = None
        try:
            await self.app(scope, receive, send_named)
        except Exception as error:
            failure = error
            raise
        finally:
            log(scope, status, time.perf_counter() - started, failure)
            current_request.reset(token)


def log(scope: Scope, status: int | None, seconds: float, failure: Exception | None) -> None:
    """Write the request's line: the route's template, never the address or a header that the client chose."""
    route = getattr(scope.get("route"), "path", None)
    level = logging.ERROR if failure else logging.DEBUG if route in QUIET else logging.INFO
    fields = {
        "method": scope.get("method", scope["type"]),
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "tenant_id": scope["state"].get("tenant_id"),
    }
    logger.log(level, "request failed" if failure else "request", extra=fields, exc_info=failure)
