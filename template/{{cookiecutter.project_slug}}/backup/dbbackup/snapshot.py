"""One moment of the database, held for as long as the dump runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from dbbackup.contents import read_tables
from dbbackup.failure import ExitCode, Failure
from dbbackup.session import Connection

ATTEMPTS = 5


@asynccontextmanager
async def exported(connection: Connection) -> AsyncIterator[str]:
    """Hold a snapshot open and yield the name by which another session joins it.

    The tables are locked (ACCESS SHARE, which hinders neither readers nor writers) before the snapshot is
    taken: TRUNCATE and rewriting ALTER TABLE do not obey snapshots, and in between they would empty a table.
    Raises Failure (DATABASE) when tables keep appearing or someone holds one for longer than lock_timeout.
    """
    for _ in range(ATTEMPTS):
        tables = await read_tables(connection)
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if await locked(connection, list(tables)):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            if (await read_tables(connection)).keys() <= tables.keys():
                yield snapshot
                await connection.execute("COMMIT")
                return
        await connection.execute("ROLLBACK")
    raise Failure(
        ExitCode.DATABASE, "tables keep being created and dropped", "run again when migrations are done"
    )


async def locked(connection: Connection, tables: list[str]) -> bool:
    """Lock tables against being emptied or rewritten; False when one of them has gone meanwhile."""
    if not tables:
        return True
    names = ", ".join(f"ONLY {name}" for name in tables)
    try:
        await connection.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
    except asyncpg.UndefinedTableError:
        return False
    except asyncpg.LockNotAvailableError:
        raise Failure(
            ExitCode.DATABASE,
            "another session keeps a table locked",
            "run again when its migration has ended",
        ) from None
    return True
