"""What backup and restore did to a real database, whole and under faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Catalogue = Mapping[str, str]  # "table public.todos" -> fingerprint

ABSENT = "absent"  # instead of a fingerprint


class Kind(StrEnum):
    """What stood in the way of a command."""

    DAMAGE = "damage"  # of the backup
    FAILURE = "failure"  # of what the command needs; it could clean up itself
    DEATH = "death"  # of the command and of everything that it had started


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run of a command under a fault; what it left behind, and what it did to the target."""

    fault: str
    code: int
    kind: Kind = Kind.FAILURE
    published: tuple[str, ...] = ()  # files that appeared under a final name
    harmed: tuple[str, ...] = ()  # earlier backups that are not as they were
    changed: tuple[str, ...] = ()  # objects of the target that differ afterwards
    databases: tuple[str, ...] = ()  # databases that appeared and stayed
    said: str = ""  # end of its standard error, scrubbed


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """A backup, changes to the database, and a restore of the backup, with the application connected."""

    before: Catalogue = field(repr=False)  # when the backup was made
    tenants: Mapping[str, int]  # rows by tenant then
    late: Catalogue = field(default_factory=dict, repr=False)  # what was made, changed or dropped later
    connected: int = 0  # sessions of the application's role while the restore began
    restore_code: int = 0
    said: str = ""
    after: Catalogue = field(default_factory=dict, repr=False)  # after the restore
    restored_tenants: Mapping[str, int] = field(default_factory=dict)
    late_rows: int = 0  # rows of the tenant that began after the backup that are still there
    serves: str = ""  # what the application answers afterwards that is wrong
    databases: tuple[str, ...] = ()  # those that are there now and were not there before the first restore


@dataclass(frozen=True, kw_only=True)
class Drill:
    """Everything that the backup drill saw."""

    round_trip: RoundTrip
    backups: tuple[Attempt, ...]
    restores: tuple[Attempt, ...]
    role: Mapping[str, bool]  # facts about the backup role
    powers: tuple[str, ...]  # what it can change, and through which role
    modes: Mapping[str, str]  # file or folder, and when it was seen -> mode as ls shows it
    leftovers: tuple[str, ...]  # partial files that the next good run left lying
    checksum: str  # how the artefact's container is protected; empty when it is not
    betrayed: tuple[str, ...]  # where a password was seen
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """The shell scripts among the backup's commands."""

    texts: Mapping[str, str]
