"""Verdicts on files: what an earlier run knows is not asked again, and what changed is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.findings import Outcome
from pytest_saas_validate.process.identity import here

ROOT = "{{cookiecutter.slug}}"
Run = Callable[..., Any]


def test_a_second_run_bakes_nothing_and_says_the_same(
    run: Run, template: Path, bakes: list[str], programs: list[str]
) -> None:
    (template / ROOT / "app.py").write_text("import json\n# {{ '{% endraw %}' }}\n\nprint(json)\n")
    anew, _ = run(kept=False)
    first, plan = run()
    assert plan.ahead.reused == 0
    del bakes[:], programs[:]
    second, plan = run()
    assert bakes == []
    assert [words for words in programs if not words.startswith("git ")] == [], "git tells what a clone has"
    assert plan.ahead.reused == len([v for v in second if v.outcome is not Outcome.UNAVAILABLE])
    assert anew == first == second
    found = [finding for verdict in second for finding in verdict.findings]
    assert {finding.source for finding in found if finding.where.startswith("app.py")} == {f"{ROOT}/app.py:2"}


def test_a_change_is_judged(run: Run, template: Path) -> None:
    before, _ = run()
    assert {verdict.outcome for verdict in before if verdict.check == "TR002"} == {Outcome.OK}
    (template / ROOT / "app.py").write_text("import json\n\nprint(json\n")
    after, _ = run()
    assert {verdict.outcome for verdict in after if verdict.check == "TR002"} == {Outcome.FAILED}
    (template / ROOT / "app.py").write_text("import json\n\nprint(json)\n")
    assert run()[0] == before


def test_a_change_of_one_file_asks_only_the_tools_that_read_it(
    run: Run, template: Path, programs: list[str]
) -> None:
    run("TR002")
    del programs[:]
    (template / ROOT / "README.md").write_text("# changed\n")
    run("TR002")
    assert programs == [], "no parser reads it"
    (template / ROOT / "run.sh").write_text("#!/bin/sh\necho changed\n")
    run("TR002")
    assert [words for words in programs if words.startswith("sh -c")]


def test_what_lies_beside_the_template_counts(run: Run, template: Path) -> None:
    """A hook that cookiecutter never runs is a finding about the template."""
    before, _ = run("TR011")
    stray = template.parent / "hooks" / "post_gen_project.py"
    stray.parent.mkdir()
    stray.write_text("print('never')\n")
    after, _ = run("TR011")
    assert [len(verdict.findings) for verdict in (*before, *after)] == [0, 1]


def test_an_empty_folder_and_a_mode_count(run: Run, template: Path) -> None:
    run("TR007,TR012")
    (template / ROOT / "empty").mkdir()
    (template / ROOT / "run.sh").chmod(0o644)
    after, _ = run("TR007,TR012")
    assert {verdict.check for verdict in after if verdict.findings} == {"TR007", "TR012"}


def test_a_new_switch_counts_although_it_changes_no_file(run: Run, template: Path) -> None:
    (template / ROOT / "README.md").write_text("Its search service.\n")
    assert {verdict.outcome for verdict in run("TR003")[0]} == {Outcome.OK}
    answer(template, include_search=["no", "yes"])
    after, _ = run("TR003")
    assert [verdict.outcome for verdict in after].count(Outcome.FAILED) == len(after) // 2
    assert after == run("TR003", kept=False)[0]


def test_the_name_of_the_project_counts(run: Run, template: Path) -> None:
    (template / ROOT / "README.md").write_text("Read `shop/one.txt`.\n")
    (template / ROOT / "one.txt").write_text("one\n")
    assert {verdict.outcome for verdict in run("TR008")[0]} == {Outcome.OK}
    answer(template, slug="mall")
    after, _ = run("TR008")
    assert {verdict.outcome for verdict in after} == {Outcome.FAILED}


def answer(template: Path, **changed: object) -> None:
    """Change the variables of a template."""
    file = template / "cookiecutter.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))


def test_waivers_and_days_are_no_part_of_what_is_kept(run: Run, template: Path) -> None:
    (template / ROOT / "run.sh").chmod(0o644)
    failed, _ = run("TR007")
    (template / "pyproject.toml").write_text(
        '[tool.pytest-saas-validate.waivers]\nTR007 = { reason = "known", until = 2999-01-01 }\n'
    )
    waived, _ = run("TR007")
    assert {verdict.outcome for verdict in failed} == {Outcome.FAILED}
    assert {verdict.outcome for verdict in waived} == {Outcome.WAIVED}


def test_a_variable_that_a_hook_reads_counts(
    run: Run, template: Path, bakes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = template / "hooks" / "post_gen_project.py"
    hook.parent.mkdir()
    hook.write_text("import os\nif os.environ.get('PLANTED'):\n    open('planted.py', 'w').write('(')\n")
    before, _ = run("TR002")
    monkeypatch.setenv("PLANTED", "1")
    after, _ = run("TR002")
    assert [{verdict.outcome for verdict in each} for each in (before, after)] == [
        {Outcome.OK},
        {Outcome.FAILED},
    ]
    del bakes[:]
    monkeypatch.setenv("NOBODY_READS_IT", "1")
    assert run("TR002")[0] == after
    assert bakes == []


def test_what_could_not_be_judged_is_tried_again(run: Run, template: Path) -> None:
    hook = template / "hooks" / "post_gen_project.py"
    hook.parent.mkdir()
    hook.write_text("raise SystemExit('no')\n")
    broken, _ = run("TR002")
    assert {verdict.outcome for verdict in broken} == {Outcome.ERROR}
    hook.write_text("print('yes')\n")
    mended, plan = run("TR002")
    assert {verdict.outcome for verdict in mended} == {Outcome.OK}
    assert plan.ahead.reused == 0


def test_a_refusal_is_heard_once(run: Run, template: Path, bakes: list[str]) -> None:
    """However many checks want the render."""
    hook = template / "hooks" / "pre_gen_project.py"
    hook.parent.mkdir()
    hook.write_text("raise SystemExit('no')\n")
    verdicts, _ = run("TR001,TR002,TR007,TR012")
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ERROR}
    assert sorted(bakes) == ["bare", "jobs", "jobs+mail", "mail"]


def test_a_run_that_gathers_nothing_ends_what_a_dead_one_left(run: Run, tmp_path: Path) -> None:
    run("TR001")
    dead = tmp_path / "cache" / "runs" / "dead"
    dead.mkdir()
    (dead / "ledger.jsonl").touch()
    (dead / "owner.json").write_text(json.dumps({"pid": 1, "birth": "never", "here": here()}))
    _, plan = run("TR001")
    assert plan.ahead.reused
    assert not dead.exists()


def test_an_edit_in_the_middle_of_a_run_is_kept_under_no_name(
    run: Run, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was judged is the new file, and the name is made of the old one; size and time are the same."""
    module = template / ROOT / "app.py"
    module.write_text("print(\n")
    written = module.stat().st_mtime_ns
    plain = Oven.bake

    def bake(*args: Any, **named: Any) -> Any:
        module.write_text("print \n")
        os.utime(module, ns=(written, written))
        return plain(*args, **named)

    with monkeypatch.context() as edited:
        edited.setattr(Oven, "bake", bake)
        mended, _ = run("TR002")
    module.write_text("print(\n")
    os.utime(module, ns=(written, written))
    broken, _ = run("TR002")
    assert {verdict.outcome for verdict in mended} == {Outcome.OK}
    assert {verdict.outcome for verdict in broken} == {Outcome.FAILED}


def test_a_hostile_answer_is_shown_in_the_file_of_the_template(run: Run, template: Path) -> None:
    """The repository's own file of that name is another one."""
    (template / ROOT / "pyproject.toml").write_text('[project]\nname = "{{ cookiecutter.slug }}"\n')
    (template / "pyproject.toml").write_text("[tool.other]\n")
    (verdict,), _ = run("TR009")
    sources = {finding.source for finding in verdict.findings if finding.where.startswith("pyproject.toml")}
    assert sources == {f"{ROOT}/pyproject.toml"}


def test_what_a_link_leads_to_counts(run: Run, template: Path) -> None:
    """A hook may read it there, although no file of the template changes."""
    shared = template.parent / "shared"
    shared.mkdir()
    (shared / "part.py").write_text("print()\n")
    (template / "shared").symlink_to("../shared")
    hook = template / "hooks" / "post_gen_project.py"
    hook.parent.mkdir()
    hook.write_text("import shutil\nshutil.copy('{{ cookiecutter._repo_dir }}/shared/part.py', 'part.py')\n")
    before, _ = run("TR002")
    (shared / "part.py").write_text("print(\n")
    after, _ = run("TR002")
    assert [{verdict.outcome for verdict in each} for each in (before, after)] == [
        {Outcome.OK},
        {Outcome.FAILED},
    ]


def test_an_extension_of_its_own_counts(
    run: Run, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies beside the template, and no version tells that it changed."""
    code = "from jinja2.ext import Extension\n\nclass Shout(Extension):\n    def __init__(self, env):\n"
    code += "        super().__init__(env)\n        env.filters['shout'] = lambda text: {}\n"
    (tmp_path / "shouting.py").write_text(code.format("text.upper()"))
    monkeypatch.syspath_prepend(tmp_path)
    variables = json.loads((template / "cookiecutter.json").read_text())
    (template / "cookiecutter.json").write_text(json.dumps({**variables, "_extensions": ["shouting.Shout"]}))
    (template / ROOT / "app.py").write_text("NAME = '{{ cookiecutter.slug | shout }}'\n")
    before, _ = run("TR002")
    (tmp_path / "shouting.py").write_text(code.format("text + chr(39)"))
    monkeypatch.delitem(sys.modules, "shouting")
    after, _ = run("TR002")
    assert {verdict.outcome for verdict in before} == {Outcome.OK}
    assert {verdict.outcome for verdict in after} == {Outcome.FAILED}


def test_a_template_that_cannot_be_read_says_which_file(
    run: Run, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: Path) -> None:
        raise PermissionError(13, "Permission denied", str(root / "secret.txt"))

    monkeypatch.setattr("pytest_saas_validate.plan.renders.read_files", refuse)
    verdicts, _ = run("TR001,TR005")
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ERROR}
    assert all("secret.txt: cannot be read (Permission denied)" in verdict.reason for verdict in verdicts)
