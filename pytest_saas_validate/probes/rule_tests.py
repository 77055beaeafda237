"""Unit tests of rules: which alert each point asks about, and whether anything could make it fire there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pytest_saas_validate.evidence.alerts import Alert, Rule

_NAME = re.compile(r'^\s*([a-zA-Z_:][\w:]*)|__name__\s*=\s*"([^"]+)"')


@dataclass(frozen=True)
class Point:
    """One moment at which a unit test looks at an alert."""

    alert: str
    fires: bool
    fed: bool  # a series of the test is one that the alert reads


def read_points(tests: Mapping[str, Mapping[str, Any]], rules: Sequence[Rule]) -> Iterator[Point]:
    """Each point of the test files that looks at a rule of the project itself, not at a copy of it."""
    for path, document in tests.items():
        folder = posixpath.dirname(path)
        loaded = {
            posixpath.normpath(posixpath.join(folder, str(name))) for name in document.get("rule_files") or ()
        }
        alerts = [rule for rule in rules if isinstance(rule, Alert) and _among(rule.file, loaded)]
        for test in document.get("tests") or ():
            given = {_metric(str(row.get("series", ""))) for row in test.get("input_series") or ()}
            for point in test.get("alert_rule_test") or ():
                name = str(point.get("alertname", ""))
                if any(alert.name == name for alert in alerts):
                    read = set(_read(name, rules))
                    yield Point(name, bool(point.get("exp_alerts")), not read or bool(read & given))


def _among(file: str, loaded: set[str]) -> bool:
    return any(fnmatchcase(file, pattern) for pattern in loaded)


def _read(name: str, rules: Sequence[Rule], depth: int = 0) -> Iterator[str]:
    """The metrics that a rule reads, through the rules that it reads."""
    for rule in rules:
        if rule.name == name:
            for selector in rule.expression.selectors:
                yield selector.metric
                if depth < 5:
                    yield from _read(selector.metric, rules, depth + 1)


def _metric(series: str) -> str:
    found = _NAME.search(series)
    return (found.group(1) or found.group(2)) if found else ""
