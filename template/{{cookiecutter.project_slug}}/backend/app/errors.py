"""Answers to requests that cannot be served."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


async def invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Say which field is wrong and why, without a word of what was sent."""
    mistakes = error.errors() if isinstance(error, RequestValidationError) else []
    return JSONResponse({"detail": [without_input(mistake) for mistake in mistakes]}, status_code=422)


def without_input(mistake: dict[str, Any]) -> dict[str, Any]:
    """Return where and what; the parsers quote the offending character after the first comma."""
    kind, text = mistake["type"], mistake["msg"]
    return {
        "loc": list(mistake["loc"]),
        "type": kind,
        "msg": text.partition(",")[0] if kind.endswith("_parsing") else text,
    }
