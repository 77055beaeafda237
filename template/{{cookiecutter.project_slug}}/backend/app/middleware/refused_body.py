"""What is left of a body that was refused."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE = 5.0  # seconds for the rest to arrive


class RefusedBodyMiddleware:
    """Takes in the rest of a body before it is refused for its size (413).

    A connection that is closed with bytes unread is reset, and a proxy that is still sending then tells of a
    bad gateway instead of the refusal. More than `most` bytes are not awaited: a proxy refuses those itself.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ended = False

        async def watch() -> Message:
            nonlocal ended
            message = await receive()
            ended = not message.get("more_body", False)
            return message

        async def take_in() -> None:
            taken = 0
            while not ended and taken <= self.most:
                taken += len((await watch()).get("body", b""))

        async def refuse(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 413:
                announced = Headers(scope=scope).get("content-length", "")
                if not announced.isdecimal() or int(announced) <= self.most:
                    try:
                        async with asyncio.timeout(PATIENCE):
                            await take_in()
                    except TimeoutError:
                        pass  # the refusal is sent all the same
            await send(message)

        await self.app(scope, watch, refuse)
