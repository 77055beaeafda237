"""The report as one self-contained page: no script, no request, usable by keyboard alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from html import escape
from importlib import resources

from pytest_saas_validate.checks import FAMILIES, catalogue
from pytest_saas_validate.findings import Finding, Outcome, Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.violations import sentence

_SHOWN = {Outcome.FAILED: "failed", Outcome.ERROR: "error", Outcome.WAIVED: "waived"}


def page(report: Report) -> str:
    """The whole page as text."""
    css = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    title = f"{escape(report.source)}: validation"
    body = "\n".join(
        [
            *_head(report, title),
            *_matrix(report),
            "<h2>Findings</h2>",
            *(_red(report.counting) or ["<p>None.</p>"]),
            *_preview(report),
            *_compared(report),
            *_waivers(report),
            *_not_exercised(report),
            *_checks(report),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>\n{css}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(report: Report, title: str) -> Iterator[str]:
    yield f"<h1>{title}</h1>"
    versions = ", ".join(f"{escape(name)} {escape(version)}" for name, version in report.versions.items())
    engines = escape(" ".join(report.engines))
    yield f'<p class="quiet">engines {engines}, {report.seconds:.0f} s, {versions}</p>'
    yield '<ul class="counts">'
    for outcome in Outcome:
        count = sum(verdict.outcome is outcome for verdict in report.counting)
        if count:
            yield f'<li class="{_css(str(outcome))}">{count} {outcome}</li>'
    yield "</ul>"


def _matrix(report: Report) -> Iterator[str]:
    matrix = report.matrix()
    yield "<h2>Combinations and families</h2>"
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Matrix of outcomes"><table>'
    heads = "".join(f'<th scope="col"><abbr title="{FAMILIES[f]}">{f}</abbr></th>' for f in report.families)
    yield f'<thead><tr><th scope="col">combination</th>{heads}</tr></thead><tbody>'
    for row in report.rows:
        cells = "".join(_cell(matrix[row].get(family), family) for family in report.families)
        yield f'<tr><th scope="row">{escape(row)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _cell(outcome: str | None, family: str) -> str:
    if outcome is None:
        return '<td class="nothing"><span aria-label="does not apply">&#8203;</span></td>'
    if outcome == "n/a":
        return '<td class="off">n/a</td>'
    return f'<td class="{_css(outcome)}"><a href="#family-{family}">{outcome}</a></td>'


def _red(verdicts: Iterable[Verdict]) -> list[str]:
    grouped: dict[tuple[Outcome, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome in _SHOWN:
            grouped.setdefault((verdict.outcome, verdict.check), []).append(verdict)
    return [line for (outcome, check), group in grouped.items() for line in _group(outcome, check, group)]


def _group(outcome: Outcome, id_: str, verdicts: Collection[Verdict]) -> Iterator[str]:
    check = next(check for check in catalogue() if check.id == id_)
    yield "<details open>"
    head = f"{id_} {escape(check.title)}"
    yield f'<summary><h3>{head}</h3> <span class="tag {outcome}">{outcome}</span></summary>'
    yield f"<p>{escape(sentence(check.why))}</p>"
    yield f'<p class="quiet">{escape(_places(verdicts))}</p>'
    yield from _findings(dict.fromkeys(f for v in verdicts for f in (*v.findings, *v.waived)))
    for reason in dict.fromkeys(v.reason for v in verdicts if v.reason):
        yield f"<pre>{escape(reason)}</pre>"
    yield "</details>"


def _preview(report: Report) -> Iterator[str]:
    """What checks in preview say: told, not counted."""
    red = _red(report.preview)
    if red:
        yield "<h2>In preview: told, not counted</h2>"
        yield from red


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    yield "<dl>"
    for finding in findings:
        yield f"<dt>{escape(finding.where)}</dt><dd>{escape(finding.message)}</dd>"
        if finding.source:
            yield f'<dd class="quiet">template source: {escape(finding.source)}</dd>'
        yield f"<dd><strong>Fix:</strong> {escape(finding.remedy)}</dd>"
    yield "</dl>"


def _compared(report: Report) -> Iterator[str]:
    """What engines answered side by side, one table for each combination."""
    compared = [verdict for verdict in report.verdicts if verdict.rows]
    if not compared:
        return
    yield "<h2>Engines side by side</h2>"
    for verdict in compared:
        engines = list(verdict.rows[0].values)
        name = f"{verdict.check} {escape(verdict.combo or 'the template')}"
        heads = "".join(f'<th scope="col">{escape(engine)}</th>' for engine in engines)
        yield f"<details><summary><h3>{name}</h3></summary>"
        yield f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table class="wide">'
        yield f'<thead><tr><th scope="col">answer and header</th>{heads}</tr></thead><tbody>'
        for row in verdict.rows:
            alike = len(set(row.values.values())) == 1
            cells = "".join(
                f'<td class="{"" if alike else "waived"}">{escape(row.values[engine])}</td>'
                for engine in engines
            )
            yield f'<tr><th scope="row">{escape(row.name)}</th>{cells}</tr>'
        yield "</tbody></table></div></details>"


def _waivers(report: Report) -> Iterator[str]:
    if report.waivers:
        yield "<h2>Waivers</h2>"
        yield "<ul>"
        yield from (f"<li>{escape(line)}</li>" for line in report.waivers)
        yield "</ul>"


def _not_exercised(report: Report) -> Iterator[str]:
    yield "<h2>Not exercised</h2>"
    gaps = report.not_exercised()
    if not gaps:
        yield "<p>Nothing was left out.</p>"
        return
    yield "<ul>"
    yield from (f"<li>{escape(gap)}</li>" for gap in gaps)
    yield "</ul>"


def _checks(report: Report) -> Iterator[str]:
    yield "<h2>What was judged</h2>"
    for family in report.families:
        yield f'<details id="family-{family}" open>'
        yield f"<summary><h3>{family}: {FAMILIES[family]}</h3></summary><dl>"
        for check in catalogue():
            verdicts = [v for v in report.verdicts if v.check == check.id]
            if check.family == family and verdicts:
                yield f"<dt>{check.id} <span class='quiet'>({check.severity})</span></dt>"
                yield f"<dd>{escape(check.title)}: {escape(_tally(verdicts))}</dd>"
        yield "</dl></details>"


def _tally(verdicts: Iterable[Verdict]) -> str:
    seen = [verdict.outcome for verdict in verdicts]
    return ", ".join(f"{seen.count(outcome)} {outcome}" for outcome in Outcome if outcome in seen)


def _places(verdicts: Iterable[Verdict]) -> str:
    return ", ".join(dict.fromkeys(verdict.combo or "the template" for verdict in verdicts))


def _css(outcome: str) -> str:
    return "off" if outcome == "n/a" else outcome
