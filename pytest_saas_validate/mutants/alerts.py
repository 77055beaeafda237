"""Defects of alert rules, planted in whatever rules a project has."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap
from pytest_saas_validate.spec import Alerts

Rule = dict[str, Any]
_PAGE = """
class Planted:
    def __init__(self, app):
        self.app = app
        self.paths = set()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] != "METRICS":
            self.paths.add(scope["path"])

        async def planted(message):
            if scope.get("path") == "METRICS" and message["type"] == "http.response.start":
                kept = [(n, v) for n, v in message["headers"] if n.lower() != b"content-length"]
                message = {**message, "headers": kept}
            if scope.get("path") == "METRICS" and message["type"] == "http.response.body":
                message = {**message, "body": self.page(message.get("body", b""))}
            await send(message)

        await self.app(scope, receive, planted)

    def page(self, body):
"""
_COUNTS_ADDRESSES = (
    _PAGE
    + """
        lines = ['planted_requests{path="%s"} 1' % path for path in sorted(self.paths)]
        return body + chr(10).join(lines).encode() + b"\\n" if body else body
"""
)
_RENAMES = (
    _PAGE
    + """
        return body.replace(b"NAME", b"renamed_NAME")
"""
)
_NEEDS = ("observability",)


def _alerts(edit: Edit) -> Alerts:
    if edit.spec.alerts is None or not edit.spec.alerts.rules:
        raise NotPlantable("the project names no rule files")
    return edit.spec.alerts


def _change(edit: Edit, path: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Read a YAML file, change it, write it."""
    document = yaml.safe_load(edit.text(path))
    change(document)
    edit.write(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def _rule_changed(edit: Edit, wanted: Callable[[Rule], bool], change: Callable[[Rule], None]) -> None:
    """Change the first alerting rule that is wanted; raises NotPlantable."""
    for path in _alerts(edit).rules:
        document = yaml.safe_load(edit.text(path))
        for group in document["groups"]:
            for rule in group["rules"]:
                if "alert" in rule and wanted(rule):
                    change(rule)
                    edit.write(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
                    return
    raise NotPlantable("no alert that this defect fits")


def _rule_added(edit: Edit, name: str, expression: str) -> None:
    """One more alert beside the first, like it but for name and expression."""

    def add(document: dict[str, Any]) -> None:
        rules = document["groups"][0]["rules"]
        first = next(rule for rule in rules if "alert" in rule)
        rules.append({**copy.deepcopy(first), "alert": name, "expr": expression})

    _change(edit, _alerts(edit).rules[0], add)


def _found(edit: Edit, pattern: str) -> str:
    """The first group of a pattern in any expression; raises NotPlantable."""
    for path in _alerts(edit).rules:
        for group in yaml.safe_load(edit.text(path))["groups"]:
            for rule in group["rules"]:
                match = re.search(pattern, rule["expr"])
                if match:
                    return match.group(1)
    raise NotPlantable(f"no expression matches {pattern!r}")


def _in_rule(
    id: str,
    title: str,
    fires: str | tuple[str, ...],
    change: Callable[[Rule], None],
    *,
    also: tuple[str, ...] = ("AL013",),
    wanted: Callable[[Rule], bool] = lambda rule: True,
) -> Mutant:
    """A defect in one rule. Its unit test may notice too, which is what unit tests are for."""

    @mutant(id, title, fires=fires, also=also, needs=_NEEDS, at="project")
    def plant(edit: Edit) -> None:
        _rule_changed(edit, wanted, change)

    return plant


def _expression(pattern: str, instead: str) -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        rule["expr"] = re.sub(pattern, instead, rule["expr"], count=1)

    return change


def _holds(pattern: str) -> Callable[[Rule], bool]:
    return lambda rule: re.search(pattern, rule["expr"]) is not None


def _without(key: str, name: str = "") -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        (rule[key] if name else rule).pop(name or key)

    return change


BROKEN = _in_rule(
    "AL001-syntax",
    "an expression does not parse",
    ("AL001", "AL002"),
    lambda rule: rule.update(expr=rule["expr"] + " )"),
    also=("AL013", "AL007", "AL012"),
)
ALWAYS = _in_rule(
    "AL002-no-condition",
    "an alert compares nothing",
    "AL002",
    _expression(r"(?s)^.*$", "vector(1)"),
    also=("AL001", "AL013"),
)
NO_SEVERITY = _in_rule(
    "AL003-no-severity", "an alert has no severity", "AL003", _without("labels", "severity")
)
VALUE_LABEL = _in_rule(
    "AL003-value-label",
    "a label changes with the value",
    "AL003",
    lambda rule: rule["labels"].update(ratio="{{ $value }}"),
)
NO_RUNBOOK = _in_rule(
    "AL004-no-runbook", "an alert has no runbook", "AL004", _without("annotations", "runbook_url")
)
DEAD_RUNBOOK = _in_rule(
    "AL004-dead-runbook",
    "a runbook address leads nowhere",
    "AL004",
    lambda rule: rule["annotations"].update(runbook_url=rule["annotations"]["runbook_url"] + "-gone.md"),
)
NO_SUMMARY = _in_rule(
    "AL004-no-summary", "an alert has no summary", "AL004", _without("annotations", "summary")
)
IMPATIENT = _in_rule("AL005-no-for", "an alert does not wait", "AL005", _without("for"))
HASTY = _in_rule(
    "AL005-short-for", "an alert waits for one evaluation", "AL005", lambda rule: rule.update({"for": "1s"})
)
NARROW = _in_rule(
    "AL006-range",
    "a range spans one scrape",
    "AL006",
    _expression(r"\[\w+\]", "[16s]"),
    wanted=_holds(r"\[\w+\]"),
)
MISSPELT = _in_rule(
    "AL007-metric",
    "an alert reads a metric that nothing exports",
    "AL007",
    _expression(r"([a-z_]+_(?:total|bucket|up|connections)\b)", r"misspelt_\1"),
    also=("AL013", "AL008", "AL009"),
    wanted=_holds(r"[a-z_]+_(?:total|bucket|up|connections)\b"),
)
DEAD_VALUE = _in_rule(
    "AL007-label-value",
    "a matcher asks for a value that never occurs",
    "AL007",
    _expression(r'=~?"[^"]+"', '="never"'),
    wanted=_holds(r'\{[^}]*=~?"'),
)
DEAD_LABEL = _in_rule(
    "AL007-label-name",
    "a matcher asks for a label that no series has",
    "AL007",
    _expression(r'(\w+)(=~?"[^"]+")', r"no_such_\1\2"),
    wanted=_holds(r'\{[^}]*=~?"'),
)
THRESHOLD = _in_rule(
    "AL013-threshold",
    "a threshold is doubled and the unit test stays as it was",
    "AL013",
    lambda rule: rule.update(
        expr=re.sub(r"> ([\d.]+)", lambda m: f"> {float(m[1]) * 2}", rule["expr"], count=1)
    ),
    also=("AL009",),
    wanted=_holds(r"> [\d.]+"),
)


@mutant(
    "AL001-not-loaded", "the configuration does not name the rules", fires="AL001", needs=_NEEDS, at="project"
)
def not_loaded(edit: Edit) -> None:
    """The server then runs with no rule at all, and says nothing."""
    config = _alerts(edit).config
    _change(edit, config, lambda document: document.update(rule_files=["rules/*.yml"]))


@mutant("AL004-no-file", "a runbook is deleted", fires="AL004", needs=_NEEDS, at="project")
def no_file(edit: Edit) -> None:
    """The address of the first alert's runbook still looks right."""
    spec = _alerts(edit)
    name = yaml.safe_load(edit.text(spec.rules[0]))["groups"][0]["rules"][0]["annotations"]["runbook_url"]
    page = PurePosixPath(name.split("#")[0]).name
    path = next((file for file in edit.files if file.startswith(spec.runbooks) and page in file), "")
    edit.remove(path or f"{spec.runbooks}/{page}")


@mutant("AL008-gauge", "rate() of a gauge", fires="AL008", also=("AL013",), needs=_NEEDS, at="project")
def rate_of_gauge(edit: Edit) -> None:
    """It is about nought whatever happens."""
    _rule_added(edit, "FallingGauge", f"rate({_found(edit, r'^([a-z_]+) [=<>]')}[5m]) > 1")


@mutant(
    "AL008-counter", "a counter without rate()", fires="AL008", also=("AL013",), needs=_NEEDS, at="project"
)
def plain_counter(edit: Edit) -> None:
    """It fires once and never resolves."""
    _rule_added(edit, "ManyRequests", f"{_found(edit, r'rate[(]([a-z_]+_total)')} > 1000")


@mutant(
    "AL009-beyond",
    "a threshold above the largest bucket",
    fires="AL009",
    also=("AL013",),
    needs=_NEEDS,
    at="project",
)
def beyond(edit: Edit) -> None:
    """promtool evaluates it without a word; it cannot fire."""
    metric = _found(edit, r"rate[(]([a-z_]+_bucket)")
    _rule_added(edit, "Slow", f"histogram_quantile(0.99, sum by (le) (rate({metric}[5m]))) > 1000")


@mutant(
    "AL012-ratio", "a ratio without a least rate", fires="AL012", also=("AL013",), needs=_NEEDS, at="project"
)
def unguarded(edit: Edit) -> None:
    """One failed request of one is 100 %."""
    metric = _found(edit, r"rate[(]([a-z_]+_total)")
    _rule_added(edit, "Ratio", f"sum(rate({metric}[5m])) / sum(rate({metric}[10m])) > 0.5")


def _without_points(id: str, title: str, fires: bool) -> Mutant:
    @mutant(id, title, fires="AL013", needs=_NEEDS, at="project")
    def plant(edit: Edit) -> None:
        name = yaml.safe_load(edit.text(_alerts(edit).rules[0]))["groups"][0]["rules"][0]["alert"]

        def change(document: dict[str, Any]) -> None:
            for test in document["tests"]:
                points = test.get("alert_rule_test", [])
                test["alert_rule_test"] = [
                    p for p in points if p["alertname"] != name or bool(p.get("exp_alerts")) != fires
                ]

        for path in _alerts(edit).tests:
            _change(edit, path, change)

    return plant


NEVER_FIRING = _without_points("AL013-no-firing", "no unit test sees an alert fire", True)
NEVER_QUIET = _without_points("AL013-no-quiet", "no unit test sees an alert quiet", False)


@mutant(
    "AL020-twice", "a rule is there twice", fires="AL020", also=("AL001", "AL013"), needs=_NEEDS, at="project"
)
def twice(edit: Edit) -> None:
    """As a merge leaves it."""

    def double(document: dict[str, Any]) -> None:
        rules = document["groups"][0]["rules"]
        rules.append(copy.deepcopy(rules[0]))

    _change(edit, _alerts(edit).rules[0], double)


@mutant("AL022-address", "a metric is labelled by address", fires="AL022", needs=_NEEDS, at="project")
def address_label(edit: Edit) -> None:
    """One series for each object: the server's memory is the limit."""
    backend = edit.spec.backend
    if backend is None or not backend.metrics:
        raise NotPlantable("the project has no metrics page")
    wrap(edit, more=_COUNTS_ADDRESSES.replace("METRICS", backend.metrics))


@mutant("AL007-app", "the application stops exporting a metric", fires="AL007", needs=_NEEDS, at="project")
def not_exported(edit: Edit) -> None:
    """As an upgrade of the metrics library that renames it."""
    backend = edit.spec.backend
    if backend is None or not backend.metrics:
        raise NotPlantable("the project has no metrics page")
    metric = _found(edit, r"^([a-z_]+) [=<>]")
    wrap(edit, more=_RENAMES.replace("METRICS", backend.metrics).replace("NAME", metric))
