"""The backup drill: a round trip on a real database, and faults on the way there and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.backup import ABSENT, Drill, RoundTrip, Scripts
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import (
    Effect,
    Probe,
    ProbeError,
    Unavailable,
    backup_objects,
    backup_role,
    owned,
    psql,
)
from pytest_saas_validate.probes.backup_catalogue import catalogue, differing, state
from pytest_saas_validate.probes.backup_commands import (
    WRONG,
    Commands,
    artefact_of,
    ending,
    folder_of,
    is_published,
    listing,
)
from pytest_saas_validate.probes.backup_faults import BackupFaults, leftovers
from pytest_saas_validate.probes.backup_restores import RestoreFaults
from pytest_saas_validate.probes.backup_shims import KNOWN, Shims
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.process import Run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Database

if TYPE_CHECKING:
    import httpx

_TENANTS = {"7d1f0000-0000-4000-8000-00000000000a": 3, "7d1f0000-0000-4000-8000-00000000000b": 2}
_LATE_TENANT = "7d1f0000-0000-4000-8000-00000000000c"
_TRIES = 20  # the application's pool may hold dead connections for a moment


def _drill(project: Project, stack: Stack) -> Drill:
    owned(stack, "the backup drill")
    database = project.spec.database
    if database is None or not database.table:
        raise ProbeError("the project names no tenant-owned table; add database.table to its table")
    commands = Commands(project, stack)
    _fill(project, stack)
    role, powers = backup_role.facts(stack, database), backup_role.powers(stack, database)
    absent = backup_objects.fill(stack, database)
    before, names = state(stack)
    start = RoundTrip(before=before, tenants=_by_tenant(stack, database), databases=tuple(names))
    made, called = _backed_up(commands)
    artefact = artefact_of(made)
    folder = folder_of(artefact)
    going = BackupFaults(commands, database, folder)
    backups = tuple(going.run(called))
    again = commands.backup()
    left = leftovers(commands, folder, again)
    coming = RestoreFaults(commands, artefact, artefact_of(again), before, names)
    restores = [*coming.dying_behind_the_swap()]
    base = catalogue(stack)
    _change(project, stack, database)
    coming.objects = late = catalogue(stack)
    start = replace(start, late={name: late.get(name, ABSENT) for name in differing(base, late)})
    restores += [*coming.failing(), *coming.damaged()]
    trip = _restore(project, stack, commands, artefact, start)
    whole = {name: found.mode for name, found in listing(commands, folder).items() if is_published(name)}
    return Drill(
        round_trip=trip,
        backups=backups,
        restores=tuple(restores),
        role=role,
        powers=powers,
        modes={**whole, **going.modes, **coming.modes},
        leftovers=left,
        checksum=_checksum(commands, artefact),
        betrayed=tuple(_betrayed(commands, folder)),
        unreached=(*absent, *going.unreached, *coming.unreached),
    )


def _fill(project: Project, stack: Stack) -> None:
    """Rows of two tenants by the application itself."""
    with Client(project, stack) as client:
        for tenant, count in _TENANTS.items():
            for _ in range(count):
                _create(project, stack, client, tenant)


def _backed_up(commands: Commands) -> tuple[Run, tuple[str, ...]]:
    """A good backup, and the programs that the tool calls for it."""
    folder = commands.backups_folder()
    shims = Shims.lay(commands, folder, "passes", KNOWN) if folder else None
    made = commands.backup(environment=shims.environment if shims else None)
    if not made.ok:
        raise ProbeError(f"the backup command fails on a healthy database: {made.explain()}")
    return made, shims.called() if shims else ("pg_dump",)


def _create(project: Project, stack: Stack, client: Client, tenant: str) -> None:
    routes = project.spec.routes
    for _ in range(_TRIES):
        token = good_token(project, stack, tenant)
        answer = client.send("POST", routes.collection, token=token, json=dict(routes.create))
        if answer.status_code == 201:
            return
        time.sleep(0.25)
    raise ProbeError(f"POST {routes.collection} answered {answer.status_code}, not 201")


def _restore(
    project: Project, stack: Stack, commands: Commands, artefact: str, start: RoundTrip
) -> RoundTrip:
    """The good restore, with the application connected."""
    database = project.spec.database or Database()
    with Client(project, stack) as client:  # an earlier restore may have ended its sessions
        _asked(project, client, good_token(project, stack, _LATE_TENANT))
    start = replace(start, connected=_connected(stack, database))
    back = commands.restore(artefact)
    after, names = state(stack)
    restored = _by_tenant(stack, database)
    return replace(
        start,
        restore_code=back.code,
        said=ending(back),
        after=after,
        restored_tenants=restored,
        late_rows=restored.get(_LATE_TENANT, 0),
        serves=_serves(project, stack),
        databases=tuple(sorted(names - set(start.databases))),
    )


def _by_tenant(stack: Stack, database: Database) -> Mapping[str, int]:
    column = psql.name(database.tenant_column)
    table = psql.name(database.table)
    query = f"SELECT {column}::text AS tenant, count(*) AS rows FROM {table} GROUP BY 1 ORDER BY 1"
    return {row["tenant"]: row["rows"] for row in psql.rows(stack, query)}


def _change(project: Project, stack: Stack, database: Database) -> None:
    """A tenant that begins after the backup, rows of another that go, and whatever else can change."""
    with Client(project, stack) as client:
        _create(project, stack, client, _LATE_TENANT)
    if _by_tenant(stack, database).get(_LATE_TENANT) != 1:
        raise ProbeError("a row written after the backup did not arrive: its absence would prove nothing")
    gone = psql.literal(next(iter(_TENANTS)))
    table, column = psql.name(database.table), psql.name(database.tenant_column)
    psql.execute(stack, f"DELETE FROM {table} WHERE {column}::text = {gone};")
    backup_objects.change(stack, database)


def _connected(stack: Stack, database: Database) -> int:
    query = (
        "SELECT count(*) AS sessions FROM pg_stat_activity "
        f"WHERE usename = {psql.literal(database.app)} AND datname = current_database()"
    )
    return int(psql.rows(stack, query)[0]["sessions"])


def _serves(project: Project, stack: Stack) -> str:
    """What is wrong with the answers to the tenant whose rows were deleted and restored."""
    tenant, rows = next(iter(_TENANTS.items()))
    routes = project.spec.routes
    with Client(project, stack) as client:
        token = good_token(project, stack, tenant)
        answer = _asked(project, client, token)
        if answer.status_code != 200:
            return f"GET {routes.collection} answers {answer.status_code}"
        found = answer.text.count('"id"')
        if found != rows:
            return f"GET {routes.collection} shows {found} of {rows} rows"
        answer = client.send("POST", routes.collection, token=token, json=dict(routes.create))
        return "" if answer.status_code == 201 else f"POST {routes.collection} answers {answer.status_code}"


def _asked(project: Project, client: Client, token: str) -> httpx.Response:
    """The last answer to GET of the collection: the first 200, or what there is after some seconds."""
    for _ in range(_TRIES):
        answer = client.send("GET", project.spec.routes.collection, token=token)
        if answer.status_code == 200:
            break
        time.sleep(0.25)
    return answer


def _checksum(commands: Commands, artefact: str) -> str:
    """Read off the container's first bytes: zstd says in its frame header whether a checksum follows."""
    head = bytes.fromhex(commands.shell('head -c 16 "$1" | od -An -v -tx1 | tr -d " \\n"', artefact))
    if head[:4] == bytes.fromhex("28b52ffd"):
        return "zstd checksum" if head[4] & 0b100 else ""
    known = {b"\x1f\x8b": "gzip checksum", b"\xfd7zXZ": "xz checksum", b"age-encr": "age authentication"}
    return next((name for magic, name in known.items() if head.startswith(magic)), "")


def _betrayed(commands: Commands, folder: str) -> Iterator[str]:
    """Where a password of the tool's environment was seen."""
    passwords = [password.encode() for password in commands.passwords()]
    if not passwords:
        raise ProbeError("the backup's environment holds no password: nothing that could be betrayed")
    words = commands.shell('cat "$1"/.shim-*/argv "$1"/.shim-*/words', folder)
    beside = commands.shell('cat "$1"/* 2>/dev/null | head -c 20000000 | tr -d "\\000" || :', folder)
    places = {
        "output": b"".join(commands.said),
        "a command line": words.encode(),
        "a file's name": commands.shell('ls -A "$1"', folder).encode(),
        "a file beside the backup": beside.encode(),
    }
    for where, text in places.items():
        if any(password in text for password in (*passwords, WRONG.encode())):
            yield where


def _scripts(project: Project, features: Mapping[str, Feature]) -> Scripts:
    spec = project.spec.backup
    if spec is None:
        raise Unavailable("pyproject.toml has no table [tool.pytest-saas-validate.backup]")
    words = (*spec.backup, *spec.restore)
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
