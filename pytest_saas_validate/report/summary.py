"""The report as Markdown for the page of a workflow's run: the matrix, then each check's findings, folded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.findings import Finding, Outcome, Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.violations import sentence

VARIABLE = "GITHUB_STEP_SUMMARY"
_LIMIT = 1024 * 1024  # bytes of one step; a summary above it is dropped whole
_END = "</ul>\n</details>\n\n"
_CUT = "\n\nThe rest does not fit here: see the report as a file (`--html`, `--json`).\n"
_SPARE = 4096  # of it, for the last sentence and what others add


def append(report: Report) -> Iterator[str]:
    """Add the summary to the file that a GitHub workflow names, and say why where that cannot be done."""
    target = os.environ.get(VARIABLE, "")
    if not target:
        return
    file = Path(target)
    try:
        there = file.stat().st_size if file.is_file() else 0
        with file.open("a", encoding="utf-8") as stream:
            stream.write(summary(report, _LIMIT - _SPARE - there))
    except OSError as problem:
        yield f"no summary of this step: {VARIABLE} names a file that cannot be written: {problem}"


def summary(report: Report, limit: int) -> str:
    """The text, cut before the first part that would make it longer than so many bytes."""
    text: list[str] = []
    for part in _parts(report):
        limit -= len(part.encode())
        if limit < 0:
            is_inside = part.startswith(("<li>", _END))
            return "".join([*text, _END if is_inside else "", _CUT])
        text.append(part)
    return "".join(text)


def _parts(report: Report) -> Iterator[str]:
    engines = " ".join(report.engines)
    yield f"## saas-validate: {_cell(report.source)}, engines {_cell(engines)}\n\n"
    yield from _matrix(report)
    counts = {outcome: sum(v.outcome is outcome for v in report.counting) for outcome in Outcome}
    yield f"\n{', '.join(f'{count} {outcome}' for outcome, count in counts.items() if count)}\n\n"
    red = [verdict for verdict in report.counting if verdict.outcome in (Outcome.FAILED, Outcome.ERROR)]
    yield from _folded(red)
    if report.preview:
        yield "\n### In preview: told, not counted\n\n"
        yield from _folded(report.preview)
    gaps = report.not_exercised()
    if gaps:
        yield "\n### Not exercised\n\n"
        yield from (f"- {_cell(gap)}\n" for gap in gaps)


def _matrix(report: Report) -> Iterator[str]:
    matrix = report.matrix()
    yield f"| combination | {' | '.join(report.families)} |\n|{' --- |' * (len(report.families) + 1)}\n"
    for row in report.rows:
        cells = (matrix[row].get(family, "") for family in report.families)
        words = (f"**{cell}**" if cell in ("failed", "error") else cell for cell in cells)
        yield f"| {_cell(row)} | {' | '.join(words)} |\n"


def _folded(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """One block for each check and outcome; inside of it is HTML, so that no value is read as Markdown."""
    checks = {check.id: check for check in catalogue()}
    grouped: dict[tuple[str, Outcome], list[Verdict]] = {}
    for verdict in verdicts:
        grouped.setdefault((verdict.check, verdict.outcome), []).append(verdict)
    for (id_, outcome), group in grouped.items():
        findings = dict.fromkeys(finding for verdict in group for finding in verdict.findings)
        reasons = dict.fromkeys(verdict.reason for verdict in group if verdict.reason)
        places = ", ".join(dict.fromkeys(verdict.combo or "the template" for verdict in group))
        check = checks[id_]
        yield (
            f"<details><summary>{id_} {outcome}: {_html(check.title)} ({len(findings) or len(reasons)})"
            f"</summary>\n<p>{_html(sentence(check.why))}</p>\n<p>In {_html(places)}.</p>\n<ul>\n"
        )
        yield from (_item(finding) for finding in findings)
        yield from (f"<li>{_html(reason)}</li>\n" for reason in reasons)
        yield _END


def _item(finding: Finding) -> str:
    source = f"<br>template source: <code>{_html(finding.source)}</code>" if finding.source else ""
    return (
        f"<li><code>{_html(finding.where)}</code>: {_html(finding.message)}{source}"
        f"<br>fix: {_html(finding.remedy)}</li>\n"
    )


def _html(text: str) -> str:
    """On one line: a blank one would end the block."""
    return escape(" ".join(text.split()))


def _cell(text: str) -> str:
    return _html(text).replace("|", "\\|")
