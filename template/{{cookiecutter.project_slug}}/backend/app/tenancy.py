"""What the present task works for: one request, one tenant."""

from __future__ import annotations

import uuid
from contextvars import ContextVar

# Set by the authentication for one request; every transaction begun below it is confined to this tenant.
current_tenant: ContextVar[uuid.UUID | None] = ContextVar("current_tenant", default=None)

# Set by the outermost middleware; every log line of the request carries it.
current_request: ContextVar[str | None] = ContextVar("current_request", default=None)
