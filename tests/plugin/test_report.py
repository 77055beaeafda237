"""One report value, and every output made from it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from pytest_saas_validate.findings import Finding, Outcome, Row, Stage, Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.report.html import page
from pytest_saas_validate.report.kills import Kill, as_json
from pytest_saas_validate.report.record import as_data, from_data, record, recorded
from pytest_saas_validate.report.terminal import lines
from pytest_saas_validate.report.write import as_json as verdict_json

FINDING = Finding(
    where="GET /<b>", message='holds "<script>"', why="it is <read>", remedy="escape & go", check="SH001"
)
FAILED = Verdict(check="SH001", outcome=Outcome.FAILED, combo="bare", engine="local", findings=(FINDING,))
OK = Verdict(check="TR001", outcome=Outcome.OK, combo="bare", unreached=("TypeScript",))
COMPARED = Verdict(
    check="SH039",
    outcome=Outcome.OK,
    combo="bare",
    rows=(Row(name="404: vary", values={"local": "Origin", "kind": "absent & <gone>"}),),
)
ABSENT = Verdict(check="AL001", outcome=Outcome.UNAVAILABLE, combo="bare", reason="promtool is not on PATH")


@pytest.fixture
def report() -> Report:
    return Report(
        source="template",
        rows=("bare", "template"),
        families=("TR", "SH", "AL"),
        engines=("local",),
        verdicts=(OK, FAILED, ABSENT),
        deselected=3,
        seconds=1.5,
        versions={"python": "3.11"},
        elsewhere=("ST: no engine of this run has containers: --engine compose",),
    )


def test_the_matrix_has_the_worst_outcome_of_each_cell(report: Report) -> None:
    assert report.matrix() == {"bare": {"TR": "ok", "SH": "failed", "AL": "unavailable"}, "template": {}}


def test_everything_that_was_not_exercised_is_told(report: Report) -> None:
    assert report.not_exercised() == (
        "AL001: promtool is not on PATH",
        "TR: not reached: TypeScript",
        "ST: no engine of this run has containers: --engine compose",
        "3 cases were not selected",
    )


def test_the_terminal_tells_why_place_and_remedy(report: Report) -> None:
    text = "\n".join(lines(report))
    assert "SH001 FAILED in bare\n  why: it is <read>\n" in text
    assert 'GET /<b>: holds "<script>"\n    fix: escape & go' in text


def test_the_page_is_self_contained_and_escapes_what_it_shows(report: Report) -> None:
    text = page(report)
    assert "<script" not in text
    assert "GET /&lt;b&gt;" in text
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text)
    assert not re.search(r"url\(|@import|https?://", text)


def test_every_link_of_the_page_has_its_target(report: Report) -> None:
    text = page(report)
    targets = re.findall(r'href="#([^"]+)"', text)
    assert targets
    assert all(f'id="{target}"' in text for target in targets)


def test_what_is_in_preview_is_told_apart_and_does_not_count(report: Report) -> None:
    """In the matrix, in the counts and among the findings there is nothing of it."""
    new = replace(report, verdicts=tuple(replace(v, stage=Stage.PREVIEW) for v in report.verdicts))
    assert new.matrix() == {"bare": {}, "template": {}}
    told = "\n".join(lines(new))
    assert "in preview: told, not counted" in told
    assert "  SH001 FAILED in bare\n" in told
    assert "1 failed" not in told
    text = page(new)
    findings, previews = text.index("<h2>Findings</h2>\n<p>None.</p>"), text.index("<h2>In preview")
    assert findings < previews < text.index("GET /&lt;b&gt;")
    assert "In preview" not in page(report)


def test_the_page_says_why(report: Report) -> None:
    assert "<p>Error pages, redirects and refusals are what an attacker" in page(report)


def test_what_engines_answered_stands_side_by_side(report: Report) -> None:
    text = page(replace(report, verdicts=(*report.verdicts, COMPARED)))
    assert '<th scope="col">local</th><th scope="col">kind</th>' in text
    assert '<td class="waived">Origin</td><td class="waived">absent &amp; &lt;gone&gt;</td>' in text
    assert "side by side" not in page(report)


def test_a_verdict_survives_its_travel() -> None:
    properties: list[tuple[str, object]] = []
    verdicts = [FAILED, COMPARED, replace(FAILED, stage=Stage.PREVIEW)]
    for verdict in verdicts:
        record(properties, verdict)
    assert list(recorded(properties)) == verdicts
    assert from_data(json.loads(json.dumps(as_data(ABSENT)))) == ABSENT


def test_the_verdict_json_is_plain(report: Report) -> None:
    data = json.loads(json.dumps(verdict_json(report)))
    assert data["schema"] == 1
    assert [verdict["outcome"] for verdict in data["verdicts"]] == ["ok", "failed", "unavailable"]


def test_the_kill_table_counts() -> None:
    kills = [
        Kill(mutant="a", title="a", combo="bare"),
        Kill(mutant="b", title="b", combo="bare", missed=("SH001",), false_alarms=("SH002",)),
        Kill(mutant="c", title="c", planted=False, reason="no place"),
    ]
    table = as_json(kills)
    assert (table["planted"], table["killed"]) == (2, 1)
    assert table["survivors"] == ["b"]
    assert table["false_alarms"] == ["b: SH002"]
    assert table["not_planted"] == {"c": "no place"}
