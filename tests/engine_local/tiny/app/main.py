"""The smallest application that uses everything the engine gives: standard library and uvicorn only."""

import json
import os
import socket
from urllib.parse import urlsplit


def create_app():
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": scope["scheme"]})
            return
        status, body = answer(scope)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def answer(scope):
    if scope["path"] == "/live":
        return 200, b"{}"
    if scope["path"] == "/ready":
        lost = [name for name in ("DATABASE_URL", "REDIS_URL") if not reachable(os.environ[name])]
        return (503, json.dumps(lost).encode()) if lost else (200, b"[]")
    if scope["path"] == "/scope":
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        return 200, json.dumps({"scheme": scope["scheme"], "client": scope["client"][0], **headers}).encode()
    return 404, b"{}"


def reachable(url):
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((parts.hostname, parts.port)) == 0
