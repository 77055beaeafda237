"""What left with error reports: never values, only the places they were put and the paths they came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What a report must still say, or it helps nobody.
EVENT_FIELDS = (
    "event id",
    "exception type",
    "in-app frame with function and line",
    "transaction named by its route template",
    "trace id",
)
TRANSACTION_FIELDS = ("transaction named by its route template", "trace id", "span with an operation")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a canary was put, and whether the most talkative configuration carried it out."""

    name: str
    kind: str  # email, jwt, card, iban, phone, ip, keyed, bare, secret
    reached: bool


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A canary that left: in which item of an envelope and at which JSON paths of it."""

    place: str
    kind: str
    item: str  # event, transaction, span, log, trace_metric, attachment, ...
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Useful:
    """What a report still said; `of` names it, `fields` are the ones of the lists above that it had."""

    of: str
    item: str
    arrived: bool
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Configured:
    """What the project's own start-up left in the client's options."""

    sdk: str
    release: str
    environment: str
    sample_rate: float | None
    traces_sample_rate: float | None
    profiles_sample_rate: float | None
    hooks: frozenset[str]
    known_hooks: frozenset[str]  # those that this version of the SDK has
    logs: bool
    streams: bool


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A request during which a hook broke. `answered` is the status, 0 for none."""

    place: str
    hook: str
    answered: int
    expected: int


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asked, as the report of an error says it: `pseudonym` is absent, raw, unkeyed or keyed."""

    pseudonym: str
    tenant: bool


@dataclass(frozen=True, kw_only=True)
class EmptyDsn:
    """A start with an empty DSN: whether a client was made, and what the process connected to."""

    active: bool
    reached: tuple[str, ...]
    literals: tuple[str, ...]  # file:line of a DSN in source code


@dataclass(frozen=True, kw_only=True)
class Scrubbing:
    """What a generic app under the project's own start-up of error reporting let out."""

    places: tuple[Place, ...]
    leaks: tuple[Leak, ...]
    failed_open: tuple[Leak, ...]  # canaries of broken hooks
    broken: tuple[Broken, ...]
    useful: tuple[Useful, ...]
    configured: Configured
    collected: tuple[str, ...]  # what reached the hooks although the SDK can be told not to collect it
    person: Person
    empty: EmptyDsn
    items: Mapping[str, int]  # kinds of items that arrived
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LiveReport:
    """What the running backend reported about one unhandled error on a route of the project's own."""

    route: str
    useful: Useful
    person: Person
    leaks: tuple[Leak, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Named:
    """Files and lines that name error reporting where it is off."""

    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Silence:
    """What a backend without error reporting could do and did."""

    importable: bool | None  # None: the interpreter is the one that runs the tests, so it says nothing
    sent: int
    answered: Mapping[str, int]  # routes that were asked meanwhile
    unreached: tuple[str, ...] = ()
