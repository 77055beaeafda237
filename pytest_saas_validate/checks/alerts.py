"""AL: alert rules that load, are tested, and say what a person needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.alerts import Alert, Rules, Tested
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NEEDS = ("observability",)
_SEVERITIES = {"critical", "warning", "info"}


@check(
    "AL001",
    severity=Severity.CRITICAL,
    title="Configuration and rules load, and the configuration names every rule file",
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
    remedy="write an expression that compares, or uses absent()",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def conditions(rules: Rules) -> Iterator[Finding]:
    """Each expression, parsed: without a comparison it fires as soon as the metric exists."""
    for alert in rules.alerts:
        if alert.expression.problem:
            yield at(alert, f"the expression does not parse: {alert.expression.problem}")
        elif not alert.expression.conditional:
            yield at(alert, "the expression compares nothing: it fires as soon as the series exists")


@check(
    "AL003",
    severity=Severity.HIGH,
    title="Every alert has a severity, and labels that do not change with the value",
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
            if "$value" in value:
                yield at(alert, f"label {name} holds $value: {value!r}")


@check(
    "AL004",
    severity=Severity.MEDIUM,
    title="Every alert says what happened and where its runbook is",
    remedy="write summary and description, and a runbook_url that ends with the name of a runbook file",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def runbooks(rules: Rules) -> Iterator[Finding]:
    """Annotations, and whether the runbook's file exists in the project."""
    for alert in rules.alerts:
        for name in ("summary", "description", "runbook_url"):
            if not alert.annotations.get(name, "").strip():
                yield at(alert, f"annotation {name} is missing")
        url = alert.annotations.get("runbook_url", "")
        page = url.split("#")[0].rstrip("/").rsplit("/", 1)[-1]
        if url and not any(page in (file, file.rsplit(".", 1)[0]) for file in rules.runbooks):
            yield at(alert, f"runbook_url ends with {page!r}; the runbook folder has no such file")


@check(
    "AL005",
    severity=Severity.MEDIUM,
    title="Every alert waits for at least two evaluations",
    remedy="set `for` to at least twice the evaluation interval",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def patience(rules: Rules) -> Iterator[Finding]:
    """`for` against the interval of the rule's group."""
    for alert in rules.alerts:
        if alert.hold < 2 * alert.interval:
            held = "not set" if alert.hold < 0 else f"{alert.hold:g} s"
            yield at(alert, f"`for` is {held}; the group is evaluated every {alert.interval:g} s")


@check(
    "AL006",
    severity=Severity.HIGH,
    title="Every range spans at least four scrapes",
    remedy="widen the range to four scrape intervals",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def ranges(rules: Rules) -> Iterator[Finding]:
    """Range selectors: a shorter one has too few samples as soon as a scrape fails."""
    for alert in rules.alerts:
        for selector in alert.expression.selectors:
            if 0 < selector.range < 4 * rules.scrape_interval:
                yield at(
                    alert,
                    f"{selector} reads {selector.range:g} s; metrics are scraped every "
                    f"{rules.scrape_interval:g} s",
                )


@check(
    "AL012",
    severity=Severity.MEDIUM,
    title="Ratios are guarded against little traffic",
    remedy="add `and` with a least rate of requests",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def guarded(rules: Rules) -> Iterator[Finding]:
    """A division of rates that no `and` accompanies: one failed request of one is 100 %."""
    for alert in rules.alerts:
        expression = alert.expression
        if expression.divides and not expression.guarded and any(s.range for s in expression.selectors):
            yield at(alert, "divides rates and nothing asks for a least number of requests")


@check(
    "AL013",
    severity=Severity.CRITICAL,
    title="Every alert is tested, firing and quiet, and the tests pass",
    remedy="write a case just above the threshold and one just below it",
    wants=Tested,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def tested(evidence: Tested) -> Iterator[Finding]:
    """The points of the rule unit tests, and what promtool says when it runs them."""
    for name in evidence.alerts:
        for kind, points in (("fire", evidence.firing), ("be quiet", evidence.quiet)):
            if name not in points:
                yield Finding(where=name, message=f"no unit test expects it to {kind}")
    for judged in evidence.judged:
        if judged.job == "test" and not judged.ok:
            yield Finding(where=judged.subject, message=f"promtool: {_last(judged.output)}")


@check(
    "AL020",
    severity=Severity.LOW,
    title="No two alerts have the same name and labels",
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


def at(alert: Alert, message: str) -> Finding:
    """A finding at the place of a rule."""
    return Finding(where=f"{alert.file}: {alert.name}", message=message)


def _last(output: str) -> str:
    """The part of a tool's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FAILED|error|err:|exp:|got:", line, re.I)]
    return " | ".join((telling or lines)[:6])
