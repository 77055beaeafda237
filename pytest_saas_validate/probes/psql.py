"""Questions and changes by the database's superuser, through the stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.spec import Database


def execute(stack: Stack, sql: str) -> str:
    """What psql prints, unaligned and without titles; raises ProbeError with what it said."""
    argv = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", stack.facts["database"])
    ended = stack.exec("database", *argv, stdin=sql.encode())
    if not ended.ok:
        raise ProbeError(ended.explain())
    return ended.text.strip()


def rows(stack: Stack, query: str) -> list[dict[str, Any]]:
    """The rows of a query, one mapping for each."""
    text = execute(stack, f"SELECT coalesce(json_agg(found), '[]') FROM ({query}) AS found;")
    return list(json.loads(text))


def name(*parts: str) -> str:
    """A quoted identifier; a dot in a part separates schema and table."""
    words = [word for part in parts for word in part.split(".")]
    return ".".join('"' + word.replace('"', '""') + '"' for word in words)


def literal(text: str) -> str:
    """A quoted string."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def without_select(stack: Stack, database: Database) -> Iterator[None]:
    """Take the application's right to read its table away, and give it back whatever happens."""
    table, role = name(database.table), name(database.app)
    execute(stack, f"REVOKE SELECT ON {table} FROM {role};")
    try:
        yield
    finally:
        execute(stack, f"GRANT SELECT ON {table} TO {role};")


@contextmanager
def without_rights(stack: Stack, database: Database) -> Iterator[None]:
    """Take every right on its table away from the application, and give back those that it had."""
    table, role = name(database.table), name(database.app)
    every = ("SELECT", "INSERT", "UPDATE", "DELETE")
    asked = (f"has_table_privilege({literal(database.app)}, {literal(table)}, '{right}')" for right in every)
    held = [
        right
        for right, has in zip(every, execute(stack, f"SELECT {', '.join(asked)};").split("|"), strict=True)
        if has == "t"
    ]
    if not held:
        raise ProbeError(f"{database.app} has no right on {database.table} that could be taken away")
    execute(stack, f"REVOKE {', '.join(held)} ON {table} FROM {role};")
    try:
        yield
    finally:
        execute(stack, f"GRANT {', '.join(held)} ON {table} TO {role};")
