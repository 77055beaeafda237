"""What a database holds, in a form that two databases can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dbbackup.catalogue import FROM_CLASS, QUERIES, RELATION, USER_CLASS
from dbbackup.session import Connection, identifier

# Partitioned tables hold no rows of their own, materialised views are computed again when restored
# and may have been stale, foreign tables live elsewhere.
TABLES = f"""
SELECT c.oid, {RELATION} AS name,
  ARRAY(SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
{FROM_CLASS} WHERE c.relkind = 'r' AND {USER_CLASS} ORDER BY 2"""

GRANTS = """
ARRAY(SELECT concat(CASE g.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(g.grantee) END, '=',
        g.privilege_type, CASE WHEN g.is_grantable THEN '*' END)
      FROM aclexplode(o.acl) g ORDER BY 1)"""

# The sum depends on no order, and unlike XOR it tells two equal rows from none.
COUNT_AND_HASH = """
SELECT count(*) AS count, coalesce(sum(hashtextextended({text} COLLATE "C", 0)::numeric), 0)::text AS hash
FROM {source}"""


@dataclass(frozen=True)
class Entry:
    """One object: its owner, grants (grantee=PRIVILEGE, with * when it may be passed on) and definition."""

    owner: str | None
    grants: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class Rows:
    """How many rows a table has and the sum of their hashes: independent of order, and duplicates count."""

    columns: tuple[str, ...]
    count: int
    hash: str


@dataclass(frozen=True)
class Position:
    """The lowest and the highest value that a sequence would have given next while the dump ran."""

    low: int
    high: int


@dataclass(frozen=True)
class Contents:
    """Objects by kind and name, rows by table, positions by sequence, and the large objects."""

    objects: Mapping[str, Mapping[str, Entry]]
    tables: Mapping[str, Rows]
    sequences: Mapping[str, Position]
    large_objects: Rows


async def read_objects(connection: Connection) -> dict[str, dict[str, Entry]]:
    """Read every object that a dump contains; well under a second for hundreds of tables."""
    objects = {}
    for kind, query in QUERIES.items():
        found = await connection.fetch(
            f"SELECT o.name, o.owner, o.definition, {GRANTS} AS grants FROM ({query}) o ORDER BY 1"
        )
        objects[kind] = {
            row["name"]: Entry(row["owner"], tuple(row["grants"]), row["definition"] or "") for row in found
        }
    return objects


async def read_tables(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Read the columns of every table whose rows are in a dump."""
    return {row["name"]: tuple(row["columns"]) for row in await connection.fetch(TABLES)}


async def read_rows(connection: Connection, table: str, columns: tuple[str, ...]) -> Rows:
    """Count and hash a table's rows; reads the whole table (some 300 MB per second)."""
    names = ", ".join(map(identifier, columns))
    row = await connection.fetchrow(COUNT_AND_HASH.format(text=f"ROW({names})::text", source=f"ONLY {table}"))
    return Rows(columns, row["count"], row["hash"])


async def read_large_objects(connection: Connection) -> Rows:
    """Count and hash the large objects; each is held in the server's memory once."""
    text = "(oid::text || encode(sha256(lo_get(oid)), 'hex'))"
    row = await connection.fetchrow(COUNT_AND_HASH.format(text=text, source="pg_largeobject_metadata"))
    return Rows((), row["count"], row["hash"])


async def read_sequences(connection: Connection) -> dict[str, int]:
    """Read the value that each sequence would give next; sequences obey no snapshot."""
    steps = await connection.fetch(
        f"SELECT {RELATION} AS name, s.seqincrement AS step"
        f" {FROM_CLASS} JOIN pg_sequence s ON s.seqrelid = c.oid WHERE {USER_CLASS}"
    )
    positions = {}
    for name, step in steps:
        last, is_called = await connection.fetchrow(f"SELECT last_value, is_called FROM {name}")
        positions[name] = last + step if is_called else last
    return positions


async def read_contents(connection: Connection) -> Contents:
    """Read everything, the sequences last; the time is that of reading every row once."""
    objects = await read_objects(connection)
    tables = {
        name: await read_rows(connection, name, columns)
        for name, columns in (await read_tables(connection)).items()
    }
    large_objects = await read_large_objects(connection)
    sequences = {name: Position(value, value) for name, value in (await read_sequences(connection)).items()}
    return Contents(objects, tables, sequences, large_objects)
