"""Changing alert rules, whatever rules a project has."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import yaml

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.spec import Alerts

Rule = dict[str, Any]
NEEDS = ("observability",)


def alerts_of(edit: Edit) -> Alerts:
    if edit.spec.alerts is None or not edit.spec.alerts.rules:
        raise NotPlantable("the project names no rule files")
    return edit.spec.alerts


def change_document(edit: Edit, path: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Read a YAML file, change it, write it."""
    document = yaml.safe_load(edit.text(path))
    change(document)
    edit.write(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def change_rule(edit: Edit, wanted: Callable[[Rule], bool], change: Callable[[Rule], None]) -> None:
    """Change the first alerting rule that is wanted; raises NotPlantable."""
    for path in alerts_of(edit).rules:
        document = yaml.safe_load(edit.text(path))
        for group in document["groups"]:
            for rule in group["rules"]:
                if "alert" in rule and wanted(rule):
                    change(rule)
                    edit.write(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
                    return
    raise NotPlantable("no alert that this defect fits")


def add_rule(edit: Edit, name: str, expression: str) -> None:
    """One more alert beside the first, with texts and a runbook of its own."""
    spec = alerts_of(edit)

    def add(document: dict[str, Any]) -> None:
        rules = document["groups"][0]["rules"]
        added = copy.deepcopy(next(rule for rule in rules if "alert" in rule))
        texts = added.get("annotations", {})
        texts.update(summary=f"{name} was planted.", description=f"{name} was planted, at {{{{ $value }}}}.")
        if spec.runbooks and "runbook_url" in texts:
            texts["runbook_url"] = f"{texts['runbook_url'].rpartition('/')[0]}/{name}.md"
            edit.write(f"{spec.runbooks}/{name}.md", f"# {name}\n\nIt was planted.\n")
        rules.append({**added, "alert": name, "expr": expression})

    change_document(edit, spec.rules[0], add)


def found_in(edit: Edit, pattern: str) -> str:
    """The first group of a pattern in any expression; raises NotPlantable."""
    for path in alerts_of(edit).rules:
        for group in yaml.safe_load(edit.text(path))["groups"]:
            for rule in group["rules"]:
                match = re.search(pattern, rule["expr"])
                if match:
                    return match.group(1)
    raise NotPlantable(f"no expression matches {pattern!r}")


def in_rule(
    id: str,
    title: str,
    fires: str | tuple[str, ...],
    change: Callable[[Rule], None],
    *,
    also: tuple[str, ...] = ("AL013",),
    wanted: Callable[[Rule], bool] = lambda rule: True,
) -> Mutant:
    """A defect in one rule. Its unit test may notice too, which is what unit tests are for."""

    @mutant(id, title, fires=fires, also=also, needs=NEEDS, at="project")
    def plant(edit: Edit) -> None:
        change_rule(edit, wanted, change)

    return plant


def expression(pattern: str, instead: str) -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        rule["expr"] = re.sub(pattern, instead, rule["expr"], count=1)

    return change


def holds(pattern: str) -> Callable[[Rule], bool]:
    return lambda rule: re.search(pattern, rule["expr"]) is not None


def without(key: str, name: str = "") -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        (rule[key] if name else rule).pop(name or key)

    return change
