"""Alert rules: read from the project, judged by promtool, and held against the running application."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.evidence.alerts import Alert, Judged, Rules, Tested
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.promql import read_expression
from pytest_saas_validate.process import run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Alerts

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_DEFAULT_INTERVAL = "1m"  # Prometheus' own, for scrapes and evaluations


def seconds(duration: Any) -> float:
    """A Prometheus duration such as `1h30m`; raises ProbeError."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", str(duration))
    if not parts or "".join(number + unit for number, unit in parts) != str(duration):
        raise ProbeError(f"{duration!r} is not a Prometheus duration; write for example 5m")
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def alerts_of(project: Project) -> Alerts:
    """What the project says of its alerts; raises ProbeError when it says nothing."""
    alerts = project.spec.alerts
    if alerts is None or not alerts.rules:
        raise ProbeError(
            "the project names no rule files; "
            "add [tool.pytest-saas-validate.alerts] with config, rules and tests"
        )
    return alerts


def document(project: Project, path: str) -> Mapping[str, Any]:
    """A YAML file of the project; raises ProbeError."""
    file = project.files.get(path)
    if file is None or file.text is None:
        raise ProbeError(f"{path} is named in the project's table and is not there")
    try:
        value = yaml.load(file.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as problem:
        raise ProbeError(f"{path}: not YAML: {problem}") from None
    if not isinstance(value, dict):
        raise ProbeError(f"{path}: must hold a mapping")
    return value


def read_alerts(project: Project) -> Iterator[Alert]:
    """Every alerting rule of the project."""
    config = alerts_of(project).config
    every = document(project, config).get("global", {}) if config else {}
    default = every.get("evaluation_interval", _DEFAULT_INTERVAL)
    for path in alerts_of(project).rules:
        for group in document(project, path).get("groups") or ():
            interval = seconds(group.get("interval", default))
            for rule in group.get("rules") or ():
                if "alert" in rule:
                    yield _alert(rule, path, str(group.get("name", "")), interval)


def _alert(rule: Mapping[str, Any], path: str, group: str, interval: float) -> Alert:
    return Alert(
        name=str(rule["alert"]),
        file=path,
        group=group,
        expression=read_expression(str(rule.get("expr", ""))),
        hold=seconds(rule["for"]) if "for" in rule else -1,
        labels={str(key): str(value) for key, value in (rule.get("labels") or {}).items()},
        annotations={str(key): str(value) for key, value in (rule.get("annotations") or {}).items()},
        interval=interval,
    )


def _rules(project: Project, features: Mapping[str, Feature]) -> Rules:
    alerts = tuple(read_alerts(project))
    if not alerts:
        raise ProbeError(f"{', '.join(alerts_of(project).rules)}: no alerting rule")
    spec = alerts_of(project)
    config = document(project, spec.config) if spec.config else {}
    return Rules(
        alerts=alerts,
        scrape_interval=seconds((config.get("global") or {}).get("scrape_interval", _DEFAULT_INTERVAL)),
        runbooks=frozenset(PurePosixPath(name).name for name, _ in project.below(spec.runbooks))
        if spec.runbooks
        else frozenset(),
    )


def _tested(project: Project, features: Mapping[str, Feature]) -> Tested:
    from pytest_saas_validate.tools import find

    promtool = find("promtool")
    if promtool.reason:
        raise Unavailable(f"promtool: {promtool.reason}")
    spec = alerts_of(project)
    alerts = tuple(read_alerts(project))
    points = list(_points(project, spec.tests))
    return Tested(
        alerts=tuple(alert.name for alert in alerts),
        firing=tuple(name for name, fires in points if fires),
        quiet=tuple(name for name, fires in points if not fires),
        loaded=tuple(_loaded(project, spec.config)),
        rules=spec.rules,
        judged=tuple(_judged(project, str(promtool.path), spec)),
    )


def _points(project: Project, tests: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each point of a unit test: the alert, and whether it is expected to fire."""
    for path in tests:
        for test in document(project, path).get("tests") or ():
            for point in test.get("alert_rule_test") or ():
                yield str(point.get("alertname", "")), bool(point.get("exp_alerts"))


def _loaded(project: Project, config: str) -> Iterator[str]:
    """The rule files that the configuration's patterns match, from the configuration's folder."""
    if not config:
        return
    folder = PurePosixPath(config).parent
    for pattern in document(project, config).get("rule_files") or ():
        for name in project.files:
            if PurePosixPath(name).match(str(folder / pattern)):
                yield name


def _judged(project: Project, promtool: str, spec: Alerts) -> Iterator[Judged]:
    jobs = [("configuration", ["check", "config", spec.config])] if spec.config else []
    jobs += [(path, ["check", "rules", "--lint=all", "--lint-fatal", path]) for path in spec.rules]
    jobs += [(path, ["test", "rules", path]) for path in spec.tests]
    for subject, words in jobs:
        ended = run([promtool, *words], cwd=project.root, timeout=60)
        text = scrub(ended.text + ended.stderr.decode(errors="replace")).replace(f"{project.root}/", "")
        if "SUCCESS" not in text and "FAILED" not in text:
            raise ProbeError(f"promtool {' '.join(words)} said neither SUCCESS nor FAILED: {text[-500:]}")
        yield Judged(subject=subject, job=words[0], ok=ended.ok and "FAILED" not in text, output=text.strip())


def _inputs(project: Project) -> tuple[str, ...]:
    """Everything that the alerts' part of the table names."""
    spec = alerts_of(project)
    named = (spec.config, *spec.rules, *spec.tests, spec.runbooks, "pyproject.toml")
    return tuple(path for path in named if path)


RULES = Probe(evidence=Rules, subject=Subject.PROJECT, gather=_rules)
TESTED = Probe(evidence=Tested, subject=Subject.PROJECT, gather=_tested, inputs=_inputs)
