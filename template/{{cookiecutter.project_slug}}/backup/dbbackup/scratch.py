"""Databases that live no longer than one restore."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets

import asyncpg

from dbbackup.address import Address
from dbbackup.failure import ExitCode, Failure
from dbbackup.session import Connection, identifier, session

log = logging.getLogger("dbbackup")

# CREATE, RENAME and DROP DATABASE need a session in a database that they do not concern.
MAINTENANCE = "postgres"
REMOVAL_SECONDS = 30

SCRATCH = "scratch"
OLD = "old"


def temporary_name(kind: str, target: str, token: str) -> str:
    """Return the name of a run's database: readable, at most 63 bytes, and nobody else's."""
    readable = target.encode()[:30].decode(errors="ignore")
    return f"{readable}_{kind}_{hashlib.sha256(target.encode()).hexdigest()[:8]}{token}"


def new_token() -> str:
    """Return what tells one run from another."""
    return secrets.token_hex(4)


async def claim(connection: Connection, target: str) -> None:
    """Hold the right to restore a database until the session ends; raises Failure (BUSY) when it is taken."""
    if not await connection.fetchval(
        "SELECT pg_try_advisory_lock(hashtextextended('dbbackup ' || $1, 0))", target
    ):
        raise Failure(ExitCode.BUSY, f"another restore of {target} is running", "wait until it has ended")


async def sweep(connection: Connection, target: str) -> None:
    """Drop what dead runs left; only the holder of the claim may call this.

    A run renames both databases in one transaction, so a leftover is never the only copy of the target.
    """
    names = await connection.fetchval(
        "SELECT ARRAY(SELECT datname::text FROM pg_database WHERE pg_get_userbyid(datdba) = current_user)"
    )
    patterns = [re.escape(temporary_name(kind, target, "")) + "[0-9a-f]{8}" for kind in (SCRATCH, OLD)]
    for name in names:
        if any(re.fullmatch(pattern, name) for pattern in patterns):
            log.info("dropping database %s of a dead run", name)
            await drop(connection, name)


async def drop(connection: Connection, name: str) -> None:
    """Drop a database if it exists, ending the sessions in it."""
    await connection.execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


async def remove(server: Address, name: str) -> None:
    """Drop a run's database, waiting for a restarting server; what stays is left to the next run."""
    try:
        async with asyncio.timeout(REMOVAL_SECONDS):
            while not await removed(server, name):
                await asyncio.sleep(1)
    except TimeoutError:
        log.warning("database %s could not be dropped; the next restore drops it", name)


async def removed(server: Address, name: str) -> bool:
    """Try once to drop a database and return whether it is gone."""
    try:
        async with session(server.at(MAINTENANCE), reading=False) as connection:
            await drop(connection, name)
    except (Failure, asyncpg.PostgresError) as failure:
        log.info("%s", failure)
        return False
    return True
