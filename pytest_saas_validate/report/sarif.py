"""The report as SARIF 2.1.0: what code scanning and editors show at the line that has to change."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_saas_validate.checks import FAMILIES, catalogue
from pytest_saas_validate.findings import Check, Finding, Outcome, Severity, Stage, Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.report.places import Place, place
from pytest_saas_validate.violations import sentence

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_LINE = re.compile(r":\d+(?=[:\s]|$)")
_LEVELS = {
    Severity.CRITICAL: ("error", "9.5"),  # and what code scanning sorts by, of ten
    Severity.HIGH: ("error", "8.0"),
    Severity.MEDIUM: ("warning", "5.0"),
    Severity.LOW: ("note", "2.0"),
}
_NOT_JUDGED = {Outcome.ERROR: "error", Outcome.UNAVAILABLE: "warning"}

Object = dict[str, Any]


@dataclass(frozen=True, order=True)
class _Key:
    """What makes two findings one result, whatever they were seen in."""

    check: str
    place: Place
    spot: str  # the finding's own place without the number of a line: combinations differ in that
    message: str
    accepted: str  # why it is, where a waiver covers it


@dataclass
class _Seen:
    """A finding, and where it was seen."""

    finding: Finding
    verdicts: list[Verdict] = field(default_factory=list)
    places: set[str] = field(default_factory=set)


def as_sarif(report: Report) -> Object:
    """One run. A finding that several combinations or engines show is one result."""
    judged = {verdict.check for verdict in report.verdicts if verdict.outcome is not Outcome.NOT_APPLICABLE}
    checks = {check.id: check for check in catalogue() if check.id in judged}
    index = {id_: number for number, id_ in enumerate(checks)}
    run = {
        "tool": {
            "driver": {
                "name": "pytest-saas-validate",
                "version": report.versions.get("pytest-saas-validate", ""),
                "rules": [_rule(check) for check in checks.values()],
            }
        },
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [
            {
                "executionSuccessful": not any(v.outcome is Outcome.ERROR for v in report.counting),
                "toolExecutionNotifications": list(_notifications(report, index)),
            }
        ],
        "results": list(_results(report, checks, index)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(check: Check) -> Object:
    level, weight = _LEVELS[check.severity]
    looks = " ".join((check.rule.__doc__ or "").split())
    rule = {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": sentence(check.why)},
        "help": {
            "text": f"Fix: {check.remedy}",
            "markdown": f"{sentence(check.why)}\n\n**Fix:** {check.remedy}\n\n**Looks at:** {looks}",
        },
        "defaultConfiguration": {"level": level},
        "properties": {
            "security-severity": weight,
            "stage": str(check.stage),
            "tags": [FAMILIES[check.family]],
        },
    }
    return {**rule, "helpUri": check.url} if check.url else rule


def _results(report: Report, checks: Mapping[str, Check], index: Mapping[str, int]) -> Iterator[Object]:
    merged = _merged(report)
    marks: Counter[str] = Counter()
    texts: dict[str, list[str]] = {}
    for key in sorted(merged, key=lambda key: (index[key.check], key)):
        if key.place.file not in texts:
            texts[key.place.file] = _lines(report, key.place.file)
        mark = _mark(key, texts[key.place.file])
        marks[mark] += 1
        yield _result(key, merged[key], checks[key.check], index[key.check], f"{mark}:{marks[mark]}")


def _merged(report: Report) -> dict[_Key, _Seen]:
    merged: dict[_Key, _Seen] = {}
    for verdict in report.verdicts:
        for finding in (*verdict.findings, *verdict.waived):
            where = place(finding, report, of_render=report.is_template and verdict.combo is not None)
            reason = _accepted(finding, report) if finding in verdict.waived else ""
            spot = _LINE.sub("", finding.where)
            key = _Key(verdict.check, where, spot, finding.message, reason)
            seen = merged.setdefault(key, _Seen(finding))
            seen.verdicts.append(verdict)
            seen.places.add(finding.where)
    return merged


def _accepted(finding: Finding, report: Report) -> str:
    return next(waiver.reason for waiver in report.accepted if waiver.covers(finding))


def _result(key: _Key, seen: _Seen, check: Check, index: int, mark: str) -> Object:
    finding = seen.finding
    counts = any(verdict.counts for verdict in seen.verdicts)
    result = {
        "ruleId": key.check,
        "ruleIndex": index,
        "level": _LEVELS[check.severity][0] if counts else "note",
        "message": {
            "text": f"{finding.where}: {finding.message}\n{sentence(finding.why)}\nFix: {finding.remedy}"
        },
        "locations": [_location(key.place)],
        "partialFingerprints": {"saasValidate/v1": mark},
        "properties": {
            "stage": str(Stage.STABLE if counts else Stage.PREVIEW),
            "places": sorted(seen.places),
            "combinations": _names(verdict.combo for verdict in seen.verdicts),
            "engines": _names(verdict.engine for verdict in seen.verdicts),
        },
    }
    if key.accepted:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": key.accepted}]
    return result


def _location(where: Place) -> Object:
    location: Object = {
        "physicalLocation": {
            "artifactLocation": {"uri": where.uri, "uriBaseId": _ROOT},
            "region": {"startLine": where.line or 1},  # code scanning shows nothing without one
        }
    }
    if where.name:
        location["logicalLocations"] = [{"fullyQualifiedName": where.name}]
    return location


def _mark(key: _Key, lines: list[str]) -> str:
    """What stays the same when lines move and values change: check, place, and the text of the line."""
    text = lines[key.place.line - 1] if 0 < key.place.line <= len(lines) else ""
    parts = (key.check, key.place.file, key.spot, "".join(text.split()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _lines(report: Report, file: str) -> list[str]:
    path = report.root / file
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _notifications(report: Report, index: Mapping[str, int]) -> Iterator[Object]:
    """What could not be judged: once for each check and reason."""
    grouped: dict[tuple[str, Outcome, str], list[Verdict]] = {}
    for verdict in report.verdicts:
        if verdict.outcome in _NOT_JUDGED:
            grouped.setdefault((verdict.check, verdict.outcome, verdict.reason), []).append(verdict)
    for (check, outcome, reason), verdicts in grouped.items():
        yield {
            "level": _NOT_JUDGED[outcome],
            "message": {"text": f"{check} {outcome}: {reason}"},
            "associatedRule": {"id": check, "index": index[check]},
            "properties": {
                "combinations": _names(verdict.combo for verdict in verdicts),
                "engines": _names(verdict.engine for verdict in verdicts),
            },
        }


def _names(given: Iterable[str | None]) -> list[str]:
    return sorted({name for name in given if name})
