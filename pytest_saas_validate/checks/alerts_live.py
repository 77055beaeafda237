"""AL: alert rules that the running application really feeds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from pytest_saas_validate.checks.alerts import at
from pytest_saas_validate.evidence.alerts import Exported, Matcher, Rules, Selector, Series
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NEEDS = ("observability",)
_ADDED = {"job", "instance"}  # by Prometheus, from the scrape configuration
_RATES = {"rate", "irate", "increase"}
_PARTS = ("_bucket", "_count", "_sum")


@check(
    "AL007",
    severity=Severity.CRITICAL,
    title="Every selector hits a series that the running application exports",
    remedy="export the metric, or read one that is exported",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def exported(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """Metric names, label names and values of each selector, against a scrape after a traffic script."""
    for alert in rules.alerts:
        for selector in alert.expression.selectors:
            problem = _missing(selector, evidence.series)
            if problem:
                yield at(alert, f"{selector}: {problem}")


@check(
    "AL008",
    severity=Severity.HIGH,
    title="Functions fit the kind of metric",
    remedy="use rate() on counters and histograms, and gauges as they are",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def kinds(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """The type that the application declares for each metric that a rule reads."""
    for alert in rules.alerts:
        for selector in alert.expression.selectors:
            kind = _kind(selector.metric, evidence)
            if kind == "gauge" and selector.function in _RATES:
                yield at(alert, f"{selector.function}() of {selector.metric}, which is a gauge")
            if kind == "counter" and not selector.range and selector.function != "absent":
                yield at(alert, f"{selector.metric} is a counter and is read without rate(): it only grows")


@check(
    "AL009",
    severity=Severity.HIGH,
    title="Histograms reach beyond the threshold that is asked of them",
    remedy="add buckets above the threshold, or lower it",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def buckets(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """histogram_quantile() can never exceed the largest finite bucket: such an alert cannot fire."""
    for alert in rules.alerts:
        limit = alert.expression.quantile_limit
        if limit is None:
            continue
        for metric in {s.metric for s in alert.expression.selectors if s.metric.endswith("_bucket")}:
            bounds = {s.labels.get("le", "") for s in evidence.series if s.name == metric} - {"", "+Inf"}
            largest = max((float(bound) for bound in bounds), default=0.0)
            if largest <= limit:
                yield at(alert, f"asks for more than {limit:g}; {metric} has no bucket above {largest:g}")


@check(
    "AL022",
    severity=Severity.MEDIUM,
    title="Metrics are labelled by route, not by address",
    remedy="use the route's template as the label",
    wants=Exported,
    subject=Subject.STACK,
    needs=_NEEDS,
)
def cardinality(evidence: Exported) -> Iterator[Finding]:
    """Label values after many objects were asked for: none may hold an object's identifier."""
    for series in evidence.series:
        for name, value in series.labels.items():
            if any(identifier in value for identifier in evidence.identifiers):
                yield Finding(
                    where=series.name,
                    message=f"label {name} holds the address of one of {evidence.addresses} objects",
                )
                return


def _missing(selector: Selector, series: Iterable[Series]) -> str:
    """Why a selector hits nothing; empty when it hits."""
    known = list(series)
    named = [s for s in known if s.name == selector.metric]
    if not named:
        near = difflib.get_close_matches(selector.metric, sorted({s.name for s in known}), 1)
        return f"no such metric is exported{f'; there is {near[0]}' if near else ''}"
    for matcher in selector.matchers:
        if matcher.label in _ADDED:
            continue
        left = [s for s in named if _hits(matcher, s.labels.get(matcher.label, ""))]
        if not left:
            values = sorted({s.labels.get(matcher.label, "") for s in named})[:6]
            return f"no series has {matcher.label}{matcher.operator}{matcher.value!r}; there are {values}"
        named = left
    return ""


def _hits(matcher: Matcher, value: str) -> bool:
    if matcher.operator in ("=~", "!~"):
        return bool(re.fullmatch(matcher.value, value)) == (matcher.operator == "=~")
    return (value == matcher.value) == (matcher.operator == "=")


def _kind(metric: str, evidence: Exported) -> str:
    if metric in evidence.types:
        return evidence.types[metric]
    base = metric.removesuffix("_total")
    if base in evidence.types:
        return evidence.types[base]
    histogram = next((metric.removesuffix(part) for part in _PARTS if metric.endswith(part)), "")
    return "counter" if evidence.types.get(histogram) in ("histogram", "summary") else ""
