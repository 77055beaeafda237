"""BK: backups that are whole, and restores that give everything back or touch nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.backup import Attempt, Drill, Scripts
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_STRICT = re.compile(
    r"^\s*set -(?=[a-z]*e)(?=[a-z]*u)[a-z]+|^\s*set -o errexit[\s\S]*^\s*set -o nounset", re.M
)
_PIPE = re.compile(r"^[^#\n]*[^|\n]\|[^|\n]", re.M)


@check(
    "BK001",
    severity=Severity.CRITICAL,
    title="Backup scripts stop at the first error",
    remedy="begin with `set -eu`, and with `set -o pipefail` where there is a pipe",
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


@check(
    "BK002",
    severity=Severity.CRITICAL,
    title="A restore gives back every object as it was",
    remedy="dump everything from one snapshot, restore roles' rights too, and compare before the swap",
    wants=Drill,
    subject=Subject.STACK,
)
def round_trip(drill: Drill) -> Iterator[Finding]:
    """Rows by number and hash, columns, constraints, indexes, policies, sequences, owners, rights."""
    trip = drill.round_trip
    if trip.restore_code != 0:
        yield Finding(where="restore", message=f"exits with {trip.restore_code}: {trip.said}")
        return
    for name in sorted(trip.before.keys() | trip.after.keys()):
        old, new = trip.before.get(name, "absent"), trip.after.get(name, "absent")
        if old != new:
            yield Finding(where=name, message=f"was {old!r:.120}, is {new!r:.120} after the restore")


@check(
    "BK003",
    severity=Severity.CRITICAL,
    title="A backup that failed says so and publishes nothing",
    remedy="check every exit status; write under another name and rename when all is well",
    wants=Drill,
    subject=Subject.STACK,
)
def failed_backups(drill: Drill) -> Iterator[Finding]:
    """Exit status and files: wrong credentials, row security, a killed dump or script, no space."""
    for attempt in drill.backups:
        if attempt.code == 0:
            yield Finding(where=attempt.fault, message="the backup command exits with 0")
        for name in attempt.published:
            yield Finding(where=attempt.fault, message=f"{name} appears under a final name")


@check(
    "BK004",
    severity=Severity.CRITICAL,
    title="The backup role sees every tenant's rows, and can change none",
    remedy="give it BYPASSRLS, pg_read_all_data and default_transaction_read_only, and no more",
    wants=Drill,
    subject=Subject.STACK,
)
def role(drill: Drill) -> Iterator[Finding]:
    """The role's attributes, and rows by tenant before and after."""
    wanted = {"sees_all": True, "reads_all": True, "read_only": True, "superuser": False, "creates": False}
    for name, value in wanted.items():
        if drill.role[name] is not value:
            yield Finding(where="backup role", message=f"{name.replace('_', ' ')} is {drill.role[name]}")
    trip = drill.round_trip
    for tenant, count in trip.tenants.items():
        if trip.restored_tenants.get(tenant, 0) != count:
            restored = trip.restored_tenants.get(tenant, 0)
            yield Finding(where=f"tenant {tenant}", message=f"{restored} of {count} rows came back")


def _damaged(attempt: Attempt) -> bool:
    return "killed" not in attempt.fault


@check(
    "BK006",
    severity=Severity.HIGH,
    title="A damaged backup is refused",
    remedy="keep a checksum in the container and in the manifest, and check both first",
    wants=Drill,
    subject=Subject.STACK,
)
def integrity(drill: Drill) -> Iterator[Finding]:
    """Cut, emptied, exchanged and bit-flipped copies, and the container's own checksum."""
    for attempt in drill.restores:
        if _damaged(attempt) and attempt.code == 0:
            yield Finding(where=attempt.fault, message="the restore command exits with 0")
    if not drill.checksum:
        yield Finding(where="artefact", message="its container carries no checksum")


@check(
    "BK008",
    severity=Severity.HIGH,
    title="What dead runs left is swept by the next",
    remedy="remove partial files and scratch databases of dead runs at the start",
    wants=Drill,
    subject=Subject.STACK,
)
def swept(drill: Drill) -> Iterator[Finding]:
    """Partial files after one more good run, and databases after failed restores."""
    for name in drill.leftovers:
        yield Finding(where=name, message="a partial file of a dead run lies there still")
    for attempt in drill.restores:
        for name in attempt.databases if _damaged(attempt) else ():
            yield Finding(where=attempt.fault, message=f"database {name} was left behind")


@check(
    "BK011",
    severity=Severity.CRITICAL,
    title="A restore that failed leaves the target as it was",
    remedy="restore into a scratch database, verify it there, and swap by rename",
    wants=Drill,
    subject=Subject.STACK,
)
def untouched(drill: Drill) -> Iterator[Finding]:
    """Every object of the target after each failed restore."""
    for attempt in drill.restores:
        if attempt.code == 0 and not _damaged(attempt):
            yield Finding(where=attempt.fault, message="the restore command exits with 0")
        if attempt.changed:
            shown = ", ".join(attempt.changed[:3])
            yield Finding(where=attempt.fault, message=f"{len(attempt.changed)} objects changed: {shown}")


@check(
    "BK012",
    severity=Severity.HIGH,
    title="A restore replaces, it never merges",
    remedy="restore into an empty database and swap it in",
    wants=Drill,
    subject=Subject.STACK,
)
def replaced(drill: Drill) -> Iterator[Finding]:
    """Rows that were written after the backup."""
    if drill.round_trip.late_rows:
        yield Finding(where="restore", message=f"{drill.round_trip.late_rows} rows are newer than the backup")


@check(
    "BK022",
    severity=Severity.HIGH,
    title="Backups and passwords are for their owner only",
    remedy="set umask 077; hand passwords over by the environment or a password file",
    wants=Drill,
    subject=Subject.STACK,
)
def secrets(drill: Drill) -> Iterator[Finding]:
    """Modes of published files; passwords in output, file names and command lines."""
    for name, mode in drill.modes.items():
        if not mode.startswith("-rw-------"):
            yield Finding(where=name, message=f"its mode is {mode}")
    for place in drill.betrayed:
        yield Finding(where=place, message="shows a password")


@check(
    "BK029",
    severity=Severity.HIGH,
    title="The application goes on after a restore, as its own role",
    remedy="end its sessions at the swap, and give the new database the old one's rights",
    wants=Drill,
    subject=Subject.STACK,
)
def serves(drill: Drill) -> Iterator[Finding]:
    """What it answers to the tenant whose rows came back; it was connected when the restore began."""
    trip = drill.round_trip
    if not trip.connected:
        yield Finding(where="restore", message="the application was not connected: this proves nothing")
    if trip.serves:
        yield Finding(where="application", message=trip.serves)
