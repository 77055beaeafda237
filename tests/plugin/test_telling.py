"""Whoever never saw the project can tell from any report what to change, and where."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from pytest_saas_validate.checks import catalogue

KINDS = {
    "terminal": "",
    "junit": "j.xml",
    "page": "r.html",
    "SARIF": "f.sarif",
    "JSON": "v.json",
    "summary": "s.md",
}


@pytest.fixture
def reports(forgetful: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "s.md")
    files = ("--junitxml=j.xml", "--saas-html=r.html", "--saas-sarif=f.sarif", "--saas-json=v.json")
    result = pytester.runpytest_subprocess(
        "--pyargs", "pytest_saas_validate.battery", "--saas-only=TR003", *files
    )
    read = {kind: (pytester.path / file).read_text() for kind, file in KINDS.items() if file}
    return {"terminal": result.stdout.str(), **read}


def test_every_report_tells_source_value_reason_and_remedy(reports: dict[str, str]) -> None:
    check = next(check for check in catalogue() if check.id == "TR003")
    wanted = {
        "source": "{{cookiecutter.slug}}/NOTES.md",
        "value": "maps is off, and 'maps' is here",
        "reason": check.why[1:],  # as a sentence it begins with a capital
        "remedy": check.remedy,
    }
    assert reports.keys() == KINDS.keys()
    for kind, text in reports.items():
        plain = unquote(unescape(text))
        assert [name for name, words in wanted.items() if words not in plain] == [], kind
