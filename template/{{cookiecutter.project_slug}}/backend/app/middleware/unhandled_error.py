"""The answer to an error that nobody expected."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class UnhandledErrorMiddleware:
    """Answers 500 and lets the error go on to whoever counts, reports and writes it.

    The framework's own answer is given outside of the CORS layer, where the page that asked cannot read it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request; an answer that has begun is left as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            if not started:
                answer = {"detail": "Internal Server Error", "request_id": scope["state"]["request_id"]}
                # The server drops the connection of an error that reaches it. A proxy that is not told would
                # send its next request into it, and answer 502 where it cannot ask again.
                told = {"Connection": "close"}
                await JSONResponse(answer, status_code=500, headers=told)(scope, receive, send)
            raise
