"""BK: restores that give everything back and nothing else, or touch nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.evidence.backup import ABSENT, Drill, Kind
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_SHOWN = 3  # objects in one message


@check(
    "BK002",
    severity=Severity.CRITICAL,
    title="A restore gives back every object as it was",
    why="what does not come back is missed on the day of the disaster: rows, or the rights without which "
    "nothing starts",
    remedy="dump everything from one snapshot, restore roles' rights too, and compare before the swap",
    wants=Drill,
    subject=Subject.STACK,
)
def round_trip(drill: Drill) -> Iterator[Finding]:
    """Rows by number and hash; every object's definition, owner, rights and comment; the database."""
    trip = drill.round_trip
    if trip.restore_code != 0:
        yield Finding(where="restore", message=f"exits with {trip.restore_code}: {trip.said}")
        return
    for name in sorted(trip.before.keys() | trip.after.keys()):
        old, new = trip.before.get(name, ABSENT), trip.after.get(name, ABSENT)
        if old != new:
            yield Finding(where=name, message=f"was {old!r:.120}, is {new!r:.120} after the restore")


@check(
    "BK006",
    severity=Severity.HIGH,
    title="A damaged backup is refused",
    why="one flipped bit goes unnoticed until the restore, which then replaces data that was better",
    remedy="keep a checksum in the container and in the manifest, and check both first",
    wants=Drill,
    subject=Subject.STACK,
)
def integrity(drill: Drill) -> Iterator[Finding]:
    """Cut, emptied, lengthened, exchanged, bit-flipped copies and files beside them; its checksum."""
    for attempt in drill.restores:
        if attempt.kind is Kind.DAMAGE and attempt.code == 0:
            yield Finding(where=attempt.fault, message="the restore command exits with 0")
    if not drill.checksum:
        yield Finding(where="artefact", message="its container carries no checksum")


@check(
    "BK008",
    severity=Severity.HIGH,
    title="What dead runs left is swept by the next",
    why="scratch databases and partial files of killed runs fill the disk, until a backup fails for want "
    "of space",
    remedy="remove partial files, scratch databases and replaced databases of dead runs at the start",
    wants=Drill,
    subject=Subject.STACK,
)
def swept(drill: Drill) -> Iterator[Finding]:
    """Partial files and databases after one more good run, and databases after restores that failed alive."""
    for name in drill.leftovers:
        yield Finding(where=name, message="a partial file of a dead run lies there still")
    for attempt in drill.restores:
        for name in () if attempt.kind is Kind.DEATH else attempt.databases:
            yield Finding(where=attempt.fault, message=f"database {name} was left behind")
    for name in drill.round_trip.databases:
        message = "a database of a dead restore is there still after one that succeeded"
        yield Finding(where=name, message=message)


@check(
    "BK011",
    severity=Severity.CRITICAL,
    title="A restore that failed leaves the target as it was",
    why="restores are made when things are bad already, and one that fails halfway has destroyed the last "
    "data that could be used",
    remedy="restore into a scratch database, verify it there, and swap by rename in one transaction",
    wants=Drill,
    subject=Subject.STACK,
)
def untouched(drill: Drill) -> Iterator[Finding]:
    """Every object of the target after each failed restore, and after those that died."""
    for attempt in drill.restores:
        if attempt.code == 0 and attempt.kind is not Kind.DAMAGE:
            yield Finding(where=attempt.fault, message="the restore command exits with 0")
        if attempt.changed:
            shown = ", ".join(attempt.changed[:_SHOWN])
            yield Finding(where=attempt.fault, message=f"{len(attempt.changed)} objects changed: {shown}")


@check(
    "BK012",
    severity=Severity.HIGH,
    title="A restore replaces, it never merges",
    why="deleted customers come back among newer rows, keys collide, and the result is a state that never "
    "was",
    remedy="restore into an empty database and swap it in",
    wants=Drill,
    subject=Subject.STACK,
)
def replaced(drill: Drill) -> Iterator[Finding]:
    """Rows, objects, rights and comments that were made, changed or dropped after the backup."""
    trip = drill.round_trip
    if trip.late_rows:
        yield Finding(where="restore", message=f"{trip.late_rows} rows are newer than the backup")
    for name, late in trip.late.items():
        old = trip.before.get(name, ABSENT)
        if old != late and trip.after.get(name, ABSENT) == late:
            done = "made" if old == ABSENT else "dropped" if late == ABSENT else "changed"
            yield Finding(where=name, message=f"was {done} after the backup, and the restore did not undo it")


@check(
    "BK029",
    severity=Severity.HIGH,
    title="The application goes on after a restore, as its own role",
    why="the restore counts as done while the service stays down: its sessions hold the replaced database, "
    "or its role may not read the new one",
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
