"""Restore one backup, or rehearse it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbbackup import manifest as manifests
from dbbackup import programs, scratch
from dbbackup.address import Address
from dbbackup.archive import check, feed
from dbbackup.compare import differences
from dbbackup.contents import read_contents
from dbbackup.failure import ExitCode, Failure
from dbbackup.manifest import Manifest
from dbbackup.programs import Program
from dbbackup.properties import apply_properties, creation, read_properties
from dbbackup.rights import check_prerequisites, check_restorer
from dbbackup.session import Connection, identifier, server_major, session
from dbbackup.swap import swap

log = logging.getLogger("dbbackup")

SHOWN = 3  # differences in one message


@dataclass(frozen=True)
class Prepared:
    """A scratch database that equals its manifest, and the session that may put it in its place."""

    connection: Connection
    name: str
    token: str


async def restore(artefact: Path, target: Address, reader: Address) -> None:
    """Replace a database by a backup of it; until the last step, and after any failure, it is as it was.

    `target` names the database and the role that owns it, `reader` the role that sees every row.
    """
    manifest = await checked(artefact)
    async with prepared(artefact, manifest, target, reader) as ready:
        old = scratch.temporary_name(scratch.OLD, target.database, ready.token)
        await to_the_end(swap(ready.connection, target, target.database, ready.name, old))
    log.info("%s holds the backup of %s", target.database, manifest.created)
    await scratch.remove(target, old)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work that takes seconds and is not worth stopping; a signal meanwhile comes too late."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()


async def rehearse(artefact: Path, target: Address, reader: Address) -> None:
    """Restore a backup into a scratch database, compare it with its manifest, and drop it."""
    manifest = await checked(artefact)
    async with prepared(artefact, manifest, target, reader):
        log.info("%s can be restored", artefact.name)


async def inspect(artefact: Path) -> None:
    """Check a backup without a server: manifest, every checksum, and that pg_restore can read it all."""
    manifest = await checked(artefact)
    program = await programs.find("pg_restore", at_least=manifest.client_major, reason="the backup's pg_dump")
    async with programs.running(program, f"--file={os.devnull}", address=None, fed=True) as child:
        await pour(artefact, manifest, child)
    log.info("%s is whole", artefact.name)


async def checked(artefact: Path) -> Manifest:
    """Return the manifest of a dump that is byte for byte what was written."""
    manifest = manifests.load(artefact)
    await asyncio.to_thread(check, artefact, manifest.archive)
    return manifest


async def pour(artefact: Path, manifest: Manifest, child: programs.Child) -> None:
    """Feed a dump to pg_restore and wait for its verdict, which says more than a broken pipe."""
    try:
        await child.work(feed, artefact, child.pipe, manifest.archive)
    except BrokenPipeError:
        await child.finish()
        raise Failure(
            ExitCode.DATABASE, "pg_restore stopped reading", "check which pg_restore is on PATH"
        ) from None
    await child.finish()


@asynccontextmanager
async def prepared(
    artefact: Path, manifest: Manifest, target: Address, reader: Address
) -> AsyncIterator[Prepared]:
    """Hold a scratch database that was restored and compared; it is dropped unless it got another name."""
    database = target.database
    if database == scratch.MAINTENANCE:
        raise Failure(ExitCode.USAGE, f"{database} cannot be replaced", "name the application's database")
    async with session(target.at(scratch.MAINTENANCE), reading=False) as connection:
        program = await suitable_program(connection, manifest)
        owner = await check_restorer(connection, database)
        await scratch.claim(connection, database)
        await scratch.sweep(connection, database)
        # The grants and settings of a database that is there are newer than those of its backup.
        properties = await read_properties(connection, database) or manifest.properties
        await check_prerequisites(connection, manifest.contents, properties)
        token = scratch.new_token()
        name = scratch.temporary_name(scratch.SCRATCH, database, token)
        try:
            await connection.execute(creation(name, properties))
            await connection.execute(f"REVOKE ALL ON DATABASE {identifier(name)} FROM public")
            await connection.execute(
                f"GRANT CONNECT ON DATABASE {identifier(name)} TO {identifier(reader.user)}"
            )
            await fill(program, artefact, manifest, target.at(name))
            await compare(manifest, reader.at(name))
            await apply_properties(connection, name, properties, owner)
            yield Prepared(connection, name, token)
        finally:
            await scratch.remove(target, name)


async def suitable_program(connection: Connection, manifest: Manifest) -> Program:
    """Return a pg_restore that fits; a backup goes to a server of its own version or a newer one."""
    major = server_major(connection)
    if major < manifest.server_major:
        raise Failure(
            ExitCode.CLIENT,
            f"the backup is of server version {manifest.server_major}, this server is {major}",
            f"restore to version {manifest.server_major} or newer",
        )
    return await programs.find(
        "pg_restore", at_least=max(major, manifest.client_major), reason="the server or the backup's pg_dump"
    )


async def fill(program: Program, artefact: Path, manifest: Manifest, database: Address) -> None:
    """Restore everything or nothing, and let the planner know the tables."""
    options = ("--exit-on-error", "--single-transaction", "--no-password", f"--dbname={database.database}")
    async with programs.running(program, *options, address=database, fed=True) as child:
        await pour(artefact, manifest, child)
    async with session(database, reading=False) as connection:
        await connection.execute("ANALYZE")


async def compare(manifest: Manifest, database: Address) -> None:
    """Raise Failure (DIFFERENT) unless a database holds what the manifest says."""
    async with session(database, reading=True) as connection:
        found = await read_contents(connection)
        same_major = server_major(connection) == manifest.server_major
    every = list(differences(manifest.contents, found, same_major=same_major))
    if every:
        more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
        raise Failure(
            ExitCode.DIFFERENT,
            f"the restored content differs: {', '.join(every[:SHOWN])}{more}",
            "restore another backup",
        )
