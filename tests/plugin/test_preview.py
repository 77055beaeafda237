"""A new check is told for a release before it counts: an upgrade turns nobody's run red."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

NEW = '''
"""A check that is not in the catalogue, and the defect that proves it."""

from pytest_saas_validate import Finding, Severity, Stage, Subject, check
from pytest_saas_validate import checks, mutants
from pytest_saas_validate.checks import render
from pytest_saas_validate.evidence.render import Rendered
from pytest_saas_validate.mutants import render as planted


@check(
    "TR999",
    severity=Severity.CRITICAL,
    title="No file is loud",
    why="everybody has to hear it",
    remedy="lower its name",
    wants=Rendered,
    subject=Subject.PROJECT,
    stage=Stage.PREVIEW,
)
def loud(rendered):
    """Names of files."""
    for name in rendered.files:
        if name == "CRASH":
            raise ValueError(name)
        if name.endswith("LOUD"):
            yield Finding(where=name, message="is loud")


@mutants.mutant("louder", "a file is loud", fires="TR999", at="project")
def louder(edit):
    edit.write("LOUD", "x")


render.loud = loud
planted.louder = louder
'''


@pytest.fixture
def template(forgetful: Path, pytester: pytest.Pytester) -> Path:
    pytester.makepyfile(new_check=NEW)
    folder = forgetful / "{{cookiecutter.slug}}"
    (folder / "LOUD").write_text("x\n")
    return folder


def run(pytester: pytest.Pytester, *words: str, suite: str = "battery") -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        *("-p", "new_check", "--pyargs", f"pytest_saas_validate.{suite}", "--saas-combos=bare", *words)
    )


def command(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    code = "import new_check, sys; from pytest_saas_validate.cli import main; sys.exit(main(sys.argv[1:]))"
    return pytester.run(sys.executable, "-c", code, *words)


def test_what_it_finds_is_told_and_does_not_count(template: Path, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--saas-only=TR001,TR999", "--saas-json=v.json")
    result.assert_outcomes(passed=1, xfailed=1)
    result.stdout.fnmatch_lines(
        ["bare *ok", "1 ok", "in preview: told, not counted*", "  TR999 FAILED in bare", "*LOUD: is loud"]
    )
    verdicts = json.loads((pytester.path / "v.json").read_text())["verdicts"]
    assert [(v["check"], v["stage"], v["outcome"]) for v in verdicts] == [
        ("TR001", "stable", "ok"),
        ("TR999", "preview", "failed"),
    ]


def test_that_it_breaks_does_not_count_either(template: Path, pytester: pytest.Pytester) -> None:
    (template / "CRASH").write_text("x\n")
    result = run(pytester, "--saas-only=TR001,TR999")
    result.assert_outcomes(passed=1, xfailed=1)
    result.stdout.fnmatch_lines(["in preview*", "  ERROR in bare: TR999"])


def test_it_counts_when_that_is_asked_for(template: Path, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--saas-only=TR999", "--saas-preview")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["bare *FAILED", "1 failed", "TR999 FAILED in bare"])
    result.stdout.no_fnmatch_line("*in preview*")


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--preview",), 1)], ids=["told", "counted"])
def test_the_exit_code_follows(
    words: tuple[str, ...], code: int, template: Path, pytester: pytest.Pytester
) -> None:
    assert command(pytester, "run", "template", "--combos=bare", "--only=TR999", *words).ret == code


def test_a_defect_that_it_finds_is_killed(forgetful: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(new_check=NEW)
    result = run(pytester, "--saas-only=TR999", suite="prove")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["mutants: 1 planted (0 live), 1 killed"])


def test_it_is_never_waived_for_a_first_adoption(template: Path, pytester: pytest.Pytester) -> None:
    words = ("waive", "template", "--combos=bare", "--only=TR999", "--until=2999-01-01", "--print")
    assert "TR999" not in command(pytester, *words).stdout.str().splitlines()[-1]
    assert "TR999 = [" in command(pytester, *words, "--preview").stdout.str()


def test_the_catalogue_says_so(template: Path, pytester: pytest.Pytester) -> None:
    command(pytester, "list", "checks").stdout.fnmatch_lines(["TR999 * No file is loud (preview)"])
    command(pytester, "explain", "TR999").stdout.fnmatch_lines(["  in preview: *", "  why: everybody*"])
    command(pytester, "list", "checks", "--markdown").stdout.fnmatch_lines(
        ["### TR999 No file is loud", "critical, project, in preview"]
    )
