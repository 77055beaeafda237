"""Series as the server has them: exported by the application, labelled and relabelled by the scrape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pytest_saas_validate.evidence.alerts import (
    Exported,
    Job,
    Kept,
    Matcher,
    Relabel,
    Rules,
    Selector,
    Series,
)

SYNTHETIC = frozenset(
    {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
)  # made by the server itself
ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


def relabelled(labels: Mapping[str, str], steps: Iterable[Relabel]) -> dict[str, str] | None:
    """The labels after these steps; None when a step drops them. Steps that only shard change nothing."""
    found = dict(labels)
    for step in steps:
        value = step.separator.join(found.get(name, "") for name in step.sources)
        match = re.fullmatch(step.regex, value, re.S)
        if step.action == "replace" and match:
            found[_expand(match, step.target)] = _expand(match, step.replacement)
        elif step.action in ("lowercase", "uppercase"):
            found[step.target] = value.lower() if step.action == "lowercase" else value.upper()
        elif (step.action == "keep" and not match) or (step.action == "drop" and match):
            return None
        elif step.action == "labelmap":
            for name, old in list(found.items()):
                renamed = re.fullmatch(step.regex, name)
                if renamed:
                    found[_expand(renamed, step.replacement)] = old
        elif step.action in ("labeldrop", "labelkeep"):
            stays = step.action == "labelkeep"
            found = {
                name: old
                for name, old in found.items()
                if bool(re.fullmatch(step.regex, name)) == stays or name == "__name__"
            }
    return {name: value for name, value in found.items() if value}


def _expand(match: re.Match[str], text: str) -> str:
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda m: _group(match, m.group(1) or m.group(2)), text)


def _group(match: re.Match[str], name: str) -> str:
    try:
        return match.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError):
        return ""


class Scraped:
    """What rules can read: without a configuration, what is exported, with any job and instance."""

    def __init__(self, rules: Rules, exported: Exported) -> None:
        self.jobs = [job for job in rules.jobs if job.ours]
        self.open = not rules.jobs or any(job.discovered for job in self.jobs)
        self.records = {record.name: record.expression.kept for record in rules.records}
        self.series = list(self._series(exported)) if rules.jobs else list(exported.series)
        self._names: dict[str, list[Series]] = {}
        for series in self.series:
            self._names.setdefault(series.name, []).append(series)
        for job in rules.jobs:
            for target in job.targets:
                for name in SYNTHETIC:
                    self._names.setdefault(name, []).append(Series(name=name, labels=target))

    def _series(self, exported: Exported) -> Iterator[Series]:
        for job in self.jobs:
            for target in job.targets or ({"job": job.name},):
                for series in exported.series:
                    named = {"__name__": series.name, **_joined(series.labels, target, job)}
                    labels = relabelled(named, job.relabels)
                    if labels and labels.get("__name__"):
                        yield Series(name=labels.pop("__name__"), labels=labels)

    def of(self, metric: str) -> list[Series]:
        """The series of one metric."""
        return self._names.get(metric, [])

    @property
    def metrics(self) -> list[str]:
        """The names of all that are there."""
        return sorted(self._names)

    def labels(self, kept: Kept, depth: int = 0) -> frozenset[str] | None:
        """The labels that a part of an expression can have; None when that cannot be known."""
        if kept.names is not None:
            return (kept.names | kept.added) - kept.dropped
        if not kept.metrics:
            return None
        found = set(kept.added)
        for metric in kept.metrics:
            if metric in self.records and depth < 5:
                inner = self.labels(self.records[metric], depth + 1)
                if inner is None:
                    return None
                found |= inner
            elif metric in ALERTS or not self.of(metric):
                return None  # what is not there at all is another check's finding
            else:
                found |= {name for series in self.of(metric) for name in series.labels}
        return frozenset(found - kept.dropped) | ({"job", "instance"} if self.open else frozenset())

    def missing(self, selector: Selector) -> str:
        """Why a selector hits nothing; empty when it hits."""
        if selector.metric in self.records or selector.metric in ALERTS:
            return ""
        left = self.of(selector.metric)
        if not left:
            return "no such metric"
        for matcher in selector.matchers:
            values = {s.labels.get(matcher.label, "") for s in left}
            if values == {""} and self.open:
                continue  # a label that only shows at run time
            left = [s for s in left if hits(matcher, s.labels.get(matcher.label, ""))]
            if values == {""} and matcher.value:
                return f"no series has a label {matcher.label}"
            if not left:
                shown = sorted(values)[:6]
                return f"no series has {matcher.label}{matcher.operator}{matcher.value!r}; there are {shown}"
        return ""


def _joined(own: Mapping[str, str], target: Mapping[str, str], job: Job) -> dict[str, str]:
    """Labels of a series with those of its target; where both have one, the job says whose wins."""
    if job.honors:
        return {**target, **own}
    return {**{f"exported_{n}" if n in target else n: value for n, value in own.items()}, **target}


def hits(matcher: Matcher, value: str) -> bool:
    """Whether a value satisfies a matcher."""
    if matcher.operator in ("=~", "!~"):
        return bool(re.fullmatch(matcher.value, value)) == (matcher.operator == "=~")
    return (value == matcher.value) == (matcher.operator == "=")
