"""A small web application around the scenes, and requests to it without a network."""

from __future__ import annotations

import asyncio
import http.server
import importlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from .errors import order, person
from .scenes import SCENES, echo
from .stage import Stage

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
ORDERS = "/orders/{order_id}"


class Web:
    """The application under report; `routed` tells whether it knows route templates."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.scene = ""  # the one that is being played
        self.sent: Mapping[str, str] = {}  # what a request carried that the application repeats
        self.inside: Callable[[], None] = lambda: None  # what the scene of that name does
        try:
            self.app: App = self._starlette()
            self.routed = True
        except ImportError:
            self.app = self._without_framework()
            self.routed = False

    def play(self, scene: str) -> None:
        """One scene, inside a request."""
        if scene == "inside":
            self.inside()
        else:
            SCENES[scene](self.stage)

    def _starlette(self) -> App:
        applications = importlib.import_module("starlette.applications")
        responses = importlib.import_module("starlette.responses")
        routing = importlib.import_module("starlette.routing")

        async def orders(request: Any) -> Any:
            order(self.stage, await request.json())

        async def people(request: Any) -> Any:
            person(self.stage)

        async def forms(request: Any) -> Any:
            order(self.stage, dict(await request.form()))

        async def refunds(request: Any) -> Any:
            sent = await request.json()  # as code does that reads a body: its secrets are in a frame
            echo(self.stage, self.sent)
            return responses.PlainTextResponse(str(len(sent)))

        async def scenes(request: Any) -> Any:
            self.play(request.path_params["scene"])
            return responses.PlainTextResponse("done")

        routes = [
            routing.Route(ORDERS, orders, methods=["POST"]),
            routing.Route("/people/{person_id}", people),
            routing.Route("/forms", forms, methods=["POST"]),
            routing.Route("/refunds/{person}", refunds, methods=["POST"]),
            routing.Route("/scenes/{scene}", scenes),
        ]
        app: App = applications.Starlette(routes=routes)
        return app

    def _without_framework(self) -> App:
        """The same routes where no framework is installed; the SDK wants a plain function."""

        async def plain(scope: Scope, receive: Receive, send: Send) -> None:
            first, _, last = scope["path"].strip("/").partition("/")
            sent = (await receive()).get("body", b"")
            try:
                if first == "orders":
                    order(self.stage, json.loads(sent))
                elif first == "people":
                    person(self.stage)
                elif first == "refunds":
                    echo(self.stage, self.sent)
                elif first == "scenes":
                    self.play(last)
                status = 200 if first == "scenes" else 404
            except Exception:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                raise
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        app: App = importlib.import_module("sentry_sdk.integrations.asgi").SentryAsgiMiddleware(plain)
        return app

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        client: str = "127.0.0.1",
    ) -> int:
        """One request; the status that was answered, 0 when nothing was."""
        status = 0

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
            "client": (client, 50000),
            "server": ("app.example", 443),
        }
        try:
            asyncio.run(self._call(scope, receive, send))
        except BaseException as problem:
            if isinstance(problem, KeyboardInterrupt):
                raise
        return status

    async def _call(self, scope: Scope, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def listen() -> int:
    """A server on loopback that answers every GET; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])
