"""Takes what an error reporter sends, as a Sentry server would, and shows it to a test.

    python sentry_sink.py PORT

GET    /up                              200 once it serves
POST   /api/PROJECT/envelope/, /store/  answered as by a server; kept
GET    /captured                        oldest first: [{"path", "headers": [[name, value]], "raw", "body"}]
                                        `raw` is base64 of what was on the wire, `body` of what it decodes to
                                        (gzip, deflate; br where the module brotli is), null when it cannot be
DELETE /captured                        forget

The address to listen on is $SAAS_VALIDATE_BIND, by default 127.0.0.1. Nothing is written to a file or a log.
"""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import os
import re
import sys
import threading
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ACCEPTED = re.compile(r"/api/[^/]+/(envelope|store)/?(\?.*)?")


def decode(content: bytes, encoding: str) -> bytes | None:
    """The content without its Content-Encoding; None when that is not possible."""
    name = encoding.strip().lower()
    try:
        if name in ("", "identity"):
            return content
        if name == "gzip":
            return gzip.decompress(content)
        if name == "deflate":
            return _inflate(content)
        if name == "br":
            decoded: bytes = importlib.import_module("brotli").decompress(content)
            return decoded
    except Exception:  # whatever a broken body raises, it is shown raw
        return None
    return None


def _inflate(content: bytes) -> bytes:
    """Deflate with the zlib header that the standard asks for, or without, as some clients send it."""
    try:
        return zlib.decompress(content)
    except zlib.error:
        return zlib.decompress(content, -zlib.MAX_WBITS)


class Captured:
    """What arrived so far; shared by the threads that serve."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[dict[str, Any]] = []

    def add(self, path: str, headers: list[tuple[str, str]], raw: bytes, body: bytes | None) -> None:
        """Keep one request."""
        item = {
            "path": path,
            "headers": [list(header) for header in headers],
            "raw": base64.b64encode(raw).decode(),
            "body": None if body is None else base64.b64encode(body).decode(),
        }
        with self._lock:
            self._items.append(item)

    def all(self) -> list[dict[str, Any]]:
        """Everything, oldest first."""
        with self._lock:
            return list(self._items)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes; the second would wait 40 ms for the client
    captured = Captured()

    def do_GET(self) -> None:
        """Show what arrived."""
        if self.path == "/up":
            self._answer(200, {"status": "up"})
        elif self.path == "/captured":
            self._answer(200, self.captured.all())
        else:
            self._answer(404, {"detail": "not here"})

    def do_POST(self) -> None:
        """Take a report."""
        raw = self._body()
        if not _ACCEPTED.fullmatch(self.path):
            self._answer(404, {"detail": "not here"})
            return
        body = decode(raw, self.headers.get("Content-Encoding", ""))
        self.captured.add(self.path, list(self.headers.items()), raw, body)
        self._answer(200, {"id": uuid.uuid4().hex})

    def do_DELETE(self) -> None:
        """Forget what arrived."""
        if self.path == "/captured":
            self.captured.clear()
            self._answer(200, [])
        else:
            self._answer(404, {"detail": "not here"})

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a request line may carry what must not be seen."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        content = self.rfile.read(size)
        self.rfile.readline()
        return content

    def _answer(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(argv: list[str]) -> None:
    """Serve until killed."""
    address = (os.environ.get("SAAS_VALIDATE_BIND", "127.0.0.1"), int(argv[1]))
    ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv)
