"""AL: alert rules that the running application really feeds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from pytest_saas_validate.checks.alerts import at
from pytest_saas_validate.evidence.alerts import Exported, Growth, Rules
from pytest_saas_validate.evidence.alerts_scraped import Scraped
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NEEDS = ("observability",)
_LABEL = re.compile(r"\$labels(?:\.(\w+)|\s+\"(\w+)\")")
_RATES = {"rate", "irate", "increase"}
_ABSENCE = {"absent", "absent_over_time", "present_over_time", "count_over_time"}
_OF_COUNTERS = {"resets", "changes", "timestamp"}
_PARTS = ("_bucket", "_count", "_sum")


@check(
    "AL007",
    severity=Severity.CRITICAL,
    title="Every selector hits a series that the running application exports and the configuration scrapes",
    why="the expression selects nothing, so that the alert is silent for ever, while a unit test with "
    "invented series stays green",
    remedy="export and scrape the metric, or read one that is there, with labels that it has",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def exported(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """Metric names, label names and values of each selector, against a scrape after a traffic script, with
    the jobs, targets and relabelling of the configuration."""
    if rules.jobs and not any(job.ours for job in rules.jobs):
        pages = ", ".join(sorted({job.path for job in rules.jobs}))
        yield Finding(
            where=rules.config,
            message=f"no job scrapes {evidence.page} of the application; they scrape {pages}",
        )
        return
    scraped = Scraped(rules, evidence)
    exported_names = {series.name for series in evidence.series}
    for rule in (*rules.alerts, *rules.records):
        for selector in rule.expression.selectors:
            problem = scraped.missing(selector)
            if problem == "no such metric":
                near = difflib.get_close_matches(selector.metric, scraped.metrics, 1)
                problem = "no such metric is exported" + (f"; there is {near[0]}" if near else "")
                if selector.metric in exported_names:
                    problem = f"the application exports it, and the relabelling in {rules.config} drops it"
            if problem:
                yield at(rule, f"{selector}: {problem}")


@check(
    "AL008",
    severity=Severity.HIGH,
    title="Functions fit the kind of metric",
    why="the rate of a gauge is noise, and a counter only grows: such an alert fires at random, or once "
    "and for ever",
    remedy="use rate() on counters and histograms, and gauges as they are",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def kinds(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """The type that the application declares for each metric that a rule reads, and the functions."""
    for rule in (*rules.alerts, *rules.records):
        for selector in rule.expression.selectors:
            kind, function = _kind(selector.metric, evidence), selector.function
            if kind == "gauge" and function in _RATES:
                yield at(rule, f"{function}() of {selector.metric}, which is a gauge")
            instant = not selector.range and function not in _ABSENCE
            if kind == "counter" and instant and selector.aggregation not in ("count", "group"):
                yield at(rule, f"{selector.metric} is a counter and is read without rate(): it only grows")
            elif kind == "counter" and selector.range and function not in _RATES | _ABSENCE | _OF_COUNTERS:
                yield at(rule, f"{function}() of {selector.metric}, which is a counter: it only grows")
        for quantile in rule.expression.quantiles:
            if not quantile.has_bounds:
                yield at(rule, "histogram_quantile() of something that lost its buckets: `le` is not kept")


@check(
    "AL009",
    severity=Severity.HIGH,
    title="Histograms reach beyond the threshold that is asked of them",
    why="a quantile cannot exceed the largest finite bucket, so that the alert stays silent however slow "
    "the service is",
    remedy="add buckets above the threshold, or lower it",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def buckets(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """The largest finite bucket of what histogram_quantile() reads, against what it must exceed."""
    asked = ((alert, quantile) for alert in rules.alerts for quantile in alert.expression.quantiles)
    for alert, quantile in asked:
        limit = quantile.limit
        for metric in sorted(quantile.metrics):
            bounds = {s.labels.get("le", "") for s in evidence.series if s.name == metric} - {"", "+Inf"}
            largest = max((float(bound) for bound in bounds), default=0.0)
            if limit is not None and metric.endswith("_bucket") and largest <= limit:
                yield at(alert, f"asks for more than {limit:g}; {metric} has no bucket above {largest:g}")


@check(
    "AL010",
    severity=Severity.HIGH,
    title="Labels that a rule groups by, joins on or writes into a text exist there",
    why="the grouping falls together into one series, the join matches nothing, and the message names nobody",
    remedy="name a label that the series have, and keep it in `by`, `on` or `group_left`",
    wants=(Rules, Exported),
    subject=Subject.STACK,
    needs=_NEEDS,
)
def labels(rules: Rules, evidence: Exported) -> Iterator[Finding]:
    """Label names in `by` and `on`, and `$labels` in annotations and labels, against what the series have."""
    scraped = Scraped(rules, evidence)
    for rule in (*rules.alerts, *rules.records):
        for grouping in rule.expression.groupings:
            there = scraped.labels(grouping.source)
            for label in grouping.labels:
                if there is not None and label not in there:
                    yield at(rule, f"{grouping.word} ({label}): what it groups has {_listed(there)}")
    for alert in rules.alerts:
        there = scraped.labels(alert.expression.kept)
        for place, text in (*alert.annotations.items(), *alert.labels.items()):
            for match in _LABEL.finditer(text):
                name = match.group(1) or match.group(2)
                if there is not None and name not in there:
                    yield at(alert, f"{place} writes $labels.{name}; the expression keeps {_listed(there)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no label"


@check(
    "AL022",
    severity=Severity.MEDIUM,
    title="Metrics are labelled by route: what callers choose makes no new series",
    why="callers make series at will, until the server runs out of memory and takes every alert with it",
    remedy="use the route's template as the label, and one fixed word for what no route answers",
    wants=Exported,
    subject=Subject.STACK,
    needs=_NEEDS,
)
def cardinality(evidence: Exported) -> Iterator[Finding]:
    """Label values after many objects, and series before and after requests that differ in one thing only:
    address, method, query, host, websocket, header, caller."""
    families: dict[str, list[Growth]] = {}
    for growth in evidence.grown:
        families.setdefault(_base(growth.metric, evidence), []).append(growth)
    for family, grown in families.items():
        kinds = ", ".join(dict.fromkeys(growth.kind for growth in grown))
        told = ", ".join(sorted({label for growth in grown for label in growth.labels}))
        yield Finding(where=family, message=f"every request with other {kinds} makes new series, by {told}")
    for series in evidence.series:
        for name, value in series.labels.items():
            if any(identifier in value for identifier in evidence.identifiers):
                yield Finding(
                    where=series.name,
                    message=f"label {name} holds the address of one of {evidence.addresses} objects",
                )
                return


def _base(metric: str, evidence: Exported) -> str:
    """The family that a series belongs to."""
    names = (metric, *(metric.removesuffix(part) for part in (*_PARTS, "_total", "_created")))
    return next((name for name in names if name in evidence.types), metric)


def _kind(metric: str, evidence: Exported) -> str:
    if metric in evidence.types:
        return evidence.types[metric]
    base = metric.removesuffix("_total")
    if base in evidence.types:
        return evidence.types[base]
    histogram = next((metric.removesuffix(part) for part in _PARTS if metric.endswith(part)), "")
    return "counter" if evidence.types.get(histogram) in ("histogram", "summary") else ""
