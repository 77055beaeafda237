"""Put one database in the place of another, entirely or not at all.

Both renames happen in one transaction, so there is no moment, and no crash, after which the target's name
belongs to nobody. The first rename locks the target's name: whoever connects from then on waits, and is let
in, or sent away to try again, when the transaction has ended. A second session meanwhile ends the sessions
that are already there. Nothing has to be forbidden beforehand, so nothing has to be allowed again.
"""

from __future__ import annotations

import asyncio

import asyncpg

from dbbackup.address import Address
from dbbackup.failure import ExitCode, Failure
from dbbackup.scratch import MAINTENANCE
from dbbackup.session import Connection, identifier, session

ATTEMPTS = 4  # the server itself waits 5 s in each for sessions to leave
PAUSE_SECONDS = 0.05

# Only a superuser may end a superuser's session.
END_SESSIONS = """
SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.datname = $1 AND NOT r.rolsuper"""

REMAINING = """
SELECT coalesce(string_agg(format('%s (pid %s)', coalesce(usename, backend_type), pid), ', '), 'unseen')
FROM pg_stat_activity WHERE datname = $1"""


async def swap(connection: Connection, server: Address, target: str, scratch: str, old: str) -> None:
    """Give `scratch` the name `target`, and what had that name, if anything, the name `old`.

    Raises Failure (SWAP) when sessions stay on the target; nothing has changed then.
    """
    async with session(server.at(MAINTENANCE), reading=False) as helper:
        for _ in range(ATTEMPTS):
            renaming = asyncio.create_task(rename(connection, target, scratch, old))
            try:
                while not renaming.done():
                    await helper.fetchval(END_SESSIONS, target)
                    await asyncio.wait({renaming}, timeout=PAUSE_SECONDS)
            finally:
                await asyncio.wait({renaming})
            if renaming.result():
                return
        sessions = await helper.fetchval(REMAINING, target)
    raise Failure(ExitCode.SWAP, f"sessions stay on {target}: {sessions}", "end them and run again")


async def rename(connection: Connection, target: str, scratch: str, old: str) -> bool:
    """Rename both databases in one transaction; False when one of them is in use or its name is locked."""
    exists = await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", target)
    try:
        async with connection.transaction():
            if exists:
                await connection.execute(f"ALTER DATABASE {identifier(target)} RENAME TO {identifier(old)}")
            await connection.execute(f"ALTER DATABASE {identifier(scratch)} RENAME TO {identifier(target)}")
    except (asyncpg.ObjectInUseError, asyncpg.LockNotAvailableError):
        return False
    return True
