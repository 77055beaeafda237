"""Alert rules: read from the project, judged by promtool, and held against the running application."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.evidence.alerts import Alert, Judged, Rule, Rules, Tested
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.promql import read_expression
from pytest_saas_validate.probes.references import References, references
from pytest_saas_validate.probes.rule_tests import read_points
from pytest_saas_validate.probes.scraping import DEFAULT_INTERVAL, matches, read_jobs, seconds
from pytest_saas_validate.process import run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Alerts

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        value = yaml.load(file.text, Loader=_LOADER)
    except yaml.YAMLError as problem:
        raise ProbeError(f"{path}: not YAML: {problem}") from None
    if not isinstance(value, dict):
        raise ProbeError(f"{path}: must hold a mapping")
    return value


def rule_files(project: Project) -> tuple[str, ...]:
    """The rule files that the table names, and whatever else beside or below them is one."""
    spec = alerts_of(project)
    places = {posixpath.dirname(path) for path in (*spec.rules, spec.config) if path}
    others = [
        name
        for name, file in project.below(*(place or "." for place in places))
        if name.endswith((".yml", ".yaml")) and name not in spec.rules and "groups:" in (file.text or "")
    ]
    return (*spec.rules, *(name for name in others if _has_rules(project, name)))


def _has_rules(project: Project, name: str) -> bool:
    try:
        groups = document(project, name).get("groups")
    except ProbeError:
        return False
    rules = [rule for group in groups or () if isinstance(group, dict) for rule in group.get("rules") or ()]
    return any(isinstance(rule, dict) and "expr" in rule for rule in rules)


def read_rules(project: Project) -> Iterator[Rule]:
    """Every rule of the project, alerting and recording."""
    config = alerts_of(project).config
    every = (document(project, config).get("global") or {}) if config else {}
    default = every.get("evaluation_interval", DEFAULT_INTERVAL)
    for path in rule_files(project):
        for group in document(project, path).get("groups") or ():
            interval = seconds(group.get("interval", default))
            for rule in group.get("rules") or ():
                yield _rule(rule, group, path, interval)


def _rule(rule: Mapping[str, Any], group: Mapping[str, Any], path: str, interval: float) -> Rule:
    plain = Rule(
        name=str(rule.get("alert") or rule.get("record", "")),
        file=path,
        group=str(group.get("name", "")),
        expression=read_expression(str(rule.get("expr", ""))),
        interval=interval,
    )
    if "alert" not in rule:
        return plain
    return Alert(
        **vars(plain),
        hold=seconds(rule["for"]) if "for" in rule else -1,
        labels=_words({**(group.get("labels") or {}), **(rule.get("labels") or {})}),
        annotations=_words(rule.get("annotations")),
    )


def _words(pairs: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (pairs or {}).items()}


def _rules(project: Project, features: Mapping[str, Feature]) -> Rules:
    rules = tuple(read_rules(project))
    alerts = tuple(rule for rule in rules if isinstance(rule, Alert))
    if not alerts:
        raise ProbeError(f"{', '.join(alerts_of(project).rules)}: no alerting rule")
    spec = alerts_of(project)
    config = document(project, spec.config) if spec.config else {}
    return Rules(
        alerts=alerts,
        records=tuple(rule for rule in rules if not isinstance(rule, Alert)),
        scrape_interval=seconds((config.get("global") or {}).get("scrape_interval", DEFAULT_INTERVAL)),
        jobs=read_jobs(project, config),
        config=spec.config,
        runbooks={PurePosixPath(name).name: file.text or "" for name, file in project.below(spec.runbooks)}
        if spec.runbooks
        else {},
    )


def _tested(project: Project, features: Mapping[str, Feature]) -> Tested:
    from pytest_saas_validate.tools import find

    promtool = find("promtool")
    if promtool.reason:
        raise Unavailable(f"promtool: {promtool.reason}")
    spec = alerts_of(project)
    rules = tuple(read_rules(project))
    files = rule_files(project)
    tests = {path: document(project, path) for path in spec.tests}
    points = list(read_points(tests, rules))
    return Tested(
        alerts=tuple(rule.name for rule in rules if isinstance(rule, Alert)),
        firing=tuple(point.alert for point in points if point.fires),
        quiet=tuple(point.alert for point in points if not point.fires and point.fed),
        idle=tuple(point.alert for point in points if not point.fires and not point.fed),
        loaded=tuple(_loaded(project, spec.config)),
        rules=files,
        judged=tuple(_judged(project, str(promtool.path), spec, files)),
    )


def _loaded(project: Project, config: str) -> Iterator[str]:
    """The rule files that the configuration's patterns match, from the configuration's folder."""
    if not config:
        return
    for pattern in document(project, config).get("rule_files") or ():
        for name in project.files:
            if matches(name, str(pattern), config):
                yield name


def _judged(project: Project, promtool: str, spec: Alerts, files: tuple[str, ...]) -> Iterator[Judged]:
    from pytest_saas_validate.tools import brief

    jobs = [("configuration", ["check", "config", spec.config])] if spec.config else []
    jobs += [(path, ["check", "rules", "--lint=all", "--lint-fatal", path]) for path in files]
    jobs += [(path, ["test", "rules", path]) for path in spec.tests]
    for subject, words in jobs:
        ended = run([promtool, *words], cwd=project.root, env=brief(), timeout=60)
        text = scrub(ended.text + ended.stderr.decode(errors="replace")).replace(f"{project.root}/", "")
        if "SUCCESS" not in text and "FAILED" not in text:
            raise ProbeError(f"promtool {' '.join(words)} said neither SUCCESS nor FAILED: {text[-500:]}")
        yield Judged(subject=subject, job=words[0], ok=ended.ok and "FAILED" not in text, output=text.strip())


def _inputs(project: Project) -> tuple[str, ...]:
    """Everything that the alerts' part of the table names, what else lies there, and what that refers to."""
    spec = alerts_of(project)
    named = (spec.config, *spec.rules, *spec.tests, spec.runbooks, *rule_files(project))
    return tuple(dict.fromkeys(path for path in (*named, *_references(project).inside) if path))


def _references(project: Project) -> References:
    """What promtool reads or looks for because the configuration or a unit test names it."""
    spec = alerts_of(project)
    return references(project, [path for path in (spec.config, *spec.tests) if path])


RULES = Probe(evidence=Rules, subject=Subject.PROJECT, gather=_rules)
TESTED = Probe(
    evidence=Tested,
    subject=Subject.PROJECT,
    gather=_tested,
    inputs=_inputs,
    table=("alerts",),
    outside=lambda project: _references(project).outside,
    seconds=1.5,
)
