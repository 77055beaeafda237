"""Faults in the way of a backup and of a restore, and what each left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pytest_saas_validate.evidence.backup import Attempt, Catalogue
from pytest_saas_validate.probes import ProbeError, psql
from pytest_saas_validate.probes.backup_catalogue import catalogue, databases, differing
from pytest_saas_validate.probes.backup_commands import Commands, ending, listing, published
from pytest_saas_validate.process import Run
from pytest_saas_validate.spec import Database

# The command's whole process group, itself included: nobody is left who could clean up.
_KILL_SCRIPT = '"$@" & sleep 1.5; kill -9 0'
_SMALL_DISK = 'ulimit -f 64; exec "$@"'  # no file of more than 32 kB: what a full disk does
_FLIPS = (3, 20, 35, 50, 65, 80, 97)  # per cent of the file
_FLIP = """
size=$(wc -c < "$1"); at=$((size * $2 / 100))
byte=$(dd if="$1" bs=1 skip=$at count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
printf "$(printf '\\\\%03o' $((byte ^ 16)))" | dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
"""
_TRUNCATE = (
    'size=$(wc -c < "$1"); head -c $((size * 6 / 10)) "$1" > "$1.cut"; cat "$1.cut" > "$1"; rm "$1.cut"'
)
_DAMAGES = {
    "the file is cut at 60 %": _TRUNCATE,
    "the file is empty": ': > "$1"',
    "the file is another file": 'printf "not a backup, but of some length\\n" > "$1"',
}


def backup_faults(commands: Commands, database: Database, folder: str) -> Iterator[Attempt]:
    """Run the backup under each fault; afterwards it is healthy again."""
    yield _backup(commands, folder, "wrong credentials", lambda: _wrong(commands))
    with _under_row_security(commands, database):
        yield _backup(commands, folder, "the role is subject to row level security", commands.backup)
    dies, hangs = (commands.shim("pg_dump", does, folder) for does in ("dies", "hangs"))
    yield _backup(commands, folder, "pg_dump is killed", lambda: commands.backup(environment=dies))
    yield _backup(
        commands,
        folder,
        "the whole script is killed",
        lambda: commands.backup(_KILL_SCRIPT, environment=hangs),
    )
    yield _backup(commands, folder, "the disk is full", lambda: commands.backup(_SMALL_DISK))


def _wrong(commands: Commands) -> Run:
    return commands.backup(environment=commands.wrong_credentials())


@contextmanager
def _under_row_security(commands: Commands, database: Database) -> Iterator[None]:
    """The backup role without BYPASSRLS, as a database whose roles were made by hand has it."""
    role = psql.name(database.backup)
    query = f"SELECT rolbypassrls AS sees_all FROM pg_roles WHERE rolname = {psql.literal(database.backup)}"
    saw_all = bool(psql.rows(commands.stack, query)[0]["sees_all"])
    psql.execute(commands.stack, f"ALTER ROLE {role} NOBYPASSRLS;")
    try:
        yield
    finally:
        if saw_all:
            psql.execute(commands.stack, f"ALTER ROLE {role} BYPASSRLS;")


def _backup(commands: Commands, folder: str, fault: str, run: Callable[[], Run]) -> Attempt:
    known = published(listing(commands, folder))
    ended = run()
    new = published(listing(commands, folder)) - known
    return Attempt(fault=fault, code=ended.code, published=tuple(sorted(new)), said=ending(ended))


def leftovers(commands: Commands, folder: str) -> tuple[str, ...]:
    """Partial files of dead runs that lie there still after one more good run, seen with pg_dump's words."""
    ended = commands.backup(environment=commands.shim("pg_dump", "passes", folder))
    if not ended.ok:
        raise ProbeError(f"the backup command does not recover from faults: {ended.explain()}")
    names = listing(commands, folder)
    return tuple(sorted(names.keys() - published(names) - _locks(names)))


def _locks(names: Mapping[str, str]) -> set[str]:
    """A lock file may stay: what locks is the kernel's lock on it."""
    return {name for name in names if name.endswith(".lock")}


def restore_faults(commands: Commands, artefact: str) -> Iterator[Attempt]:
    """Restore damaged copies, and a whole one whose restore is killed; the target must not notice."""
    state = _State.of(commands)
    for fault, script in _DAMAGES.items():
        yield state.restore(commands, fault, _damaged(commands, artefact, script))
    for per_cent in _FLIPS:
        copy = _damaged(commands, artefact, _FLIP, str(per_cent))
        yield state.restore(commands, f"one bit is flipped at {per_cent} %", copy)
    killed = commands.shim("pg_restore", "killed", artefact.rsplit("/", 1)[0])
    yield state.restore(commands, "the restoring client is killed", artefact, killed)


class _State:
    """The target as it was before the faults."""

    def __init__(self, objects: Catalogue, names: frozenset[str]) -> None:
        self.objects, self.names = objects, names

    @classmethod
    def of(cls, commands: Commands) -> _State:
        return cls(catalogue(commands.stack), databases(commands.stack))

    def restore(
        self, commands: Commands, fault: str, artefact: str, environment: Mapping[str, str] | None = None
    ) -> Attempt:
        ended = commands.restore(artefact, environment)
        return Attempt(
            fault=fault,
            code=ended.code,
            changed=differing(self.objects, catalogue(commands.stack)),
            databases=tuple(sorted(databases(commands.stack) - self.names)),
            said=ending(ended),
        )


def _damaged(commands: Commands, artefact: str, script: str, *words: str) -> str:
    """A copy of the whole backup, with everything that lies beside it, and the artefact damaged."""
    folder, name = artefact.rsplit("/", 1)
    copy = commands.shell(
        'd=$(mktemp -d "$1/.copy-XXXXXX"); find "$1" -maxdepth 1 -type f -exec cp {} "$d" \\; ; echo "$d"',
        folder,
    )
    damaged = f"{copy}/{name}"
    commands.shell(script, damaged, *words)
    if commands.shell('cmp -s "$1" "$2" && echo same || echo differs', artefact, damaged) == "same":
        raise ProbeError(f"{name}: the copy was not damaged")
    return damaged
