"""The report as files."""

from __future__ import annotations

import json as json_
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_saas_validate.report import Report
from pytest_saas_validate.report.record import as_data

SCHEMA = 1


def as_json(report: Report) -> dict[str, Any]:
    """The verdict JSON: the public format that other reports can be made from."""
    return {
        "schema": SCHEMA,
        "source": report.source,
        "engines": list(report.engines),
        "seconds": round(report.seconds, 1),
        "versions": dict(report.versions),
        "matrix": report.matrix(),
        "not_exercised": list(report.not_exercised()),
        "verdicts": [as_data(verdict) for verdict in report.verdicts],
    }


def write(report: Report, *, json: str = "", html: str = "", sarif: str = "") -> Iterator[Path]:
    """Write the files that were asked for and yield their paths."""
    if json:
        yield _text(json, json_.dumps(as_json(report), indent=1, ensure_ascii=False) + "\n")
    if html:
        from pytest_saas_validate.report.html import page

        yield _text(html, page(report))
    if sarif:
        from pytest_saas_validate.report.sarif import as_sarif

        yield _text(sarif, json_.dumps(as_sarif(report), indent=1, ensure_ascii=False) + "\n")


def _text(path: str, text: str) -> Path:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target
