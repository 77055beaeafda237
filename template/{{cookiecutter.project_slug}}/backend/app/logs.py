"""One JSON object per line on standard output, made of named fields only.

The text of an exception may repeat what a user typed (a database names the row it refused), so outside
development an error is written as its type and the places it passed.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from app.tenancy import current_request, current_tenant

# What `extra=` may add to a line; anything else that a library attaches is left out.
FIELDS = ("request_id", "tenant_id", "method", "route", "status", "duration_ms", "dependency", "reason")
HANDLER = "json-lines"
CHAIN_LIMIT = 5  # causes of causes


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def __init__(self, *, texts: bool) -> None:
        super().__init__()
        self.texts = texts

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; values that JSON does not know become text."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request.get(),
            "tenant_id": current_tenant.get(),
        }
        line.update((name, getattr(record, name)) for name in FIELDS if hasattr(record, name))
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1], texts=self.texts)
        return json.dumps({name: value for name, value in line.items() if value is not None}, default=str)


def describe(error: BaseException, *, texts: bool, depth: int = CHAIN_LIMIT) -> dict[str, Any]:
    """Return an error's type, where it was, and its cause; `texts` adds what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if texts:
        described["text"] = str(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause and depth:
        described["cause"] = describe(cause, texts=texts, depth=depth - 1)
    return described


def already_logged(record: logging.LogRecord) -> bool:
    """Drop the server's copy of an error that the request's own line holds."""
    return not record.getMessage().startswith("Exception in ASGI application")


def configure_logging(level: str, *, texts: bool) -> None:
    """Send every logger of the process to standard output as JSON; a second call replaces the first."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.get_name() == HANDLER]:
        root.removeHandler(handler)
    output = logging.StreamHandler(sys.stdout)
    output.set_name(HANDLER)
    output.setFormatter(JsonLines(texts=texts))
    output.addFilter(already_logged)
    root.addHandler(output)
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # The request's own line says more, and no query string.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they write addresses
