"""The project's two commands, run where its backup tool runs, whole or with something in their way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from string import Template

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.process import Run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backup

PATIENCE = 120.0  # seconds that a backup or a restore may take
WRONG = "wr0ng-passw0rd"  # the one that is given where the right one belongs
_PARTIAL = re.compile(r"(^\.)|\.(partial|part|tmp|incomplete|lock)$")
# Nothing is left to the caller's umask: what the tool writes must be its owner's all the same.
_BEFORE = 'umask 000; [ -z "${SAAS_SHIM-}" ] || echo $$ > "$SAAS_SHIM/leader"; '
_WHOLE = 'exec "$@"'


@dataclass(frozen=True)
class Commands:
    """Runs what the project's table names."""

    project: Project
    stack: Stack
    said: list[bytes] = field(default_factory=list)  # all that the commands printed; holds secrets maybe

    @property
    def spec(self) -> Backup:
        """The backup's part of the table; raises ProbeError when there is none."""
        found = self.project.spec.backup
        if found is None or not found.backup or not found.restore:
            raise ProbeError(
                "the project names no backup and restore commands; "
                "add [tool.pytest-saas-validate.backup] with backup and restore"
            )
        return found

    def backup(self, around: str = _WHOLE, environment: Mapping[str, str] | None = None) -> Run:
        """Run the backup command; `around` is the shell's line that has it as "$@"."""
        return self._run(self.spec.backup, around, environment)

    def restore(
        self, artefact: str, environment: Mapping[str, str] | None = None, around: str = _WHOLE
    ) -> Run:
        """Run the restore command on an artefact."""
        words = tuple(Template(word).safe_substitute(artifact=artefact) for word in self.spec.restore)
        return self._run(words, around, environment)

    def _run(self, words: tuple[str, ...], around: str, environment: Mapping[str, str] | None) -> Run:
        argv = ("sh", "-c", _BEFORE + around, "sh", *words)
        ended = self.stack.exec("backup", *argv, environment=environment, timeout=PATIENCE)
        self.said.append(ended.stdout + ended.stderr)
        return ended

    def shell(self, script: str, *words: str) -> str:
        """What a shell script prints where the backup tool runs; raises ProbeError when it fails."""
        ended = self.stack.exec("backup", "sh", "-eu", "-c", script, "sh", *words)
        if not ended.ok:
            raise ProbeError(ended.explain())
        return ended.text.strip()

    def passwords(self) -> frozenset[str]:
        """Every password in the tool's environment; never part of evidence."""
        values = self.stack.env("backup").values()
        return frozenset(match for value in values for match in re.findall(r"://[^:/\s]+:([^@\s]+)@", value))

    def folder_variables(self) -> tuple[str, ...]:
        """The variables that tell the tool where backups lie."""
        return tuple(name for name, text in self.spec.environment.items() if text == "${backup_dir}")

    def backups_folder(self) -> str:
        """Where backups lie, made when it is not there; empty when no variable says it."""
        for name in self.folder_variables():
            return self.shell('[ -d "$1" ] || mkdir -m 700 "$1"; echo "$1"', self.stack.env("backup")[name])
        return ""

    def wrong_credentials(self) -> Mapping[str, str]:
        """The tool's environment with another password wherever the backup role's stands."""
        own = self.stack.env("backup")
        named = [name for name, text in self.spec.environment.items() if "${backup_password}" in text]
        if not named:
            raise ProbeError("backup.environment holds ${backup_password} nowhere: no way to say a wrong one")
        return {name: re.sub(r"(://[^:/]+:)[^@]+@", rf"\g<1>{WRONG}@", own[name]) for name in named}


@dataclass(frozen=True)
class Entry:
    """A file as `ls` and `cksum` show it."""

    mode: str
    sum: str


def artefact_of(run: Run) -> str:
    """The path that a good backup prints last; raises ProbeError."""
    lines = run.text.strip().splitlines()
    if not run.ok or not lines:
        raise ProbeError(f"the backup command gave no artefact: {run.explain()}")
    return lines[-1].strip()


def listing(commands: Commands, folder: str) -> Mapping[str, Entry]:
    """The files of a folder by name."""
    script = 'cd "$1"; for f in * .[!.]*; do [ ! -f "$f" ] || { ls -ld -- "$f"; cksum < "$f"; }; done'
    lines = commands.shell(script, folder).splitlines()
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return {line.split(None, 8)[8]: Entry(line.split()[0], total) for line, total in pairs}


def modes(text: str) -> Mapping[str, str]:
    """File or folder -> mode, from what `ls -l` printed."""
    rows = [line.split(None, 8) for line in text.splitlines()]
    return {row[8]: row[0] for row in rows if len(row) == 9 and row[0][0] in "-d"}


def is_published(name: str) -> bool:
    """Whether a reader would take the file for whole."""
    return not _PARTIAL.search(name)


def folder_of(artefact: str) -> str:
    """Where an artefact lies."""
    return str(PurePosixPath(artefact).parent)


def ending(run: Run) -> str:
    """The end of what a command said, scrubbed."""
    return scrub(run.stderr.decode(errors="replace"))[-300:].strip()
