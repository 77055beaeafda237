"""Faults in the way of a backup, and what each left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pytest_saas_validate.evidence.backup import Attempt, Kind
from pytest_saas_validate.probes import ProbeError, psql
from pytest_saas_validate.probes.backup_commands import (
    Commands,
    Entry,
    ending,
    is_published,
    listing,
    modes,
)
from pytest_saas_validate.probes.backup_shims import Shims
from pytest_saas_validate.process import Run
from pytest_saas_validate.spec import Database

_SMALL_DISK = 'ulimit -f 64; exec "$@"'  # no file of more than 32 kB: what a full disk does
_STATUS = "ends with status 1"
_FAILURES = (_STATUS, "ends with status 3 after its last byte")


@dataclass
class BackupFaults:
    """Backups into one folder, which holds a good one already."""

    commands: Commands
    database: Database
    folder: str
    modes: dict[str, str] = field(default_factory=dict)
    unreached: list[str] = field(default_factory=list)
    _known: Mapping[str, Entry] = field(default_factory=dict)

    def run(self, called: tuple[str, ...]) -> Iterator[Attempt]:
        """Each fault once; `called` are the programs of which the tool is made."""
        self._known = listing(self.commands, self.folder)
        wrong = self.commands.wrong_credentials()
        yield self._attempt("wrong credentials", self.commands.backup(environment=wrong))
        with self._under_row_security():
            yield self._attempt("the role is subject to row level security", self.commands.backup())
        yield from self._in_a_new_folder()
        for program in called:
            for does in _FAILURES if program == "pg_dump" else (_STATUS,):
                yield self._shimmed(f"{program} {does}", does, program)
        yield self._attempt("the disk is full", self.commands.backup(_SMALL_DISK))
        yield self._shimmed("the backup is stopped by SIGTERM", "is stopped")
        yield self._shimmed("the whole script is killed", "dies with all", kind=Kind.DEATH)

    def _shimmed(self, fault: str, does: str, program: str = "pg_dump", kind: Kind = Kind.FAILURE) -> Attempt:
        shims = Shims.lay(self.commands, self.folder, does, (program,))
        found = self._attempt(fault, self.commands.backup(environment=shims.environment), kind)
        shims.must_have_been(program)
        if kind is Kind.DEATH:
            self._look_at(shims)
        return found

    def _attempt(self, fault: str, ended: Run, kind: Kind = Kind.FAILURE) -> Attempt:
        known, self._known = self._known, listing(self.commands, self.folder)
        return _attempt(fault, ended, kind, known, self._known)

    def _in_a_new_folder(self) -> Iterator[Attempt]:
        """The dump is killed, and the folder of the backups is one that the tool has to make."""
        shims = Shims.lay(self.commands, self.folder, "is killed", ("pg_dump",))
        folder = f"{shims.folder}/made"
        environment = {**shims.environment, **dict.fromkeys(self.commands.folder_variables(), folder)}
        ended = self.commands.backup(environment=environment)
        if not shims.called() or len(environment) == len(shims.environment):
            self.unreached.append("the mode of the folder of backups: the tool does not make it")
            yield self._shimmed("pg_dump is killed", "is killed")
            return
        for mode in modes(self.commands.shell('ls -ld "$1"', folder)).values():
            self.modes["the folder that the backup made"] = mode
        yield _attempt("pg_dump is killed", ended, Kind.FAILURE, {}, listing(self.commands, folder))

    @contextmanager
    def _under_row_security(self) -> Iterator[None]:
        """The backup role without BYPASSRLS, as a database whose roles were made by hand has it."""
        stack, name = self.commands.stack, psql.name(self.database.backup)
        query = "SELECT rolbypassrls AS sees_all FROM pg_roles WHERE rolname = "
        saw_all = bool(psql.rows(stack, query + psql.literal(self.database.backup))[0]["sees_all"])
        psql.execute(stack, f"ALTER ROLE {name} NOBYPASSRLS;")
        try:
            yield
        finally:
            if saw_all:
                psql.execute(stack, f"ALTER ROLE {name} BYPASSRLS;")

    def _look_at(self, shims: Shims) -> None:
        """What could be read while the tool was at work, and after it had died."""
        seen = modes(shims.read("seen"))
        if not seen:
            raise ProbeError("no file was seen while a backup was written: its mode is unknown")
        if "pg_dump" not in shims.read("words"):
            self.unreached.append("command lines of programs that are not shimmed: no list of processes here")
        for name, mode in seen.items():
            self.modes[f"{name.removeprefix('./')}, while a backup is written"] = mode
        for name, entry in self._known.items():
            if not is_published(name):
                self.modes[f"{name}, after a kill"] = entry.mode


def _attempt(
    fault: str, ended: Run, kind: Kind, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> Attempt:
    whole = {name: entry for name, entry in before.items() if is_published(name)}
    return Attempt(
        fault=fault,
        code=ended.code,
        kind=kind,
        published=tuple(sorted(name for name in after.keys() - before.keys() if is_published(name))),
        harmed=tuple(sorted(name for name, entry in whole.items() if after.get(name) != entry)),
        said=ending(ended),
    )


def leftovers(commands: Commands, folder: str, ended: Run) -> tuple[str, ...]:
    """Partial files of dead runs that lie there still after one more run, which must be a good one."""
    if not ended.ok:
        raise ProbeError(f"the backup command does not recover from faults: {ended.explain()}")
    # A lock file may stay: what locks is the kernel's lock on it.
    names = [name for name in listing(commands, folder) if not is_published(name)]
    return tuple(sorted(name for name in names if not name.endswith(".lock")))
