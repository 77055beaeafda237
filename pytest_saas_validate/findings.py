"""What a check is, what it finds, and what is said of it: plain values."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the heaviest, so that sorting puts it first."""
        return list(Severity).index(self)


class Subject(StrEnum):
    """What a verdict is about, and so how often a check runs."""

    TEMPLATE = "template"  # once per template
    PROJECT = "project"  # once per combination
    STACK = "stack"  # once per combination and engine
    ENGINES = "engines"  # once per combination, when it runs on several engines: what differs between them


class Stage(StrEnum):
    """Whether a check counts; a new one is told for one minor release before it does."""

    STABLE = "stable"
    PREVIEW = "preview"


class Outcome(StrEnum):
    """The six outcomes; never mixed, and only OK, WAIVED and NOT_APPLICABLE are not red or grey."""

    OK = "ok"
    FAILED = "failed"
    WAIVED = "waived"
    NOT_APPLICABLE = "n/a"
    UNAVAILABLE = "unavailable"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """Larger is worse; the worst outcome of a cell wins."""
        order = ("n/a", "ok", "waived", "unavailable", "failed", "error")
        return order.index(self.value)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, at one place."""

    where: str  # "GET /nope", "backend/app/main.py:12", "role backup"
    message: str  # what is wrong, with the observed value, already scrubbed
    remedy: str = ""  # for this place; falls back to the check's
    check: str = ""  # filled in by the check that yields it
    why: str = ""  # it matters; filled in by that check too
    source: str = ""  # place in the template, when the place is a rendered file


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of what a check compared: a place, and what was seen there on each engine."""

    name: str  # "404 unrouted: x-frame-options"
    values: Mapping[str, str]


Rule = Callable[..., Iterable[Finding]]
Table = Callable[..., Iterable[Row]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A pure rule over one kind of evidence, or several.

    `needs` and `absent` name features that must be on or off; elsewhere the check is not applicable.
    `trait` names what an engine must have ("containers"); on others there is nothing to judge. `shows` is a
    table of what was compared, for reports.
    Calling it returns every finding, in the rule's order; it never reads clock, network or files.
    """

    id: str
    severity: Severity
    title: str
    why: str  # what becomes of the team and its users where this is left
    remedy: str
    wants: type | tuple[type, ...]
    subject: Subject
    rule: Rule
    stage: Stage = Stage.STABLE
    needs: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    trait: str = ""
    url: str = ""
    shows: Table | None = None

    @property
    def family(self) -> str:
        """The letters of the id."""
        return self.id.rstrip("0123456789")

    def applies(self, features: frozenset[str]) -> bool:
        """Whether a combination with these features is judged by this check."""
        return self.needs <= features and not self.absent & features

    @property
    def kinds(self) -> tuple[type, ...]:
        """The kinds of evidence, in the order of the rule's parameters."""
        return self.wants if isinstance(self.wants, tuple) else (self.wants,)

    def __call__(self, *evidence: object) -> tuple[Finding, ...]:
        """All findings, each with this check's id and why and, where it has none of its own, its remedy."""
        return tuple(
            replace(f, check=self.id, why=self.why, remedy=f.remedy or self.remedy)
            for f in self.rule(*evidence)
        )


def check(
    id: str,
    *,
    severity: Severity,
    title: str,
    why: str,
    remedy: str,
    wants: type | tuple[type, ...],
    subject: Subject,
    stage: Stage = Stage.STABLE,
    needs: Iterable[str] = (),
    absent: Iterable[str] = (),
    trait: str = "",
    url: str = "",
    shows: Table | None = None,
) -> Callable[[Rule], Check]:
    """Turn a generator of findings into a frozen `Check`."""

    def decorate(rule: Rule) -> Check:
        return Check(
            id=id,
            severity=severity,
            title=title,
            why=why,
            remedy=remedy,
            wants=wants,
            subject=subject,
            rule=rule,
            stage=stage,
            needs=frozenset(needs),
            absent=frozenset(absent),
            trait=trait,
            url=url,
            shows=shows,
        )

    return decorate


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A known finding that is accepted until a date; `where` is a glob over the finding's place."""

    check: str
    reason: str
    until: dt.date
    where: str = "*"

    def covers(self, finding: Finding) -> bool:
        """Whether this waiver speaks of that finding."""
        return finding.check == self.check and fnmatch.fnmatchcase(finding.where, self.where)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one check says of one subject."""

    check: str
    outcome: Outcome
    combo: str | None = None  # None: about the template as a whole
    engine: str | None = None
    findings: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    reason: str = ""
    unreached: tuple[str, ...] = ()  # what the evidence did not reach, by name
    answers: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()  # what was compared, where the check compares
    stage: Stage = Stage.STABLE  # of the check

    @property
    def counts(self) -> bool:
        """Whether it can turn a run red; one of a check in preview is only told."""
        return self.stage is Stage.STABLE

    @property
    def family(self) -> str:
        """The letters of the check's id."""
        return self.check.rstrip("0123456789")


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several outcomes; not applicable only when all of them are, or there are none."""
    return max(outcomes, key=lambda outcome: outcome.weight, default=Outcome.NOT_APPLICABLE)
