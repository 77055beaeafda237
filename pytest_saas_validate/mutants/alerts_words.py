"""Defects of what alert rules say and of what they compare, whatever rules a project has."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.rules import NEEDS, add_rule, alerts_of, change_document, found_in, in_rule

_TESTED = ("AL013",)  # no unit test of the planted rule
_COUNTER = r"rate[(]([a-z_]+_total)"
_BUCKETS = r"rate[(]([a-z_]+_bucket)"


def added(id: str, title: str, fires: str, pattern: str, expression: str) -> Mutant:
    """One more alert; METRIC in its expression is what the pattern finds in another alert."""

    @mutant(id, title, fires=fires, also=_TESTED, needs=NEEDS, at="project")
    def plant(edit: Edit) -> None:
        add_rule(edit, "PlantedAlert", expression.replace("METRIC", found_in(edit, pattern)))

    return plant


NOUGHT = added(
    "AL012-nought",
    "a ratio is guarded against no traffic at all only",
    "AL012",
    _COUNTER,
    "sum(rate(METRIC[5m])) / sum(rate(METRIC[10m])) > 0.5 and sum(rate(METRIC[5m])) > 0",
)
ONE = added(
    "AL012-one",
    "a guard lets a single request pass",
    "AL012",
    _COUNTER,
    "sum(rate(METRIC[5m])) / sum(rate(METRIC[10m])) > 0.5 and sum(increase(METRIC[5m])) >= 1",
)
ELSEWHERE = added(
    "AL012-elsewhere",
    "a guard counts something else",
    "AL012",
    _COUNTER,
    "sum(rate(METRIC[5m])) / sum(rate(METRIC[10m])) > 0.5 and on () up > 0.5",
)
TOGETHER = added(
    "AL012-together",
    "a guard counts all routes together",
    "AL012",
    _COUNTER,
    "sum by (method) (rate(METRIC[5m])) / sum by (method) (rate(METRIC[10m])) > 0.5"
    " and on () sum(rate(METRIC[5m])) > 1",
)
QUANTILE = added(
    "AL012-quantile",
    "a quantile without a least rate",
    "AL012",
    _BUCKETS,
    "histogram_quantile(0.9, sum by (le) (rate(METRIC[5m]))) > 0.001",
)
GUARDED = " and on () sum(rate(METRIC[5m])) > 1"
WRAPPED = added(
    "AL009-wrapped",
    "a threshold in another unit, above the largest bucket",
    "AL009",
    _BUCKETS,
    "1e9 < max(histogram_quantile(0.9, sum by (le) (rate(METRIC[5m])))) * 1000" + GUARDED,
)
BOUNDLESS = added(
    "AL008-bounds",
    "a quantile of buckets that were added up",
    "AL008",
    _BUCKETS,
    "histogram_quantile(0.9, sum(rate(METRIC[5m]))) > 0.001" + GUARDED,
)
DELTA = added("AL008-delta", "delta() of a counter", "AL008", _COUNTER, "delta(METRIC[5m]) > 100")
CERTAIN = added(
    "AL002-certain", "a condition that always holds", "AL002", _COUNTER, "sum(rate(METRIC[5m])) >= 0"
)
GROUP = added(
    "AL010-group",
    "a rule groups by a label that no series has",
    "AL010",
    r"^([a-z_]+) [=<>]",
    "max by (planted) (METRIC) > 1000",
)
JOIN = added(
    "AL010-join",
    "a rule joins on a label that no series has",
    "AL010",
    r"^([a-z_]+) [=<>]",
    "METRIC > 1000 and on (planted) METRIC > 1001",
)
LOST_LABEL = in_rule(
    "AL010-text",
    "a text writes a label that the expression does not keep",
    "AL010",
    lambda rule: rule["annotations"].update(summary="{{ $labels.planted }} has trouble."),
)
DEAD_ANCHOR = in_rule(
    "AL004-anchor",
    "a runbook address leads to a heading that is not there",
    "AL004",
    lambda rule: rule["annotations"].update(runbook_url=rule["annotations"]["runbook_url"] + "#planted"),
)


def _swapped(id: str, title: str, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Mutant:
    @mutant(id, title, fires="AL004", also=_TESTED, needs=NEEDS, at="project")
    def plant(edit: Edit) -> None:
        def swap(document: dict[str, Any]) -> None:
            alerts = [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]
            if len({rule["annotations"].get("runbook_url") for rule in alerts}) < 2:
                raise NotPlantable("there are no two alerts with runbooks of their own")
            change(alerts[0], next(r for r in alerts if r["annotations"] != alerts[0]["annotations"]))

        change_document(edit, alerts_of(edit).rules[0], swap)

    return plant


FOREIGN_RUNBOOK = _swapped(
    "AL004-foreign",
    "an alert points to the runbook of another one",
    lambda one, other: one["annotations"].update(runbook_url=other["annotations"]["runbook_url"]),
)
SAME_WORDS = _swapped(
    "AL004-words",
    "an alert says what another one says",
    lambda one, other: one["annotations"].update(summary=copy.copy(other["annotations"]["summary"])),
)


@mutant("AL004-empty", "a runbook is a heading only", fires="AL004", needs=NEEDS, at="project")
def empty_runbook(edit: Edit) -> None:
    """Somebody meant to write it later."""
    spec = alerts_of(edit)
    address = yaml.safe_load(edit.text(spec.rules[0]))["groups"][0]["rules"][0]["annotations"]["runbook_url"]
    page = PurePosixPath(re.sub(r"#.*", "", address)).name
    path = next((n for n in edit.files if n.startswith(spec.runbooks) and PurePosixPath(n).name == page), "")
    if not path:
        raise NotPlantable("the first alert's runbook is not in the runbook folder")
    edit.write(path, "".join(line for line in edit.text(path).splitlines(True) if line.startswith("#")))
