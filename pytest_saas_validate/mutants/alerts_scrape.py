"""Defects between alert rules and the configuration that feeds them, whatever both look like."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.rules import (
    NEEDS,
    alerts_of,
    change_document,
    expression,
    found_in,
    in_rule,
)

Job = dict[str, Any]
_PLAIN = r"^([a-z_]+) ([=<>])"


def _job(edit: Edit, change: Callable[[Job], None]) -> None:
    """Change every job; raises NotPlantable."""
    config = alerts_of(edit).config
    if not config or not yaml.safe_load(edit.text(config)).get("scrape_configs"):
        raise NotPlantable("the project's table names no configuration that scrapes")

    def each(document: dict[str, Any]) -> None:
        for job in document["scrape_configs"]:
            change(job)

    change_document(edit, config, each)


def in_job(id: str, title: str, fires: str | tuple[str, ...], change: Callable[[Job], None]) -> Mutant:
    """A defect of the jobs."""

    @mutant(id, title, fires=fires, needs=NEEDS, at="project")
    def plant(edit: Edit) -> None:
        _job(edit, change)

    return plant


SLOW_JOB = in_job(
    "AL006-job",
    "a job is scraped less often than the rest",
    ("AL005", "AL006"),
    lambda job: job.update(scrape_interval="10m"),
)
OTHER_PAGE = in_job(
    "AL007-page",
    "the configuration scrapes a page that is not there",
    "AL007",
    lambda job: job.update(metrics_path="/planted"),
)
OTHER_JOB = in_rule(
    "AL007-job",
    "an alert asks for a job that the configuration does not have",
    "AL007",
    expression(_PLAIN, r'\1{job="planted"} \2'),
    wanted=lambda rule: bool(re.search(_PLAIN, rule["expr"])),
)
OTHER_INSTANCE = in_rule(
    "AL007-instance",
    "an alert asks for an instance that no target is",
    "AL007",
    expression(_PLAIN, r'\1{instance=~"planted:.*"} \2'),
    wanted=lambda rule: bool(re.search(_PLAIN, rule["expr"])),
)
NO_SUCH_EXCLUSION = in_rule(
    "AL007-exclusion",
    "an alert leaves out what a label says that no series has",
    "AL007",
    expression(_PLAIN, r'\1{planted!="yes"} \2'),
    wanted=lambda rule: bool(re.search(_PLAIN, rule["expr"])),
)


@mutant("AL005-scrape", "an alert waits for less than two scrapes", fires="AL005", needs=NEEDS, at="project")
def one_scrape(edit: Edit) -> None:
    """The rules are evaluated often, and each time see the same sample."""
    rules = yaml.safe_load(edit.text(alerts_of(edit).rules[0]))["groups"][0]["rules"]
    holds = [int(held[:-1]) for rule in rules if (held := str(rule.get("for", ""))).endswith("m")]
    if not holds:
        raise NotPlantable("no alert waits for minutes")
    _job(edit, lambda job: job.update(scrape_interval=f"{min(holds) * 30 + 2}s"))


@mutant("AL007-dropped", "the scrape drops what an alert reads", fires="AL007", needs=NEEDS, at="project")
def dropped(edit: Edit) -> None:
    """To save memory."""
    metric = found_in(edit, r"\b([a-z_]+_bucket)\b")
    step = {"source_labels": ["__name__"], "regex": metric, "action": "drop"}
    _job(edit, lambda job: job.update(metric_relabel_configs=[step]))


@mutant("AL001-beside", "a rule file is not loaded", fires="AL001", needs=NEEDS, at="project")
def beside(edit: Edit) -> None:
    """A new file of recording rules; nobody told the configuration."""
    path = PurePosixPath(alerts_of(edit).rules[0])
    metric = found_in(edit, _PLAIN)
    rule = {"record": "planted:series:max", "expr": f"max({metric})"}
    name = str(path.with_name(f"planted{path.suffix}"))
    edit.write(name, yaml.safe_dump({"groups": [{"name": "planted", "rules": [rule]}]}))


@mutant("AL013-copy", "the unit tests read a copy of the rules", fires="AL013", needs=NEEDS, at="project")
def copied(edit: Edit) -> None:
    """The copy stays right whatever becomes of the rules."""
    spec = alerts_of(edit)
    if not spec.tests:
        raise NotPlantable("no unit test of rules")
    names = [PurePosixPath(path).name for path in spec.rules]
    for rules in spec.rules:
        edit.write(
            f"{PurePosixPath(rules).parent}/fixtures/{PurePosixPath(rules).name}.copy", edit.text(rules)
        )
    for path in spec.tests:
        change_document(
            edit,
            path,
            lambda document: document.update(rule_files=[f"fixtures/{name}.copy" for name in names]),
        )


@mutant(
    "AL013-idle", "an alert is quiet only where nothing feeds it", fires="AL013", needs=NEEDS, at="project"
)
def idle(edit: Edit) -> None:
    """Silence without a series proves nothing."""
    spec = alerts_of(edit)
    if not spec.tests:
        raise NotPlantable("no unit test of rules")
    name = yaml.safe_load(edit.text(spec.rules[0]))["groups"][0]["rules"][0]["alert"]

    def change(document: dict[str, Any]) -> None:
        for test in document["tests"]:
            points = test.get("alert_rule_test", [])
            test["alert_rule_test"] = [p for p in points if p["alertname"] != name or p.get("exp_alerts")]
        silent = {"alertname": name, "eval_time": "5m"}
        series = {"series": "planted", "values": "1x30"}
        document["tests"].append({"input_series": [series], "alert_rule_test": [silent]})

    for path in spec.tests:
        change_document(edit, path, change)
