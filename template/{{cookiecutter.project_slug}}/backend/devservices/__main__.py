"""Command line of the development services: `python -m devservices up`."""

from __future__ import annotations

import argparse
import sys
import uuid
from pathlib import Path

from devservices.identity import FIRST_TENANT
from devservices.stack import PROJECT, Stack


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devservices", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=PROJECT / ".dev", help="where the services keep their files"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start database, cache and identity provider, write the file env")
    commands.add_parser("down", help="stop them, keep the data").add_argument(
        "--delete", action="store_true", help="remove the data too"
    )
    commands.add_parser("env", help="print the variables")
    token = commands.add_parser("token", help="print a token that the API accepts for an hour")
    token.add_argument("--tenant", type=uuid.UUID, default=FIRST_TENANT)
    commands.add_parser(
        "guard", help="wait until standard input ends, then stop the services and remove the data"
    )
    options = parser.parse_args(arguments)
    stack = Stack(options.folder)
    if options.command == "up":
        stack.up()
        print(f"started; addresses and passwords are in {stack.folder / 'env'}")
    elif options.command == "down":
        (stack.delete if options.delete else stack.down)()
    elif options.command == "env":
        print((stack.folder / "env").read_text(), end="")
    elif options.command == "token":
        print(stack.identity.token(options.tenant))
    else:
        sys.stdin.read()
        Stack(options.folder).delete()
    return 0


if __name__ == "__main__":
    sys.exit(main())
