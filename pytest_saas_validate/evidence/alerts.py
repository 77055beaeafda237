"""Alert rules as they are written, as the tools judge them, and as the running application feeds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One label matcher of a selector."""

    label: str
    operator: str  # = != =~ !~
    value: str


@dataclass(frozen=True, kw_only=True)
class Selector:
    """One metric that an expression reads; `range` in seconds, 0 for an instant one."""

    metric: str
    matchers: tuple[Matcher, ...] = ()
    range: float = 0
    function: str = ""  # the innermost function around it

    def __str__(self) -> str:
        inside = ",".join(f'{m.label}{m.operator}"{m.value}"' for m in self.matchers)
        return f"{self.metric}{{{inside}}}" if inside else self.metric


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What a parser says of a PromQL expression; `problem` is its message when it does not parse."""

    text: str
    problem: str = ""
    conditional: bool = False  # a comparison, a set operation, or absent()
    divides: bool = False
    guarded: bool = False  # `and` beside the division
    quantile_limit: float | None = None  # what histogram_quantile() must exceed
    selectors: tuple[Selector, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alerting rule."""

    name: str
    file: str
    group: str
    expression: Expression
    hold: float  # `for`, in seconds; -1 when it is not set
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    interval: float  # of its group, in seconds


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The alert rules of a project, as they are written."""

    alerts: tuple[Alert, ...]
    scrape_interval: float  # seconds
    runbooks: frozenset[str]  # names of the files in the runbook folder


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What promtool said of one file."""

    subject: str
    job: str  # "check" or "test"
    ok: bool
    output: str


@dataclass(frozen=True, kw_only=True)
class Tested:
    """The rules as promtool judges them, and what their unit tests expect."""

    alerts: tuple[str, ...]
    firing: tuple[str, ...]  # the alert of each unit test point that expects it to fire
    quiet: tuple[str, ...]  # the alert of each point that expects silence
    rules: tuple[str, ...]  # rule files that the project names
    loaded: tuple[str, ...]  # rule files that the configuration's patterns match
    judged: tuple[Judged, ...]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One exported time series."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What the running application exports after a traffic script."""

    series: tuple[Series, ...]
    types: Mapping[str, str]  # metric family -> counter, gauge, histogram, ...
    addresses: int  # distinct object addresses that the traffic script asked
    identifiers: frozenset[str]  # the identifiers in those addresses
    unreached: tuple[str, ...] = ()
