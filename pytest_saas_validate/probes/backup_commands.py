"""The project's two commands, run where its backup tool runs, whole or with something in their way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from string import Template

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.process import Run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backup

PATIENCE = 120.0  # seconds that a backup or a restore may take
_PARTIAL = re.compile(r"(^\.)|\.(partial|part|tmp|incomplete|lock)$")
# A program that stands before the real one on PATH; $1 tells what it does, the rest is written down.
_SHIM = """#!/bin/sh
echo "$*" >> "{folder}/argv"
PATH=$(printf %s "$PATH" | sed 's|{folder}:||g'); export PATH
case " $* " in *" --version "*|*" -V "*) exec {name} "$@" ;; esac
{body}
"""
_BODIES = {
    "passes": 'exec {name} "$@"',
    "dies": '{name} "$@" | head -c 20000; kill -9 $$',
    "hangs": '{name} "$@" | head -c 20000; exec sleep 20',
    "killed": '{name} "$@" & p=$!; sleep 0.3; kill -9 $p; wait $p; kill -9 $$',
}


@dataclass(frozen=True)
class Commands:
    """Runs what the project's table names."""

    project: Project
    stack: Stack

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

    def backup(self, before: str = "", environment: Mapping[str, str] | None = None) -> Run:
        """Run the backup command, as the last words of a shell's command line when `before` is given."""
        return self._run(self.spec.backup, before, environment)

    def restore(self, artefact: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run the restore command on an artefact."""
        words = tuple(Template(word).safe_substitute(artifact=artefact) for word in self.spec.restore)
        return self._run(words, "", environment)

    def _run(self, words: tuple[str, ...], before: str, environment: Mapping[str, str] | None) -> Run:
        argv = ("sh", "-c", before, "sh", *words) if before else words
        return self.stack.exec("backup", *argv, environment=environment, timeout=PATIENCE)

    def shell(self, script: str, *words: str) -> str:
        """What a shell script prints where the backup tool runs; raises ProbeError when it fails."""
        ended = self.stack.exec("backup", "sh", "-eu", "-c", script, "sh", *words)
        if not ended.ok:
            raise ProbeError(ended.explain())
        return ended.text.strip()

    def shim(self, program: str, does: str, below: str) -> Mapping[str, str]:
        """An environment in which `program` is preceded by one that `does` something; it lies `below`."""
        folder = self.shell('mktemp -d "$1/.shim-XXXXXX"', below)
        body = _BODIES[does].format(name=program)
        text = _SHIM.format(folder=folder, name=program, body=body)
        self.shell('printf %s "$2" > "$1"; chmod 755 "$1"', f"{folder}/{program}", text)
        path = self.shell('printf %s "$PATH"')
        return {"PATH": f"{folder}:{path}", "SAAS_SHIM": folder}

    def passwords(self) -> frozenset[str]:
        """Every password in the tool's environment; never part of evidence."""
        values = self.stack.env("backup").values()
        return frozenset(match for value in values for match in re.findall(r"://[^:/\s]+:([^@\s]+)@", value))

    def wrong_credentials(self) -> Mapping[str, str]:
        """The tool's environment with another password wherever the backup role's stands."""
        own = self.stack.env("backup")
        named = [name for name, text in self.spec.environment.items() if "${backup_password}" in text]
        if not named:
            raise ProbeError("backup.environment holds ${backup_password} nowhere: no way to say a wrong one")
        return {name: re.sub(r"(://[^:/]+:)[^@]+@", r"\1wrong@", own[name]) for name in named}


def artefact_of(run: Run) -> str:
    """The path that a good backup prints last; raises ProbeError."""
    lines = run.text.strip().splitlines()
    if not run.ok or not lines:
        raise ProbeError(f"the backup command gave no artefact: {run.explain()}")
    return lines[-1].strip()


def listing(commands: Commands, folder: str) -> Mapping[str, str]:
    """File name -> mode as ls shows it."""
    text = commands.shell('ls -lA "$1" | tail -n +2', folder)
    rows = [line.split(None, 8) for line in text.splitlines()]
    return {row[8]: row[0] for row in rows if len(row) == 9 and row[0].startswith("-")}


def published(names: Mapping[str, str]) -> frozenset[str]:
    """The names that a reader would take for whole."""
    return frozenset(name for name in names if not _PARTIAL.search(name))


def folder_of(artefact: str) -> str:
    """Where an artefact lies."""
    return str(PurePosixPath(artefact).parent)


def ending(run: Run) -> str:
    """The end of what a command said, scrubbed."""
    return scrub(run.stderr.decode(errors="replace"))[-300:].strip()
