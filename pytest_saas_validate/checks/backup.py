"""BK: backups that are whole or not there, and that nobody else can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.backup import Drill, Scripts
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_STRICT = re.compile(
    r"^\s*set -(?=[a-z]*e)(?=[a-z]*u)[a-z]+|^\s*set -o errexit[\s\S]*^\s*set -o nounset", re.M
)
_PIPE = re.compile(r"^[^#\n]*[^|\n]\|[^|\n]", re.M)
_LAX = re.compile(r"^[^#\n]*\bset (?:\+[a-z]*[eu]|\+o (?:errexit|nounset|pipefail))", re.M)
# Clearing up may fail; nothing else may without a word.
_IGNORED = re.compile(
    r"^(?!\s*(?:rm|rmdir|kill|wait|trap)\b)[^#\n]*\|\|\s*(?:true|:|exit 0)\s*(?:$|[;#&)}])", re.M
)


@check(
    "BK001",
    severity=Severity.CRITICAL,
    title="Backup scripts stop at the first error",
    why="a script that goes on after an error ends with 0: it publishes a truncated dump and prunes the good "
    "ones for it",
    remedy="begin with `set -eu`, and with `set -o pipefail` where there is a pipe; ignore no status",
    wants=Scripts,
    subject=Subject.PROJECT,
)
def strict(scripts: Scripts) -> Iterator[Finding]:
    """The shell scripts that the backup's commands name."""
    for name, text in scripts.texts.items():
        if not text.startswith("#!") or "sh" not in text.splitlines()[0]:
            continue
        if not _STRICT.search(text):
            yield Finding(where=name, message="does not set errexit and nounset")
        if _PIPE.search(text) and "pipefail" not in text:
            yield Finding(where=name, message="pipes, and the status of all but the last program is lost")
        for pattern, message in ((_LAX, "switches a check off again"), (_IGNORED, "ignores a status")):
            for found in pattern.finditer(text):
                line = text.count("\n", 0, found.end()) + 1
                yield Finding(where=f"{name}:{line}", message=message)


@check(
    "BK003",
    severity=Severity.CRITICAL,
    title="A backup that failed says so, publishes nothing and harms no earlier one",
    why="a failure that is not told is found when the backup is needed, and one that overwrote the last "
    "good copy has taken that too",
    remedy="check every exit status; write under another name and rename when all is well",
    wants=Drill,
    subject=Subject.STACK,
)
def failed_backups(drill: Drill) -> Iterator[Finding]:
    """Exit status and files: wrong credentials, row security, failing programs, signals, no space."""
    for attempt in drill.backups:
        if attempt.code == 0:
            yield Finding(where=attempt.fault, message="the backup command exits with 0")
        for name in attempt.published:
            yield Finding(where=attempt.fault, message=f"{name} appears under a final name")
        for name in attempt.harmed:
            yield Finding(where=attempt.fault, message=f"{name}, an earlier backup, is not as it was")


@check(
    "BK004",
    severity=Severity.CRITICAL,
    title="The backup role sees every tenant's rows, and can change none",
    why="a role that row policies bind copies one tenant or none, and one that can write makes the most "
    "widely copied password the most dangerous",
    remedy="give it BYPASSRLS, pg_read_all_data and default_transaction_read_only, and no more",
    wants=Drill,
    subject=Subject.STACK,
)
def role(drill: Drill) -> Iterator[Finding]:
    """The role's attributes, memberships and rights, what it tried to change, and rows by tenant."""
    wanted = {"sees_all": True, "reads_all": True, "read_only": True, "superuser": False, "creates": False}
    for name, value in wanted.items():
        if drill.role[name] is not value:
            yield Finding(where="backup role", message=f"{name.replace('_', ' ')} is {drill.role[name]}")
    for power in drill.powers:
        yield Finding(where="backup role", message=power)
    trip = drill.round_trip
    for tenant, count in trip.tenants.items():
        if trip.restored_tenants.get(tenant, 0) != count:
            restored = trip.restored_tenants.get(tenant, 0)
            yield Finding(where=f"tenant {tenant}", message=f"{restored} of {count} rows came back")


@check(
    "BK022",
    severity=Severity.HIGH,
    title="Backups and passwords are for their owner only",
    why="a backup is the whole database in one file, and a command line is in everybody's list of processes",
    remedy="set umask 077 before the first byte; hand passwords over by the environment or a password file",
    wants=Drill,
    subject=Subject.STACK,
)
def secrets(drill: Drill) -> Iterator[Finding]:
    """Modes of files whole, being written, left by a kill; passwords in output, files, command lines."""
    for name, mode in drill.modes.items():
        if mode[4:10] != "------":
            yield Finding(where=name, message=f"its mode is {mode}")
    for place in drill.betrayed:
        yield Finding(where=place, message="shows a password")
