"""The report as lines of text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pytest_saas_validate.findings import Outcome, Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.violations import describe

_SIGNS = {
    "ok": "ok",
    "failed": "FAILED",
    "waived": "waived",
    "n/a": "-",
    "unavailable": "unavail.",
    "error": "ERROR",
}


def lines(report: Report) -> Iterator[str]:
    """The matrix, findings by check, errors by reason, both of previews, waivers, what was not exercised."""
    yield ""
    yield f"saas-validate: {report.source}, engines {' '.join(report.engines)}, {report.seconds:.0f} s"
    yield from _matrix(report)
    yield from _red(report.counting)
    if report.preview:
        yield "in preview: told, not counted (--preview counts it)"
        yield from (f"  {line}" for line in _red(report.preview))
    yield from (f"waived: {line}" for line in report.waivers)
    gaps = report.not_exercised()
    yield f"not exercised: {'nothing' if not gaps else ''}".rstrip()
    for gap in gaps:
        yield f"  {gap}"


def _matrix(report: Report) -> Iterator[str]:
    matrix = report.matrix()
    width = max((len(row) for row in report.rows), default=4)
    yield "  ".join([" " * width, *(f"{family:<8}" for family in report.families)]).rstrip()
    for row in report.rows:
        cells = (f"{_SIGNS.get(matrix[row].get(family, ''), ''):<8}" for family in report.families)
        yield "  ".join([f"{row:<{width}}", *cells]).rstrip()
    counts = {outcome: sum(v.outcome is outcome for v in report.counting) for outcome in Outcome}
    yield ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)


def _red(verdicts: Collection[Verdict]) -> Iterator[str]:
    yield from _findings(verdicts)
    yield from _errors(verdicts)


def _findings(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Equal findings of several combinations are told once."""
    by_check: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.FAILED:
            by_check.setdefault(verdict.check, []).append(verdict)
    for check, failed in by_check.items():
        yield f"{check} FAILED in {_places(failed)}"
        yield from describe(dict.fromkeys(finding for verdict in failed for finding in verdict.findings))


def _errors(verdicts: Iterable[Verdict]) -> Iterator[str]:
    by_reason: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.ERROR:
            by_reason.setdefault(verdict.reason, []).append(verdict)
    for reason, broken in by_reason.items():
        checks = ", ".join(sorted({verdict.check for verdict in broken}))
        yield f"ERROR in {_places(broken)}: {checks}"
        yield from (f"  {line}" for line in reason.splitlines())


def _places(verdicts: Iterable[Verdict]) -> str:
    names = list(dict.fromkeys(verdict.combo or "the template" for verdict in verdicts))
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
