"""What backup and restore did to a real database, whole and under faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Catalogue = Mapping[str, str]  # "table public.todos rows" -> fingerprint


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run of a command under a fault; what it left behind, and what it did to the target."""

    fault: str
    code: int
    published: tuple[str, ...] = ()  # files that appeared under a final name
    changed: tuple[str, ...] = ()  # objects of the target that differ afterwards
    databases: tuple[str, ...] = ()  # databases that appeared and stayed
    said: str = ""  # end of its standard error, scrubbed


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """A backup, changes to the data, and a restore of the backup, with the application connected."""

    backup_code: int
    restore_code: int
    said: str
    before: Catalogue = field(repr=False)  # when the backup was made
    after: Catalogue = field(repr=False)  # after the restore
    tenants: Mapping[str, int]  # rows by tenant when the backup was made
    restored_tenants: Mapping[str, int]
    late_rows: int  # rows written after the backup that are still there
    connected: int  # sessions of the application's role while the restore began
    serves: str  # what the application answers afterwards; empty when it is right


@dataclass(frozen=True, kw_only=True)
class Drill:
    """Everything that the backup drill saw."""

    round_trip: RoundTrip
    backups: tuple[Attempt, ...]
    restores: tuple[Attempt, ...]
    role: Mapping[str, bool]  # facts about the backup role
    modes: Mapping[str, str]  # published file -> mode as ls shows it
    leftovers: tuple[str, ...]  # partial files that the next good run left lying
    checksum: str  # how the artefact's container is protected; empty when it is not
    betrayed: tuple[str, ...]  # where a password was seen
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """The shell scripts among the backup's commands."""

    texts: Mapping[str, str]
