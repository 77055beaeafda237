"""The command line: `dbbackup backup`, `dbbackup restore DUMP`, `dbbackup verify DUMP [--restore]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from dbbackup.address import parse
from dbbackup.backup import back_up
from dbbackup.failure import MEANINGS, ExitCode, Failure
from dbbackup.restore import inspect, rehearse, restore

log = logging.getLogger("dbbackup")

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Parser(argparse.ArgumentParser):
    """A parser whose help ends with the exit statuses."""

    def format_help(self) -> str:
        """Return the help."""
        statuses = "".join(f"  {code.value:3}  {meaning}\n" for code, meaning in MEANINGS.items())
        return f"{super().format_help()}\nexit status:\n{statuses}  128+n  stopped by signal n\n"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the three commands."""
    top = Parser(
        prog="dbbackup",
        description="Back up and restore the database as the roles backup and migrator, while it is in use.",
    )
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("backup", help="write a backup into BACKUP_DIR and print its path")
    for name, purpose in (
        ("restore", "replace the database of RESTORE_DATABASE_URL by a backup"),
        ("verify", "check a backup; touches no database unless --restore is given"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("dump", type=Path, help="path of the dump; its manifest lies beside it")
    command.add_argument("--restore", action="store_true", help="also restore it into a scratch database")
    return top


def work(arguments: argparse.Namespace) -> Coroutine[Any, Any, Path | None]:
    """Return what the arguments ask for; raises Failure (USAGE) when the environment lacks something."""
    if arguments.command == "backup":
        folder = os.environ.get("BACKUP_DIR", "")
        if not folder:
            raise Failure(
                ExitCode.USAGE, "BACKUP_DIR is not set", "set it to the folder that backups are kept in"
            )
        return back_up(parse("BACKUP_DATABASE_URL", os.environ), Path(folder).absolute())
    dump = arguments.dump.absolute()
    if arguments.command == "verify" and not arguments.restore:
        return inspect(dump)
    target, reader = parse("RESTORE_DATABASE_URL", os.environ), parse("BACKUP_DATABASE_URL", os.environ)
    return (restore if arguments.command == "restore" else rehearse)(dump, target, reader)


async def supervised(job: Coroutine[Any, Any, Path | None]) -> tuple[Path | None, int]:
    """Run a job until it ends or a signal stops it; return its result and the signal's number or 0."""
    task = asyncio.create_task(job)
    stopped_by = 0

    def stop(number: int) -> None:
        nonlocal stopped_by
        # A second signal would only interrupt the clearing up.
        if not stopped_by:
            stopped_by = number
            task.cancel()

    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        return await task, 0
    except asyncio.CancelledError:
        return None, stopped_by


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; the last line of standard output is the new dump's path."""
    os.umask(0o077)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        path, stopped_by = asyncio.run(supervised(work(parser().parse_args(arguments))))
    except Failure as failure:
        log.error("%s", failure)
        return failure.code
    if stopped_by:
        log.error("stopped by %s", signal.Signals(stopped_by).name)
        return 128 + stopped_by
    if path is not None:
        print(path, flush=True)
    return ExitCode.DONE
