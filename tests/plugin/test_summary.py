"""The summary of a workflow's step: the matrix, findings folded, and never longer than what is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_saas_validate.findings import Finding, Outcome, Stage, Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.report.summary import append, summary

MIB = 1024 * 1024


def report(findings: int = 1, **parts: object) -> Report:
    found = tuple(
        Finding(
            where=f"GET /<b>{number}",
            message="holds |\n\n<script>",
            remedy="escape & go",
            check="SH001",
            source="{{cookiecutter.slug}}/main.py:3",
        )
        for number in range(findings)
    )
    given = {
        "source": "template",
        "rows": ("obs|k8s", "template"),
        "families": ("SH", "AL"),
        "engines": ("local",),
        "verdicts": (
            Verdict(check="SH001", outcome=Outcome.FAILED, combo="obs|k8s", findings=found),
            Verdict(check="AL001", outcome=Outcome.ERROR, combo="obs|k8s", reason="it\n\nbroke"),
            Verdict(check="AL002", outcome=Outcome.UNAVAILABLE, combo="obs|k8s", reason="no promtool"),
        ),
        "deselected": 0,
        "seconds": 1.0,
        "versions": {},
    }
    return Report(**{**given, **parts})


def test_it_has_the_matrix_and_every_finding_with_all_its_parts() -> None:
    text = summary(report(), MIB)
    assert "| obs\\|k8s | **failed** | **error** |" in text
    assert "1 failed, 1 unavailable, 1 error" in text
    assert "<p>Error pages, redirects and refusals are what an attacker" in text
    assert "<code>GET /&lt;b&gt;0</code>: holds | &lt;script&gt;" in text
    assert "template source: <code>{{cookiecutter.slug}}/main.py:3</code>" in text
    assert "fix: escape &amp; go" in text
    assert "<li>it broke</li>" in text
    assert "- AL002: no promtool" in text


def test_a_fold_is_one_block_whatever_a_value_holds() -> None:
    """A blank line would end the HTML, and what follows be read as Markdown."""
    folds = re.findall(r"<details>.*?</details>", summary(report(), MIB), re.DOTALL)
    assert len(folds) == 2
    assert not [fold for fold in folds if "\n\n" in fold or "<script" in fold]


def test_previews_are_told_apart() -> None:
    new = Verdict(check="SH002", outcome=Outcome.ERROR, combo="bare", reason="new", stage=Stage.PREVIEW)
    head, _, tail = summary(report(verdicts=(new,)), MIB).partition("### In preview: told, not counted")
    assert "SH002" not in head
    assert "SH002 error" in tail


@pytest.mark.parametrize("limit", [500, 10_000, MIB])
def test_it_is_cut_between_two_findings(limit: int) -> None:
    text = summary(report(findings=20_000), limit)
    assert limit - 400 < len(text.encode()) < limit + 200
    assert "The rest does not fit here" in text
    assert text.count("<li>") == text.count("</li>")
    assert text.count("<details>") == text.count("</details>")


def test_a_run_adds_it_to_the_file_of_the_workflow_and_only_once(
    forgetful: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = pytester.path / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    words = ("--pyargs", "pytest_saas_validate.battery", "--saas-only=TR003", "-n2")
    pytester.runpytest_subprocess(*words)
    text = file.read_text()
    assert text.startswith("before\n## saas-validate: template")
    assert text.count("## saas-validate") == 1
    assert "{{cookiecutter.slug}}/NOTES.md:3" in text


def test_what_is_there_already_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "summary.md"
    file.write_text("x" * (MIB - 8000))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert list(append(report(findings=1000))) == []
    assert MIB - 8000 < file.stat().st_size < MIB


def test_elsewhere_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(append(report())) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "gone" / "summary.md"))
    (told,) = append(report())
    assert told.startswith("no summary of this step: GITHUB_STEP_SUMMARY names a file that cannot be written")
