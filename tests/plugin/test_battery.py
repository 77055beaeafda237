"""The battery as a user meets it: on a tiny template of its own, in child runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TABLE = """
[tool.pytest-saas-validate]
template = "template"
"""


@pytest.fixture
def tiny(pytester: pytest.Pytester) -> Path:
    """A template with two switches, one of which leaves a word behind when it is off."""
    pytester.makefile(".toml", pyproject=TABLE)
    template = pytester.mkdir("template")
    answers = {"slug": "tiny", "include_maps": ["yes", "no"], "include_mail": ["no", "yes"]}
    (template / "cookiecutter.json").write_text(json.dumps(answers))
    project = template / "{{cookiecutter.slug}}"
    project.mkdir()
    (project / "README.md").write_text(
        "Tiny.\n{% if cookiecutter.include_maps == 'yes' %}It draws maps.\n{% endif %}"
        "{% if cookiecutter.include_mail == 'yes' %}It sends mail.\n{% endif %}"
    )
    return template


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("--pyargs", "pytest_saas_validate.battery", *words)


def test_the_matrix_is_printed_and_clean(tiny: Path, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--saas-only=TR001,TR003")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["saas-validate: template*", "*TR*", "maps *ok", "bare *ok", "*not exercised:*"]
    )


def test_a_finding_fails_with_place_and_remedy(tiny: Path, pytester: pytest.Pytester) -> None:
    (tiny / "{{cookiecutter.slug}}" / "NOTES.md").write_text(
        "Draws maps, or {% raw %}{{ cookiecutter.slug }}{% endraw %}\n"
    )
    result = run(pytester, "--saas-only=TR001,TR003", "--saas-combos=bare")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*TR001 high*", "*NOTES.md:1*", "*fix: *", "*TR003*", "bare *FAILED"])


def test_every_worker_count_says_the_same(tiny: Path, pytester: pytest.Pytester) -> None:
    (tiny / "{{cookiecutter.slug}}" / "NOTES.md").write_text("Draws maps.\n")
    found = []
    for workers in ("0", "2"):
        file = pytester.path / f"{workers}.json"
        run(pytester, "--saas-only=TR", f"--saas-json={file}", "-n", workers)
        found.append(
            [(v["check"], v["combo"], v["outcome"]) for v in json.loads(file.read_text())["verdicts"]]
        )
    assert found[0] == found[1]
    assert "failed" in {outcome for _, _, outcome in found[0]}


def test_what_commands_made_in_a_project_is_not_judged(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", pyproject='[tool.pytest-saas-validate.answers]\ninclude_maps = "no"\n')
    (pytester.path / ".gitignore").write_text("/out/\n")
    (pytester.mkdir("out") / "page.md").write_text("Draws maps.\n")
    assert run(pytester, "--saas-only=TR003,TR017").ret == 0
    (pytester.path / "page.md").write_text("Draws maps.\n")
    run(pytester, "--saas-only=TR003,TR017").stdout.fnmatch_lines(["*page.md:1*"])


def test_a_hook_that_fails_is_an_error_and_not_clean(tiny: Path, pytester: pytest.Pytester) -> None:
    hooks = tiny / "hooks"
    hooks.mkdir()
    (hooks / "pre_gen_project.py").write_text("raise SystemExit('give another slug')\n")
    result = run(pytester, "--saas-only=TR001")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*could not be judged*", "*give another slug*", "*ERROR*"])


def test_a_waiver_is_shown_and_an_expired_one_is_not_enough(tiny: Path, pytester: pytest.Pytester) -> None:
    (tiny / "{{cookiecutter.slug}}" / "NOTES.md").write_text("Draws maps.\n")
    waiver = '[tool.pytest-saas-validate.waivers]\nTR003 = {{ reason = "known", until = {} }}\n'
    pytester.makefile(".toml", pyproject=TABLE + waiver.format("2999-01-01"))
    result = run(pytester, "--saas-only=TR003")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["waived: TR003 NOTES.md*: until 2999-01-01: known"])
    pytester.makefile(".toml", pyproject=TABLE + waiver.format("2001-01-01"))
    result = run(pytester, "--saas-only=TR003")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["waived: TR003 [*]: expired on 2001-01-01*"])


def test_a_waiver_that_covers_nothing_is_told_and_one_of_no_check_is_refused(
    tiny: Path, pytester: pytest.Pytester
) -> None:
    waiver = '[tool.pytest-saas-validate.waivers]\n{} = {{ reason = "known", until = 2999-01-01 }}\n'
    pytester.makefile(".toml", pyproject=TABLE + waiver.format("TR001"))
    told = run(pytester, "--saas-only=TR001")
    told.stdout.fnmatch_lines(["waived: TR001 [*]: covers nothing any more; remove it"])
    for narrower in ("--saas-only=TR002", "--saas-combos=default"):
        run(pytester, narrower).stdout.no_fnmatch_line("*covers nothing any more*")
    pytester.makefile(".toml", pyproject=TABLE + waiver.format("ZZ999"))
    refused = run(pytester, "--saas-only=TR001")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*waivers.ZZ999: there is no such check*"])


def test_a_cache_that_cannot_be_used_is_one_sentence(
    tiny: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", "/proc/nope")
    result = run(pytester, "--saas-only=TR001")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*/proc/nope: the cache cannot be used*set SAAS_VALIDATE_CACHE*"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--saas-combos=nope",), "*no combination 'nope'*"),
        (("--saas-engine=nope",), "*no engine 'nope'*"),
        (("--saas-require=nope",), "*--saas-require=nope: no such engine, tool or family*"),
        (("--saas-path=nowhere",), "*no such folder*"),
    ],
)
def test_a_wrong_switch_is_one_sentence(
    words: tuple[str, ...], message: str, tiny: Path, pytester: pytest.Pytester
) -> None:
    result = run(pytester, *words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_collection_bakes_nothing(
    tiny: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An IDE that discovers tests must not run hooks."""
    hooks = tiny / "hooks"
    hooks.mkdir()
    (hooks / "post_gen_project.py").write_text(f"open({str(pytester.path / 'ran')!r}, 'w').close()\n")
    assert run(pytester, "--collect-only", "-q").ret == 0
    assert not (pytester.path / "ran").exists()
    run(pytester, "--saas-only=TR001", "--saas-combos=bare")
    assert (pytester.path / "ran").exists()


def test_what_is_deselected_is_listed(tiny: Path, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--saas-only=TR001,TR003", "-k", "bare")
    result.stdout.fnmatch_lines(["*6 cases were not selected*"])
