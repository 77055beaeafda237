"""The backup drill: a round trip on a real database, and faults on the way there and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.backup import Drill, RoundTrip, Scripts
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, owned, psql
from pytest_saas_validate.probes.backup_catalogue import catalogue
from pytest_saas_validate.probes.backup_commands import (
    Commands,
    artefact_of,
    ending,
    folder_of,
    listing,
    published,
)
from pytest_saas_validate.probes.backup_faults import backup_faults, leftovers, restore_faults
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Database

_TENANTS = {"7d1f0000-0000-4000-8000-00000000000a": 3, "7d1f0000-0000-4000-8000-00000000000b": 2}
_BULK = "saas_validate_bulk"
_BULK_ROWS = 4000
# Things that a careless dump loses: a sequence that has moved, a view, a function, rights, bytes, nulls.
_BULK_SQL = f"""
SET ROLE {{migrator}};
CREATE TABLE {_BULK} (id bigserial PRIMARY KEY, body text, raw bytea, at timestamptz, part numeric);
INSERT INTO {_BULK} (body, raw, at, part)
  SELECT md5(i::text) || ' ''quoted'' \\ é ' || md5((i * 7)::text), decode(md5(i::text), 'hex'),
         timestamptz '2024-02-29 12:00+00' + i * interval '1 minute',
         CASE WHEN i % 10 = 0 THEN NULL ELSE i / 7.0 END
    FROM generate_series(1, {_BULK_ROWS}) AS i;
CREATE INDEX {_BULK}_body ON {_BULK} (body) WHERE part IS NOT NULL;
CREATE VIEW {_BULK}_view AS SELECT id, body FROM {_BULK} WHERE part IS NOT NULL;
CREATE FUNCTION {_BULK}_function() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT ON {_BULK}, {_BULK}_view TO {{app}};
"""


def _drill(project: Project, stack: Stack) -> Drill:
    owned(stack, "the backup drill")
    database = project.spec.database
    if database is None or not database.table:
        raise ProbeError("the project names no tenant-owned table; add database.table to its table")
    commands = Commands(project, stack)
    _fill(project, stack, database)
    before, tenants = catalogue(stack), _by_tenant(stack, database)
    made = commands.backup()
    if not made.ok:
        raise ProbeError(f"the backup command fails on a healthy database: {made.explain()}")
    artefact = artefact_of(made)
    folder = folder_of(artefact)
    backups = tuple(backup_faults(commands, database, folder))
    restores = tuple(restore_faults(commands, artefact))
    left = leftovers(commands, folder)
    late = _write_late(project, stack, database)
    connected = _connected(stack, database)
    back = commands.restore(artefact)
    trip = RoundTrip(
        backup_code=made.code,
        restore_code=back.code,
        said=ending(back),
        before=before,
        after=catalogue(stack),
        tenants=tenants,
        restored_tenants=_by_tenant(stack, database),
        late_rows=_count(stack, database, late),
        connected=connected,
        serves=_serves(project, stack),
    )
    files = listing(commands, folder)
    return Drill(
        round_trip=trip,
        backups=backups,
        restores=restores,
        role=_role(stack, database),
        modes={name: files[name] for name in sorted(published(files))},
        leftovers=left,
        checksum=_checksum(commands, artefact),
        betrayed=tuple(_betrayed(commands, folder, made.stdout + made.stderr + back.stdout + back.stderr)),
    )


def _fill(project: Project, stack: Stack, database: Database) -> None:
    """Rows of two tenants by the application itself, and a table of ours beside."""
    routes = project.spec.routes
    with Client(project, stack) as client:
        for tenant, count in _TENANTS.items():
            token = good_token(project, stack, tenant)
            for _ in range(count):
                answer = client.send("POST", routes.collection, token=token, json=dict(routes.create))
                if answer.status_code != 201:
                    raise ProbeError(f"POST {routes.collection} answered {answer.status_code}, not 201")
    names = {"migrator": psql.name(database.migrator), "app": psql.name(database.app)}
    psql.execute(stack, _BULK_SQL.format(**names))


def _by_tenant(stack: Stack, database: Database) -> Mapping[str, int]:
    column = psql.name(database.tenant_column)
    table = psql.name(database.table)
    query = f"SELECT {column}::text AS tenant, count(*) AS rows FROM {table} GROUP BY 1 ORDER BY 1"
    return {row["tenant"]: row["rows"] for row in psql.rows(stack, query)}


def _write_late(project: Project, stack: Stack, database: Database) -> str:
    """A tenant that begins after the backup, and rows of another that go: the restore must undo both."""
    tenant = "7d1f0000-0000-4000-8000-00000000000c"
    with Client(project, stack) as client:
        token = good_token(project, stack, tenant)
        client.send(
            "POST", project.spec.routes.collection, token=token, json=dict(project.spec.routes.create)
        )
    if _count(stack, database, tenant) != 1:
        raise ProbeError("a row written after the backup did not arrive: its absence would prove nothing")
    gone = psql.literal(next(iter(_TENANTS)))
    table, column = psql.name(database.table), psql.name(database.tenant_column)
    psql.execute(stack, f"DELETE FROM {table} WHERE {column}::text = {gone}; DROP VIEW {_BULK}_view;")
    return tenant


def _count(stack: Stack, database: Database, tenant: str) -> int:
    return _by_tenant(stack, database).get(tenant, 0)


def _connected(stack: Stack, database: Database) -> int:
    query = (
        "SELECT count(*) AS sessions FROM pg_stat_activity "
        f"WHERE usename = {psql.literal(database.app)} AND datname = current_database()"
    )
    return int(psql.rows(stack, query)[0]["sessions"])


def _serves(project: Project, stack: Stack) -> str:
    """What is wrong with the application's answer to the tenant whose rows were deleted and restored."""
    tenant, rows = next(iter(_TENANTS.items()))
    collection = project.spec.routes.collection
    said = ""
    with Client(project, stack) as client:
        token = good_token(project, stack, tenant)
        for _ in range(20):  # its pool may hold dead connections for a moment
            answer = client.send("GET", collection, token=token)
            if answer.status_code == 200:
                found = answer.text.count('"id"')
                return "" if found == rows else f"GET {collection} shows {found} of {rows} rows"
            said = f"GET {collection} answers {answer.status_code}"
            time.sleep(0.25)
    return said


def _role(stack: Stack, database: Database) -> Mapping[str, bool]:
    query = f"""
    SELECT rolsuper AS superuser, rolbypassrls AS sees_all, rolcreaterole OR rolcreatedb AS creates,
           pg_has_role(oid, 'pg_read_all_data', 'USAGE') AS reads_all,
           'default_transaction_read_only=on' = ANY (coalesce(rolconfig, '{{}}')) AS read_only
      FROM pg_roles WHERE rolname = {psql.literal(database.backup)}
    """
    found = psql.rows(stack, query)
    if not found:
        raise ProbeError(f"there is no role {database.backup}; database.backup names the backup's role")
    return {name: bool(value) for name, value in found[0].items()}


def _checksum(commands: Commands, artefact: str) -> str:
    """Read off the container's first bytes: zstd says in its frame header whether a checksum follows."""
    head = bytes.fromhex(commands.shell('head -c 16 "$1" | od -An -v -tx1 | tr -d " \\n"', artefact))
    if head[:4] == bytes.fromhex("28b52ffd"):
        return "zstd checksum" if head[4] & 0b100 else ""
    known = {b"\x1f\x8b": "gzip checksum", b"\xfd7zXZ": "xz checksum", b"age-encr": "age authentication"}
    return next((name for magic, name in known.items() if head.startswith(magic)), "")


def _betrayed(commands: Commands, folder: str, output: bytes) -> Iterator[str]:
    """Where a password of the tool's environment was seen."""
    passwords = [password.encode() for password in commands.passwords()]
    if not passwords:
        raise ProbeError("the backup's environment holds no password: nothing that could be betrayed")
    argv = commands.shell('cat "$1"/.shim-*/argv', folder).encode()
    names = commands.shell('ls -A "$1"', folder).encode()
    if not argv:
        raise ProbeError("no program stood in the tool's way: its command lines were not seen")
    for where, text in {"output": output, "a command line": argv, "a file's name": names}.items():
        if any(password in text for password in passwords):
            yield where


def _scripts(project: Project, features: Mapping[str, Feature]) -> Scripts:
    spec = project.spec.backup
    words = (*spec.backup, *spec.restore) if spec else ()
    named = [word for word in words if word in project.files]
    if not named:
        raise ProbeError("the backup's commands name no file of the project")
    return Scripts(texts={name: project.files[name].text or "" for name in named})


def _inputs(project: Project) -> tuple[str, ...]:
    spec = project.spec.backup
    if spec is None or not spec.inputs:
        raise ProbeError("backup.inputs names no files: give the folders that decide what a backup does")
    return spec.inputs


DRILL = Probe(
    evidence=Drill,
    subject=Subject.STACK,
    gather=_drill,
    effect=Effect.DESTROYS,
    inputs=_inputs,
    table=("backup", "database"),
)
SCRIPTS = Probe(evidence=Scripts, subject=Subject.PROJECT, gather=_scripts)
