"""Defects of alert rules, planted in whatever rules a project has."""

from __future__ import annotations

import copy
import re
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.mutants import Edit, Mutant, mutant
from pytest_saas_validate.mutants.rules import (
    NEEDS,
    add_rule,
    alerts_of,
    change_document,
    expression,
    found_in,
    holds,
    in_rule,
    without,
)

BROKEN = in_rule(
    "AL001-syntax",
    "an expression does not parse",
    ("AL001", "AL002"),
    lambda rule: rule.update(expr=rule["expr"] + " )"),
    also=("AL013", "AL007", "AL012"),
)
ALWAYS = in_rule(
    "AL002-no-condition",
    "an alert compares nothing",
    "AL002",
    expression(r"(?s)^.*$", "vector(1)"),
    also=("AL001", "AL010", "AL013"),
)
NO_SEVERITY = in_rule("AL003-no-severity", "an alert has no severity", "AL003", without("labels", "severity"))
VALUE_LABEL = in_rule(
    "AL003-value-label",
    "a label changes with the value",
    "AL003",
    lambda rule: rule["labels"].update(ratio="{{ $value }}"),
)
QUERY_LABEL = in_rule(
    "AL003-query-label",
    "a label changes with a query",
    "AL003",
    lambda rule: rule["labels"].update(instances='{{ query "count(up)" | first | value }}'),
)
BOOL = in_rule(
    "AL002-bool",
    "a comparison gives 0 or 1 instead of choosing",
    "AL002",
    lambda rule: rule.update(expr=re.sub(r"(==|!=|>=?|<=?)\s*(?=[\d.])", r"\1 bool ", rule["expr"])),
    wanted=lambda rule: bool(re.fullmatch(r"\w+\s*(==|>|<)\s*[\d.]+\s*", rule["expr"])),
)
NO_RUNBOOK = in_rule(
    "AL004-no-runbook", "an alert has no runbook", "AL004", without("annotations", "runbook_url")
)
DEAD_RUNBOOK = in_rule(
    "AL004-dead-runbook",
    "a runbook address leads nowhere",
    "AL004",
    lambda rule: rule["annotations"].update(runbook_url=rule["annotations"]["runbook_url"] + "-gone.md"),
)
NO_SUMMARY = in_rule(
    "AL004-no-summary", "an alert has no summary", "AL004", without("annotations", "summary")
)
IMPATIENT = in_rule("AL005-no-for", "an alert does not wait", "AL005", without("for"))
HASTY = in_rule(
    "AL005-short-for", "an alert waits for one evaluation", "AL005", lambda rule: rule.update({"for": "1s"})
)
NARROW = in_rule(
    "AL006-range",
    "a range spans one scrape",
    "AL006",
    expression(r"\[\w+\]", "[16s]"),
    wanted=holds(r"\[\w+\]"),
)
MISSPELT = in_rule(
    "AL007-metric",
    "an alert reads a metric that nothing exports",
    "AL007",
    expression(r"([a-z_]+_(?:total|bucket|up|connections)\b)", r"misspelt_\1"),
    also=("AL013", "AL008", "AL009"),
    wanted=holds(r"[a-z_]+_(?:total|bucket|up|connections)\b"),
)
DEAD_VALUE = in_rule(
    "AL007-label-value",
    "a matcher asks for a value that never occurs",
    "AL007",
    expression(r'=~?"[^"]+"', '="never"'),
    wanted=holds(r'\{[^}]*=~?"'),
)
DEAD_LABEL = in_rule(
    "AL007-label-name",
    "a matcher asks for a label that no series has",
    "AL007",
    expression(r'(\w+)(=~?"[^"]+")', r"no_such_\1\2"),
    wanted=holds(r'\{[^}]*=~?"'),
)
THRESHOLD = in_rule(
    "AL013-threshold",
    "a threshold is doubled and the unit test stays as it was",
    "AL013",
    lambda rule: rule.update(
        expr=re.sub(r"> ([\d.]+)", lambda m: f"> {float(m[1]) * 2}", rule["expr"], count=1)
    ),
    also=("AL009",),
    wanted=holds(r"> [\d.]+"),
)


@mutant(
    "AL001-not-loaded", "the configuration does not name the rules", fires="AL001", needs=NEEDS, at="project"
)
def not_loaded(edit: Edit) -> None:
    """The server then runs with no rule at all, and says nothing."""
    config = alerts_of(edit).config
    change_document(edit, config, lambda document: document.update(rule_files=["rules/*.yml"]))


@mutant("AL004-no-file", "a runbook is deleted", fires="AL004", needs=NEEDS, at="project")
def no_file(edit: Edit) -> None:
    """The address of the first alert's runbook still looks right."""
    spec = alerts_of(edit)
    name = yaml.safe_load(edit.text(spec.rules[0]))["groups"][0]["rules"][0]["annotations"]["runbook_url"]
    page = PurePosixPath(name.split("#")[0]).name
    path = next((file for file in edit.files if file.startswith(spec.runbooks) and page in file), "")
    edit.remove(path or f"{spec.runbooks}/{page}")


@mutant("AL008-gauge", "rate() of a gauge", fires="AL008", also=("AL013",), needs=NEEDS, at="project")
def rate_of_gauge(edit: Edit) -> None:
    """It is about nought whatever happens."""
    add_rule(edit, "FallingGauge", f"rate({found_in(edit, r'^([a-z_]+) [=<>]')}[5m]) > 1")


@mutant(
    "AL008-counter", "a counter without rate()", fires="AL008", also=("AL013",), needs=NEEDS, at="project"
)
def plain_counter(edit: Edit) -> None:
    """It fires once and never resolves."""
    add_rule(edit, "ManyRequests", f"{found_in(edit, r'rate[(]([a-z_]+_total)')} > 1000")


@mutant(
    "AL009-beyond",
    "a threshold above the largest bucket",
    fires="AL009",
    also=("AL013",),
    needs=NEEDS,
    at="project",
)
def beyond(edit: Edit) -> None:
    """promtool evaluates it without a word; it cannot fire."""
    metric = found_in(edit, r"rate[(]([a-z_]+_bucket)")
    least = f"on () sum(rate({metric}[5m])) > 1"
    add_rule(edit, "Slow", f"histogram_quantile(0.99, sum by (le) (rate({metric}[5m]))) > 1000 and {least}")


@mutant(
    "AL012-ratio", "a ratio without a least rate", fires="AL012", also=("AL013",), needs=NEEDS, at="project"
)
def unguarded(edit: Edit) -> None:
    """One failed request of one is 100 %."""
    metric = found_in(edit, r"rate[(]([a-z_]+_total)")
    add_rule(edit, "Ratio", f"sum(rate({metric}[5m])) / sum(rate({metric}[10m])) > 0.5")


def _without_points(id: str, title: str, fires: bool) -> Mutant:
    @mutant(id, title, fires="AL013", needs=NEEDS, at="project")
    def plant(edit: Edit) -> None:
        name = yaml.safe_load(edit.text(alerts_of(edit).rules[0]))["groups"][0]["rules"][0]["alert"]

        def change(document: dict[str, Any]) -> None:
            for test in document["tests"]:
                points = test.get("alert_rule_test", [])
                test["alert_rule_test"] = [
                    p for p in points if p["alertname"] != name or bool(p.get("exp_alerts")) != fires
                ]

        for path in alerts_of(edit).tests:
            change_document(edit, path, change)

    return plant


NEVER_FIRING = _without_points("AL013-no-firing", "no unit test sees an alert fire", True)
NEVER_QUIET = _without_points("AL013-no-quiet", "no unit test sees an alert quiet", False)


@mutant(
    "AL020-twice", "a rule is there twice", fires="AL020", also=("AL001", "AL013"), needs=NEEDS, at="project"
)
def twice(edit: Edit) -> None:
    """As a merge leaves it."""

    def double(document: dict[str, Any]) -> None:
        rules = document["groups"][0]["rules"]
        rules.append(copy.deepcopy(rules[0]))

    change_document(edit, alerts_of(edit).rules[0], double)
