"""Make one backup."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from dbbackup import folder, programs
from dbbackup.address import Address
from dbbackup.archive import Digest, begins_well, compress
from dbbackup.compare import fingerprint
from dbbackup.contents import Position, read_contents, read_objects, read_sequences
from dbbackup.failure import ExitCode, Failure
from dbbackup.manifest import Manifest
from dbbackup.programs import Program
from dbbackup.properties import read_properties
from dbbackup.rights import check_large_objects, check_reader
from dbbackup.session import Connection, server_major, session
from dbbackup.snapshot import exported

log = logging.getLogger("dbbackup")

A = TypeVar("A")
B = TypeVar("B")

LOCK_WAIT_MILLISECONDS = 60_000


async def back_up(source: Address, destination: Path) -> Path:
    """Write one backup of a database into a folder and return the dump's path; its manifest lies beside it.

    Nothing has a final name before everything is on disk. Raises Failure; what was written is removed then.
    """
    with folder.locked(destination):
        folder.sweep(destination)
        async with session(source, reading=True) as connection:
            await check_reader(connection)
            await check_large_objects(connection)
            program = await programs.find("pg_dump", at_least=server_major(connection), reason="the server")
            started = datetime.now(UTC)
            artefact = destination / folder.artefact_name(source.database, started)
            try:
                manifest = await write(connection, program, source, artefact, started)
                folder.publish(artefact, manifest.dumps())
            except BaseException:
                folder.discard(artefact)
                raise
    log.info("%s: %d tables in %d bytes", artefact.name, len(manifest.contents.tables), manifest.archive.size)
    return artefact


async def write(
    connection: Connection, program: Program, source: Address, artefact: Path, started: datetime
) -> Manifest:
    """Write the partial dump and read in the same snapshot, at the same time, what must come out of it."""
    properties = await read_properties(connection, source.database)
    if properties is None:
        raise Failure(ExitCode.DATABASE, f"{source.database} was renamed or dropped", "run again")
    async with exported(connection) as snapshot:
        before = await read_sequences(connection)
        digest, contents = await together(
            dump(program, source, snapshot, artefact), read_contents(connection)
        )
        after = await read_sequences(connection)
        if await read_objects(connection) != contents.objects:
            raise Failure(
                ExitCode.DATABASE, "the schema changed meanwhile", "run again when migrations are done"
            )
    return Manifest(
        created=started.isoformat(timespec="seconds"),
        database=source.database,
        server_version=await connection.fetchval("SELECT current_setting('server_version_num')::int"),
        client_major=program.major,
        archive=digest,
        properties=properties,
        contents=replace(contents, sequences=between(before, after)),
        schema_fingerprint=fingerprint(contents.objects),
    )


async def dump(program: Program, source: Address, snapshot: str, artefact: Path) -> Digest:
    """Stream pg_dump's archive through zstd into the partial file."""
    unpublished = folder.partial(artefact)
    options = ("--format=custom", "--compress=0", f"--snapshot={snapshot}", "--no-password")
    with folder.storage(artefact.parent):
        async with programs.running(
            program, *options, f"--lock-wait-timeout={LOCK_WAIT_MILLISECONDS}", address=source, fed=False
        ) as child:
            with unpublished.open("xb") as file:
                digest = await child.work(compress, child.pipe, file)
                os.fsync(file.fileno())
            await child.finish()
        if not begins_well(unpublished):
            raise Failure(
                ExitCode.DATABASE, "pg_dump wrote no archive", f"check that {program.path} is pg_dump"
            )
    return digest


def between(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Position]:
    """Return where the sequences stood while the dump read them, at a moment that only pg_dump knows."""
    return {
        name: Position(min(before[name], value), max(before[name], value)) for name, value in after.items()
    }


async def together(first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Run two things at once; when one fails, the other is given up and that failure is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            one, other = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return one.result(), other.result()
