"""Alert rules as they are written, as the tools judge them, and as the running application feeds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    aggregation: str = ""  # the innermost aggregation around it

    def __str__(self) -> str:
        inside = ",".join(f'{m.label}{m.operator}"{m.value}"' for m in self.matchers)
        return f"{self.metric}{{{inside}}}" if inside else self.metric


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Which labels a part of an expression has: `names`, or all of the series of `metrics` when None."""

    names: frozenset[str] | None = None
    metrics: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Labels that an aggregation groups by, or that two vectors are joined on, and what has them."""

    word: str  # "by" or "on"
    labels: tuple[str, ...]
    source: Kept


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """A histogram_quantile(): its buckets, and what it must exceed, None when it is not compared."""

    metrics: frozenset[str]
    limit: float | None
    has_bounds: bool  # `le` survives the aggregation inside


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A comparison that a ratio depends on: `requests` is how many of them it takes, None when unknown."""

    metrics: frozenset[str]
    requests: float | None
    labels: frozenset[str] | None  # that it counts apart; None: all


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A division of rates, or a quantile of them: with little traffic it says nothing."""

    word: str  # "ratio" or "quantile"
    metrics: frozenset[str]
    labels: frozenset[str] | None
    guards: tuple[Guard, ...]


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What a parser says of a PromQL expression; `problem` is its message when it does not parse."""

    text: str
    problem: str = ""
    conditional: bool = False  # it gives nothing unless a comparison, a set operation or absent() lets it
    certain: str = ""  # a comparison that is always true
    selectors: tuple[Selector, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    quantiles: tuple[Quantile, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    kept: Kept = Kept()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What alerting and recording rules have in common."""

    name: str
    file: str
    group: str
    expression: Expression
    interval: float  # of its group, in seconds


@dataclass(frozen=True, kw_only=True)
class Alert(Rule):
    """One alerting rule."""

    hold: float  # `for`, in seconds; -1 when it is not set
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Relabel:
    """One step of a relabelling."""

    action: str = "replace"
    sources: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target: str = ""
    replacement: str = "$1"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is scraped together: how often, where, and with which labels."""

    name: str
    interval: float  # seconds
    path: str
    ours: bool  # scrapes the application's metrics
    targets: tuple[Mapping[str, str], ...]  # the labels of each
    discovered: bool = False  # there are targets that only show at run time
    honors: bool = False  # a label of the application wins over one of the target
    relabels: tuple[Relabel, ...] = ()  # of each series


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of a project, as they are written, and what feeds them."""

    alerts: tuple[Alert, ...]
    records: tuple[Rule, ...] = ()
    scrape_interval: float  # seconds, of jobs that do not say
    jobs: tuple[Job, ...] = ()
    config: str = ""
    runbooks: Mapping[str, str] = field(default_factory=dict)  # file name -> text


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
    rules: tuple[str, ...]  # rule files that the project has
    loaded: tuple[str, ...]  # rule files that the configuration's patterns match
    judged: tuple[Judged, ...]
    idle: tuple[str, ...] = ()  # the alert of each point that expects silence where nothing feeds the alert


@dataclass(frozen=True, kw_only=True)
class Series:
    """One exported time series."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Growth:
    """New series that requests of one kind made, which differed in one thing only."""

    kind: str
    asked: int
    metric: str
    series: int
    labels: tuple[str, ...]  # whose values are new


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What the running application exports after a traffic script."""

    series: tuple[Series, ...]
    types: Mapping[str, str]  # metric family -> counter, gauge, histogram, ...
    addresses: int  # distinct object addresses that the traffic script asked
    identifiers: frozenset[str]  # the identifiers in those addresses
    page: str = ""  # where they are read
    grown: tuple[Growth, ...] = ()
    unreached: tuple[str, ...] = ()
