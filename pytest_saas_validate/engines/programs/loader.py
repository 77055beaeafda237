"""Sends light load to services of its network, and tells which requests were not answered well.

    python loader.py PORT

GET  /up      200 once it serves
POST /ask     {"url": ..., "host": ...}: one request; {"what": ""} when it was answered well
POST /begin   {"targets": {NAME: {"url": ..., "host": ...}}, "pause": 0.05, "seconds": 120}
POST /end     stops; {NAME: {"sent": 812, "failed": 1, "failures": [{"at": 3.14, "what": "503"}]}}, `at` in
              seconds; of the failures the first 200

Each request has a connection of its own, as a new client's would, and the next one waits for its end. A load
ends by itself after `seconds`, of which there are at most 600. The address to listen on is
$SAAS_VALIDATE_BIND, by default 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_LARGEST_BODY = 1 << 16
_LONGEST = 600.0
_PATIENCE = 5.0
_KEPT = 200  # failures that are told; all are counted


def ask(target: dict[str, str]) -> str:
    """What was wrong with one request; empty when it was answered well."""
    url = urlsplit(target["url"])
    connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=_PATIENCE)
    with contextlib.closing(connection):
        try:
            headers = {"Host": target["host"], "Connection": "close"}
            connection.request("GET", url.path or "/", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as problem:
            return f"{type(problem).__name__}: {problem}"
    return "" if answer.status < 400 else str(answer.status)


class Load:
    """Requests to one target until it is ended."""

    def __init__(self, target: dict[str, str], pause: float, seconds: float) -> None:
        self._target = target
        self._pause = pause
        self._begun = time.monotonic()
        self._deadline = self._begun + min(seconds, _LONGEST)
        self._stop = threading.Event()
        self.sent = self.failed = 0
        self.failures: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> dict[str, Any]:
        """Stop, and tell what was seen."""
        self._stop.set()
        self._thread.join(2 * _PATIENCE)
        return {"sent": self.sent, "failed": self.failed, "failures": self.failures}

    def _run(self) -> None:
        while not self._stop.wait(self._pause) and time.monotonic() < self._deadline:
            begun = time.monotonic() - self._begun
            what = ask(self._target)
            self.sent += 1
            self.failed += bool(what)
            if what and len(self.failures) < _KEPT:
                self.failures.append({"at": round(begun, 2), "what": what})


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    loads: dict[str, Load]

    def do_GET(self) -> None:
        """Whether it serves."""
        self._answer(200 if self.path == "/up" else 404, {})

    def do_POST(self) -> None:
        """Ask once, begin, or end."""
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST_BODY)
        body = self.rfile.read(length)
        if self.path == "/ask":
            self._answer(200, {"what": ask(json.loads(body))})
        elif self.path == "/begin" and not self.loads:
            wanted = json.loads(body)
            pause, seconds = float(wanted["pause"]), float(wanted["seconds"])
            self.loads.update(
                {name: Load(target, pause, seconds) for name, target in wanted["targets"].items()}
            )
            self._answer(200, {})
        elif self.path == "/end":
            ended = {name: load.end() for name, load in self.loads.items()}
            self.loads.clear()
            self._answer(200, ended)
        else:
            self._answer(409 if self.path == "/begin" else 404, {})

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(argv: list[str]) -> None:
    """Serve until killed."""
    Handler.loads = {}
    address = os.environ.get("SAAS_VALIDATE_BIND", "127.0.0.1"), int(argv[1])
    ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv)
