"""Is the process alive, and can it serve?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

TIME_LIMIT = 2.0  # seconds for each dependency; both are asked at the same time

Question = Callable[[], Awaitable[object]]

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/health", tags=["health"])


@router.head("/live", include_in_schema=False)
@router.get("/live")
async def live() -> dict[str, str]:
    """Answer while the process can answer at all; a restart cures nothing else."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={503: {"description": "A dependency does not answer"}})
async def ready(request: Request) -> JSONResponse:
    """Ask the database and the cache; 503 names those that did not answer in time."""
    state = request.app.state
    checks: dict[str, Question] = {"database": state.database.ping, "cache": state.cache.ping}
    answers = await asyncio.gather(*(answers_in_time(name, ask) for name, ask in checks.items()))
    failed = [name for name, answered in zip(checks, answers, strict=True) if not answered]
    if failed:
        return JSONResponse({"status": "unavailable", "failed": failed}, status_code=503)
    return JSONResponse({"status": "ok", "failed": []})


async def answers_in_time(name: str, ask: Question) -> bool:
    """Tell whether a dependency answered; whatever it raised is logged by type, not by text."""
    try:
        async with asyncio.timeout(TIME_LIMIT):
            await ask()
    except Exception as error:
        fields = {"dependency": name, "reason": type(error).__name__}
        logger.warning("dependency does not answer", extra=fields)
        return False
    return True
