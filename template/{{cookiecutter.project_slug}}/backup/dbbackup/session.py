"""Connections to the server, with every setting fixed that changes how a value is printed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from dbbackup.address import Address
from dbbackup.failure import ExitCode, Failure

Connection: TypeAlias = Any  # asyncpg carries no types

CONNECT_SECONDS = 30

ALWAYS = {
    "application_name": "dbbackup",
    "search_path": "",
    "statement_timeout": "0",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "60",
    "synchronous_commit": "on",
}
# A row's text, and so its hash, depends on these; row_security off turns a filtered read into an error.
READING = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "row_security": "off",
    "default_transaction_read_only": "on",
    "jit": "off",
}


async def connect(address: Address, *, reading: bool) -> Connection:
    """Open a session; one that reads is read-only and prints values the same way everywhere.

    Raises Failure (CONNECTION) when the server cannot be reached or refuses the role.
    """
    settings = ALWAYS | (READING if reading else {})
    try:
        connection = await asyncpg.connect(
            address.tls_url(),
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
            timeout=CONNECT_SECONDS,
            server_settings=settings,
        )
    except (OSError, TimeoutError) as error:
        reason = str(error) or f"no answer within {CONNECT_SECONDS} s"
        raise Failure(
            ExitCode.CONNECTION, f"cannot reach {address}: {reason}", "check that the server runs there"
        ) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Failure(
            ExitCode.CONNECTION,
            f"{address} refused: {headline(error)}",
            "check role, password and database in the URL",
        ) from None
    if server_major(connection) >= 17:
        await connection.execute("SET transaction_timeout = 0")
    return connection


@asynccontextmanager
async def session(address: Address, *, reading: bool) -> AsyncIterator[Connection]:
    """Hold a session open; it is ended without waiting when the block fails.

    What the server refuses becomes a Failure: ROLE when a right is lacking, else DATABASE.
    """
    connection = await connect(address, reading=reading)
    try:
        yield connection
        await connection.close(timeout=CONNECT_SECONDS)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Failure(
            ExitCode.ROLE, f"{address}: {headline(error)}", f"grant {address.user} that right"
        ) from None
    except (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        ConnectionError,
    ) as error:
        raise Failure(
            ExitCode.DATABASE, f"{address}: {headline(error)}", "cure the cause and run again"
        ) from None
    finally:
        if not connection.is_closed():
            connection.terminate()


def headline(error: Exception) -> str:
    """Return what an error says, without the details below it, which can quote a row."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def server_major(connection: Connection) -> int:
    """Return the server's major version."""
    return int(connection.get_server_version().major)


def identifier(name: str) -> str:
    """Quote a name for a statement that takes no parameters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string for a statement that takes no parameters (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"
