"""Where two databases differ."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from dbbackup.contents import Contents, Entry

# The server prints some expressions otherwise once they have been through a dump: casts move from an array
# to its elements, parentheses come and go. Neither says anything about the meaning of what was restored.
CAST = re.compile(
    r'::(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?'
    r"(?: varying| precision| with(?:out)? time zone)?(?:\([\d, ]+\))?(?:\[\])*"
)
NOISE = re.compile(r"[\s()\[\]]+")


def normal(definition: str) -> str:
    """Return a definition without casts, parentheses, brackets and white space."""
    return NOISE.sub("", CAST.sub("", definition))


def fingerprint(objects: Mapping[str, Mapping[str, Entry]]) -> str:
    """Return one hash of all objects, owners, grants and definitions."""
    plain = {
        kind: {name: [entry.owner, entry.grants, normal(entry.definition)] for name, entry in entries.items()}
        for kind, entries in objects.items()
    }
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def differences(expected: Contents, found: Contents, *, same_major: bool) -> Iterator[str]:
    """Yield every difference as "what: expected, found".

    Definitions are compared between servers of the same major version only; others print them differently.
    """
    for kind, entries in expected.objects.items():
        yield from object_differences(kind, entries, found.objects.get(kind, {}), same_major=same_major)
    for table in sorted(expected.tables.keys() | found.tables.keys()):
        wanted, got = expected.tables.get(table), found.tables.get(table)
        if wanted is None or got is None:
            yield f"table {table}: {'missing' if got is None else 'unexpected'}"
        elif wanted.count != got.count:
            yield f"table {table}: expected {wanted.count} rows, found {got.count}"
        elif wanted.hash != got.hash:
            yield f"table {table}: {wanted.count} rows as expected, but not the same ones"
    for sequence, position in expected.sequences.items():
        at = found.sequences.get(sequence)
        if at is None or at.low < position.low or at.high > position.high:
            place = "missing" if at is None else f"at {at.low}"
            yield f"sequence {sequence}: expected {position.low} to {position.high}, found {place}"
    if expected.large_objects != found.large_objects:
        yield f"large objects: expected {expected.large_objects}, found {found.large_objects}"


def object_differences(
    kind: str, expected: Mapping[str, Entry], found: Mapping[str, Entry], *, same_major: bool
) -> Iterator[str]:
    """Yield the differences between objects of one kind."""
    for name in sorted(expected.keys() | found.keys()):
        wanted, got = expected.get(name), found.get(name)
        if wanted is None or got is None:
            yield f"{kind} {name}: {'missing' if got is None else 'unexpected'}"
            continue
        if wanted.owner != got.owner:
            yield f"{kind} {name}: expected owner {wanted.owner}, found {got.owner}"
        if grants(wanted, same_major) != grants(got, same_major):
            yield f"{kind} {name}: expected grants {', '.join(wanted.grants)}, found {', '.join(got.grants)}"
        if same_major and normal(wanted.definition) != normal(got.definition):
            yield f"{kind} {name}: expected {wanted.definition!r}, found {got.definition!r}"


def grants(entry: Entry, same_major: bool) -> tuple[str, ...]:
    """Return an object's grants, without the privilege that version 17 added when versions differ."""
    return tuple(grant for grant in entry.grants if same_major or not grant.rstrip("*").endswith("=MAINTAIN"))
