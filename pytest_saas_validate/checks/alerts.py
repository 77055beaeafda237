"""AL: alert rules that load, are tested, and say what a person needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.alerts import Guard, Ratio, Rule, Rules, Selector, Tested
from pytest_saas_validate.evidence.alerts_scraped import SYNTHETIC, hits
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NEEDS = ("observability",)
_SEVERITIES = {"critical", "warning", "info"}
_CHANGING = re.compile(r"\{\{[^}]*(?:\$value\b|\.Value\b|\bquery\b|\bnow\b)")
_SCRAPES = 4  # that a range must span
_FEW = 5  # requests of which one more or less is chance


@check(
    "AL001",
    severity=Severity.CRITICAL,
    title="Configuration and rules load, and the configuration names every rule file",
    why="the server runs without these rules, and the silence looks like health",
    remedy="mend what promtool names; list the rule file under rule_files",
    wants=Tested,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def loads(tested: Tested) -> Iterator[Finding]:
    """promtool check config, promtool check rules with every lint, and the patterns of rule_files."""
    for judged in tested.judged:
        if judged.job == "check" and not judged.ok:
            yield Finding(where=judged.subject, message=f"promtool: {_last(judged.output)}")
    for path in tested.rules:
        if path not in tested.loaded:
            yield Finding(where=path, message="no pattern of rule_files in the configuration matches it")


@check(
    "AL002",
    severity=Severity.CRITICAL,
    title="Every expression parses and is a condition",
    why="people mute an alert that always fires, and rely on one that never can",
    remedy="write an expression that compares, or uses absent()",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def conditions(rules: Rules) -> Iterator[Finding]:
    """Each expression, parsed: what lets every series through fires as soon as the series exists."""
    for rule in (*rules.alerts, *rules.records):
        if rule.expression.problem:
            yield at(rule, f"the expression does not parse: {rule.expression.problem}")
    for alert in rules.alerts:
        if alert.expression.problem:
            continue
        if not alert.expression.conditional:
            yield at(alert, "the expression lets everything through: it fires as soon as the series exists")
        elif alert.expression.certain:
            yield at(alert, f"asks whether something that is never negative is {alert.expression.certain}")


@check(
    "AL003",
    severity=Severity.HIGH,
    title="Every alert has a severity, and labels that do not change with the value",
    why="without a severity no route pages anybody, and a label that moves with the value makes a new "
    "alert each time, so that `for` never ends",
    remedy="set severity to critical, warning or info; move the value into an annotation",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def severities(rules: Rules) -> Iterator[Finding]:
    """The labels: a changing label makes a new alert at each evaluation, so `for` never ends."""
    for alert in rules.alerts:
        severity = alert.labels.get("severity", "")
        if severity not in _SEVERITIES:
            yield at(alert, f"severity is {severity!r}, not one of {', '.join(sorted(_SEVERITIES))}")
        for name, value in alert.labels.items():
            if _CHANGING.search(value):
                yield at(alert, f"label {name} changes with the value: {value!r}")


@check(
    "AL005",
    severity=Severity.MEDIUM,
    title="Every alert waits for at least two evaluations, and two scrapes of what it reads",
    why="one slow evaluation or one lost scrape wakes somebody for nothing, until pages are ignored",
    remedy="set `for` to at least twice the interval at which rules are evaluated and metrics scraped",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def patience(rules: Rules) -> Iterator[Finding]:
    """`for` against the interval of the rule's group, and of the jobs that feed it."""
    for alert in rules.alerts:
        held = "not set" if alert.hold < 0 else f"{alert.hold:g} s"
        if alert.hold < 2 * alert.interval:
            yield at(alert, f"`for` is {held}; the group is evaluated every {alert.interval:g} s")
            continue
        slow = max((fed_every(s, rules) for s in alert.expression.selectors), default=0)
        if alert.hold < 2 * slow:
            yield at(alert, f"`for` is {held}; what it reads comes every {slow:g} s")


@check(
    "AL006",
    severity=Severity.HIGH,
    title="Every range spans at least four scrapes",
    why="a rate needs two samples: in a short range one lost scrape leaves a gap, and the alert resolves "
    "or never fires",
    remedy="widen the range to four scrape intervals",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def ranges(rules: Rules) -> Iterator[Finding]:
    """Range selectors against the jobs that feed them: with fewer samples a failed scrape leaves a gap."""
    for rule in (*rules.alerts, *rules.records):
        for selector in rule.expression.selectors:
            interval = fed_every(selector, rules)
            if 0 < selector.range < _SCRAPES * interval:
                yield at(
                    rule, f"{selector} reads {selector.range:g} s; it gets a sample every {interval:g} s"
                )


def fed_every(selector: Selector, rules: Rules) -> float:
    """Seconds between two samples of what a selector reads; of several jobs that fit, the slowest."""
    recorded = [record.interval for record in rules.records if record.name == selector.metric]
    if recorded:
        return max(recorded)
    wanted = [matcher for matcher in selector.matchers if matcher.label == "job"]
    fitting = [job for job in rules.jobs if all(hits(matcher, job.name) for matcher in wanted)]
    if not wanted and selector.metric not in SYNTHETIC:
        fitting = [job for job in fitting if job.ours] or fitting
    return max((job.interval for job in fitting), default=rules.scrape_interval)


@check(
    "AL012",
    severity=Severity.MEDIUM,
    title="Ratios and quantiles of rates are guarded against little traffic",
    why="at night one failed request of one is an error rate of 100 %, and somebody gets up for it",
    remedy="add `and` with a least rate of the same requests, counted apart by the same labels",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def guarded(rules: Rules) -> Iterator[Finding]:
    """What accompanies a division of rates or a quantile of them: one failed request of one is 100 %."""
    for alert in rules.alerts:
        for ratio in alert.expression.ratios:
            weak = [_weakness(guard, ratio) for guard in ratio.guards]
            if not weak:
                yield at(alert, f"takes a {ratio.word} of rates; nothing asks for a least number of requests")
            elif all(weak):
                yield at(alert, f"takes a {ratio.word} of rates, and its guard {weak[0]}")


def _weakness(guard: Guard, ratio: Ratio) -> str:
    """Why a guard guards against nothing; empty when it does."""
    if not {_family(metric) for metric in guard.metrics} & {_family(metric) for metric in ratio.metrics}:
        return f"counts something else: {', '.join(sorted(guard.metrics))}"
    if guard.requests is not None and guard.requests < _FEW:
        return f"lets {guard.requests:g} requests in its range pass; it takes at least {_FEW}"
    merged = set() if ratio.labels is None or guard.labels is None else ratio.labels - guard.labels - {"le"}
    return f"does not count {', '.join(sorted(merged))} apart, as the {ratio.word} does" if merged else ""


def _family(metric: str) -> str:
    return re.sub(r"_(bucket|count|sum|total)$", "", metric)


@check(
    "AL013",
    severity=Severity.CRITICAL,
    title="Every alert is tested, firing and quiet, and the tests pass",
    why="a threshold, a label or a range that is wrong comes to light in the outage that it should have "
    "announced",
    remedy="write a case just above the threshold and one just below it",
    wants=Tested,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def tested(evidence: Tested) -> Iterator[Finding]:
    """The points of the rule unit tests that load the rule, and what promtool says when it runs them."""
    for name in dict.fromkeys(evidence.alerts):
        for kind, points in (("fire", evidence.firing), ("be quiet", evidence.quiet)):
            if name not in points:
                idle = kind == "be quiet" and name in evidence.idle
                why = ", except where no series that it reads is there" if idle else ""
                yield Finding(where=name, message=f"no unit test expects it to {kind}{why}")
    for judged in evidence.judged:
        if judged.job == "test" and not judged.ok:
            yield Finding(where=judged.subject, message=f"promtool: {_last(judged.output)}")


@check(
    "AL020",
    severity=Severity.LOW,
    title="No two alerts have the same name and labels",
    why="the receiver takes both for one alert: either resolves or silences the other",
    remedy="rename one, or give it another severity",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def distinct(rules: Rules) -> Iterator[Finding]:
    """Names with labels."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for alert in rules.alerts:
        key = (alert.name, tuple(sorted(alert.labels.items())))
        if key in seen:
            yield at(alert, "another rule has this name and these labels")
        seen.add(key)


def at(rule: Rule, message: str) -> Finding:
    """A finding at the place of a rule."""
    return Finding(where=f"{rule.file}: {rule.name}", message=message)


def _last(output: str) -> str:
    """The part of a tool's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FAILED|error|err:|exp:|got:", line, re.I)]
    return " | ".join((telling or lines)[:6])
