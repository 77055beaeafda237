"""Verdicts as test properties: xdist and JUnit both carry them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_saas_validate.findings import Finding, Outcome, Row, Stage, Verdict

_KEY = "saas.verdict"


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The public form of one verdict: plain JSON types, keys sorted by meaning."""
    return {
        "check": verdict.check,
        "family": verdict.family,
        "outcome": str(verdict.outcome),
        "stage": str(verdict.stage),
        "combo": verdict.combo,
        "engine": verdict.engine,
        "answers": dict(verdict.answers),
        "findings": [dataclasses.asdict(finding) for finding in verdict.findings],
        "waived": [dataclasses.asdict(finding) for finding in verdict.waived],
        "reason": verdict.reason,
        "unreached": list(verdict.unreached),
        "rows": [{"name": row.name, "values": dict(row.values)} for row in verdict.rows],
    }


def from_data(data: dict[str, Any]) -> Verdict:
    """The verdict that `as_data` was given."""
    return Verdict(
        check=data["check"],
        outcome=Outcome(data["outcome"]),
        stage=Stage(data["stage"]),
        combo=data["combo"],
        engine=data["engine"],
        answers=data["answers"],
        findings=tuple(Finding(**finding) for finding in data["findings"]),
        waived=tuple(Finding(**finding) for finding in data["waived"]),
        reason=data["reason"],
        unreached=tuple(data["unreached"]),
        rows=tuple(Row(**row) for row in data["rows"]),
    )


def record(properties: list[tuple[str, object]], verdict: Verdict) -> None:
    """Add a verdict to a test's properties."""
    properties.append((_KEY, json.dumps(as_data(verdict), sort_keys=True)))


def recorded(properties: Iterable[tuple[str, object]]) -> Iterator[Verdict]:
    """The verdicts among a test's properties."""
    for name, value in properties:
        if name == _KEY:
            yield from_data(json.loads(str(value)))
