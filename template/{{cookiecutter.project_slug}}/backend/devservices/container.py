"""The identity provider of compose.yml: `python -m devservices.container serve`, and `token` beside it.

It takes its name and audience from the variables that the API reads. The key lasts as long as the container.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import urllib.request
import uuid
from pathlib import Path

from devservices.identity import FIRST_TENANT, Identity, load_key
from devservices.issuer import IssuerServer

PORT = 8001
KEY = Path("/tmp/issuer.json")
TIME_LIMIT = 2  # seconds


def serve(host: str = "0.0.0.0", port: int = PORT, key: Path = KEY) -> None:
    """Answer until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with IssuerServer(port, load_key(key), host=host, name=os.environ["OIDC_ISSUER"]) as server:
        server.serve_forever()


def token(tenant: uuid.UUID, key: Path = KEY) -> str:
    """Return a token that the API accepts for an hour."""
    return Identity(os.environ["OIDC_ISSUER"], os.environ["OIDC_AUDIENCE"], load_key(key)).token(tenant)


def answers(port: int = PORT) -> bool:
    """Tell whether the server of this container hands out its key."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/.well-known/jwks.json", timeout=TIME_LIMIT):
            return True
    except OSError:
        return False


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devservices.container", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="hand out the public key until stopped")
    commands.add_parser("probe", help="succeed when the server answers")
    command = commands.add_parser("token", help="print a token that the API accepts for an hour")
    command.add_argument("--tenant", type=uuid.UUID, default=FIRST_TENANT)
    options = parser.parse_args(arguments)
    if options.command == "serve":
        serve()
    elif options.command == "token":
        print(token(options.tenant))
    else:
        return int(not answers())
    return 0


if __name__ == "__main__":
    sys.exit(main())
