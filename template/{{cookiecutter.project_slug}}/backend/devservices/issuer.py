"""Serves the public half of a key as an identity provider does: `python -m devservices.issuer KEY PORT LOG`.

The server leaves the terminal as soon as it listens. Whoever holds the private key may stop it: POST with any
token signed by it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from devservices.identity import ALGORITHM, load_key


class IssuerServer(ThreadingHTTPServer):
    """The server; without another name its address is the issuer's."""

    daemon_threads = True

    def __init__(self, port: int, key: RSAKey, *, host: str = "127.0.0.1", name: str | None = None) -> None:
        super().__init__((host, port), IssuerHandler)
        self.key = key
        issuer = name or f"http://{host}:{self.server_port}"
        keys = f"{issuer}/.well-known/jwks.json"
        self.documents = {
            "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": keys},
            "/.well-known/jwks.json": {"keys": [key.as_dict(private=False)]},
        }


class IssuerHandler(BaseHTTPRequestHandler):
    """Answers with the documents of its server."""

    server: IssuerServer

    def do_GET(self) -> None:
        """Answer one of the documents."""
        document = self.server.documents.get(self.path)
        self._answer(200 if document else 404, document or {})

    def do_POST(self) -> None:
        """Stop the server for whoever can sign."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            jwt.decode(token, self.server.key, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            self._answer(403, {})
            return
        self._answer(200, {})
        threading.Thread(target=self.server.shutdown).start()

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_in_background(key: Path, port: int, log: Path) -> None:
    """Listen, then go on as a process of its own; raises `OSError` when the port is taken."""
    with IssuerServer(port, load_key(key)) as server:
        if os.fork():
            return
        os.setsid()
        with log.open("w") as output, Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        server.serve_forever()


if __name__ == "__main__":
    serve_in_background(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
