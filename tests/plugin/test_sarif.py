"""The report as SARIF: by the schema of OASIS, at the line of the template, and the same after an edit."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sarif_kit.validate import validation_errors

from pytest_saas_validate.findings import Finding, Outcome, Stage, Verdict, Waiver
from pytest_saas_validate.report import Report
from pytest_saas_validate.report.sarif import as_sarif

NAME = "{{ cookiecutter.slug }}/app/my main.py"
TRACED = Finding(
    where="app/my main.py:1",
    message="holds x",
    remedy="mend",
    why="it breaks",
    check="TR001",
    source=f"{NAME}:2",
)
LIVE = Finding(where="GET /nope", message="lacks it", remedy="send it", why="it leaks", check="SH001")


def failed(*findings: Finding, combo: str | None = "bare", engine: str | None = None) -> Verdict:
    return Verdict(
        check=findings[0].check, outcome=Outcome.FAILED, combo=combo, engine=engine, findings=findings
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template two folders below the repository's root."""
    template = tmp_path / "a" / "template"
    (template / NAME).parent.mkdir(parents=True)
    (template / NAME).write_text("{% if a %}\n x = 1\n{% endif %}\n")
    (template / "cookiecutter.json").write_text("{}")
    return template


@pytest.fixture
def report(folder: Path) -> Report:
    return Report(
        source="template",
        folder=folder,
        root=folder.parent.parent,
        rows=("bare", "full", "template"),
        families=("TR", "SH"),
        engines=("local", "kind"),
        verdicts=(failed(TRACED), failed(LIVE, engine="local")),
        deselected=0,
        seconds=1.5,
        versions={"pytest-saas-validate": "0.1.0"},
    )


def results(report: Report) -> list[dict[str, Any]]:
    """What the schema accepts."""
    log = json.loads(json.dumps(as_sarif(report)))
    assert validation_errors(log) == []
    return log["runs"][0]["results"]


def location(result: dict[str, Any]) -> tuple[str, int, list[Any]]:
    (where,) = result["locations"]
    physical = where["physicalLocation"]
    line = physical["region"]["startLine"]
    return physical["artifactLocation"]["uri"], line, where.get("logicalLocations", [])


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("level", "severe"),
        ("locations", [{"physicalLocation": {}}]),
        ("ruleIndex", -2),
        ("suppressions", [{}]),
    ],
)
def test_the_judge_is_awake(part: str, value: object, report: Report) -> None:
    log = json.loads(json.dumps(as_sarif(report)))
    log["runs"][0]["results"][0][part] = value
    assert validation_errors(log)


def test_a_finding_in_a_render_is_at_the_line_of_the_template(report: Report) -> None:
    traced, _ = results(report)
    uri, line, names = location(traced)
    assert uri == "a/template/%7B%7B%20cookiecutter.slug%20%7D%7D/app/my%20main.py"
    assert (report.root / unquote(uri)).is_file()
    assert (line, names) == (2, [])
    assert traced["message"]["text"] == "app/my main.py:1: holds x\nIt breaks.\nFix: mend"


def test_a_finding_about_no_file_keeps_its_place_and_stands_at_a_file(report: Report) -> None:
    _, live = results(report)
    names = [{"fullyQualifiedName": "GET /nope"}]
    assert location(live) == ("a/template/cookiecutter.json", 1, names)


def test_a_path_of_a_render_that_is_not_traced_is_not_taken_for_the_templates(report: Report) -> None:
    (report.folder / "README.md").write_text("of the template\n")
    untraced = Finding(where="README.md:1", message="x", check="TR001")
    assert location(*results(replace(report, verdicts=(failed(untraced),))))[0].endswith("/cookiecutter.json")
    (result,) = results(replace(report, verdicts=(failed(untraced, combo=None),)))
    assert location(result) == ("a/template/README.md", 1, [])


@pytest.mark.parametrize("where", ["/etc/passwd:1", "../outside:1", "x" * 300, "", "a\0b"])
def test_a_place_outside_of_the_project_is_no_file_of_it(where: str, report: Report) -> None:
    (report.root / "a" / "outside").write_text("")
    strange = failed(Finding(where=where, message="x", check="TR001"), combo=None)
    assert location(*results(replace(report, verdicts=(strange,))))[0] == "a/template/cookiecutter.json"


def test_a_generated_project_has_its_own_lines(tmp_path: Path, report: Report) -> None:
    (tmp_path / "app.py").write_text("x\n")
    (tmp_path / "pyproject.toml").write_text("")
    own = replace(report, folder=tmp_path, root=tmp_path, is_template=False)
    found = Finding(where="app.py:1: x", message="x", check="TR001")
    traced, live = results(replace(own, verdicts=(failed(found), failed(LIVE, engine="local"))))
    assert location(traced) == ("app.py", 1, [])
    assert location(live)[0] == "pyproject.toml"


def test_combinations_and_engines_are_merged_into_one_result(report: Report) -> None:
    elsewhere = replace(TRACED, where="app/my main.py:7")
    verdicts = (
        *report.verdicts,
        failed(elsewhere, combo="full"),
        failed(LIVE, combo="full", engine="kind"),
    )
    traced, live = results(replace(report, verdicts=verdicts))
    assert traced["properties"]["combinations"] == live["properties"]["combinations"] == ["bare", "full"]
    assert live["properties"]["engines"] == ["kind", "local"]
    assert traced["properties"]["places"] == ["app/my main.py:1", "app/my main.py:7"]


def marks(report: Report) -> list[str]:
    return [result["partialFingerprints"]["saasValidate/v1"] for result in results(report)]


def test_a_result_is_known_again_when_lines_and_values_change(report: Report) -> None:
    before = marks(report)
    assert len(set(before)) == 2
    (report.folder / NAME).write_text("{% if a %}\n# new\n x = 1\n{% endif %}\n")
    moved = replace(TRACED, source=f"{NAME}:3", message="holds y")
    verdicts = (failed(moved, combo="full"), failed(replace(LIVE, message="lacks all"), combo="full"))
    assert marks(replace(report, verdicts=verdicts)) == before


def test_two_of_a_kind_have_two_marks(report: Report) -> None:
    both = failed(LIVE, replace(LIVE, message="and that"))
    assert len(set(marks(replace(report, verdicts=(both,))))) == 2


def test_two_parts_of_a_file_are_two_results_and_known_apart(report: Report) -> None:
    """One of them is mended: the other is known again."""
    one, other = (
        Finding(where=f"cookiecutter.json: {name}", message="has no effect", check="TR004") for name in "ab"
    )
    both = marks(replace(report, verdicts=(failed(one, other, combo=None),)))
    assert marks(replace(report, verdicts=(failed(other, combo=None),))) == both[1:]


def test_what_is_waived_is_suppressed_with_its_reason(report: Report) -> None:
    waiver = Waiver(check="SH001", reason="until spring", until=dt.date(2999, 1, 1))
    waived = Verdict(check="SH001", outcome=Outcome.WAIVED, combo="bare", engine="local", waived=(LIVE,))
    traced, live = results(replace(report, accepted=(waiver,), verdicts=(failed(TRACED), waived)))
    assert "suppressions" not in traced
    (suppression,) = live["suppressions"]
    assert (suppression["kind"], suppression["justification"]) == ("external", "until spring")


def test_a_rule_says_what_why_and_how_to_mend(report: Report) -> None:
    new = replace(failed(LIVE), check="KS002", outcome=Outcome.OK, findings=())
    rules = as_sarif(replace(report, verdicts=(*report.verdicts, new)))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["TR001", "SH001", "KS002"]
    first, second, third = rules
    assert first["shortDescription"]["text"] == "No template syntax is left over"
    assert first["fullDescription"]["text"].startswith("The syntax reaches users")
    assert "raw block" in first["help"]["text"]
    assert "**Looks at:** File names" in first["help"]["markdown"]
    assert second["defaultConfiguration"]["level"] == "error"
    assert second["properties"]["security-severity"] == "9.5"
    assert "helpUri" not in first
    assert third["helpUri"].startswith("https://")


def test_what_could_not_be_judged_is_a_notification(report: Report) -> None:
    broken = Verdict(check="TR001", outcome=Outcome.ERROR, combo="bare", reason="the bake failed")
    absent = Verdict(check="SH001", outcome=Outcome.UNAVAILABLE, combo="bare", reason="no server")

    def invocation(*verdicts: Verdict) -> tuple[bool, list[tuple[str, str]]]:
        (result,) = as_sarif(replace(report, verdicts=verdicts))["runs"][0]["invocations"]
        told = result["toolExecutionNotifications"]
        return result["executionSuccessful"], [(each["level"], each["message"]["text"]) for each in told]

    error = ("error", "TR001 error: the bake failed")
    warning = ("warning", "SH001 unavailable: no server")
    assert invocation(broken, replace(broken, combo="full"), absent) == (False, [error, warning])
    assert invocation(absent) == (True, [warning])
    assert invocation(replace(broken, stage=Stage.PREVIEW)) == (True, [error])
    assert results(replace(report, verdicts=(broken, absent))) == []


def test_a_preview_is_a_note(report: Report) -> None:
    (result,) = results(replace(report, verdicts=(replace(failed(LIVE), stage=Stage.PREVIEW),)))
    assert (result["level"], result["properties"]["stage"]) == ("note", "preview")


def test_a_run_writes_it(forgetful: Path, pytester: pytest.Pytester) -> None:
    words = ("--pyargs", "pytest_saas_validate.battery", "--saas-only=TR003", "--saas-sarif=out/f.sarif")
    pytester.runpytest_subprocess(*words).assert_outcomes(passed=1, failed=1)
    log = json.loads((pytester.path / "out" / "f.sarif").read_text())
    assert validation_errors(log) == []
    (result,) = log["runs"][0]["results"]
    assert location(result) == ("template/%7B%7Bcookiecutter.slug%7D%7D/NOTES.md", 3, [])
