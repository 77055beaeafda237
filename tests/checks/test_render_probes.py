"""The probes of the family TR on real programs and on a small real template."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.findings import Outcome
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.render import PARSED, RENDERED
from pytest_saas_validate.probes.render_scripts import SCRIPTS, shell_of
from pytest_saas_validate.probes.render_web import WEB_MODULES
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.project import File, Project, read_files
from pytest_saas_validate.settings import Switches, read_settings
from pytest_saas_validate.tools import find
from tests.checks.small import HEALTHY, findings, judge, no_engine


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A run of its own."""
    made = Workspace.create(root=tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The healthy template on disk."""
    for name, text in HEALTHY.items():
        path = tmp_path / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "template"


def test_a_right_template_is_clean(template: Path, workspace: Workspace) -> None:
    verdicts = judge(template, workspace, "TR")
    wrong = {id_: v for id_, v in verdicts.items() if v.outcome not in (Outcome.OK, Outcome.UNAVAILABLE)}
    assert not wrong
    tools = {"TR006", "TR025", "TR026", "TR027", "TR028"}
    assert {v.check for v in verdicts.values() if v.outcome is Outcome.UNAVAILABLE} <= {"TR023", *tools}


def test_without_its_hook_nothing_is_refused(template: Path, workspace: Workspace) -> None:
    (template / "hooks/pre_gen_project.py").unlink()
    (template / "{{cookiecutter.slug}}/a.yaml").write_text("by: {{ cookiecutter.owner }}\n", encoding="utf-8")
    found = findings(template, workspace, "TR009")
    assert any(line.startswith("package.json:2: with slug = double quotes") for line in found)
    assert "slug = a path: renders to a place outside of the project" in found
    assert "slug = a tag: made more than one folder" in found
    assert any("a.yaml: [0].by" in line and "is True instead of 'yes'" in line for line in found)
    escaped = list(workspace.swift("bakes").rglob("saasvalidateescaped"))  # a good name for a folder
    assert escaped
    assert all(path.parent.parent.name == "again" for path in escaped)


def test_findings_of_answers_stay_when_variables_are_added(template: Path, workspace: Workspace) -> None:
    (template / "hooks/pre_gen_project.py").unlink()
    (template / "{{cookiecutter.slug}}/a.yaml").write_text("by: {{ cookiecutter.owner }}\n", encoding="utf-8")
    (template / "{{cookiecutter.slug}}/{{cookiecutter.owner}}.txt").write_text("of one\n", encoding="utf-8")
    (template / "{{cookiecutter.slug}}/data.in").write_text('{"by": "{{ cookiecutter.owner }}"}\n')
    hook = template / "hooks/post_gen_project.py"
    hook.write_text(f"{hook.read_text()}\nimport os\nos.rename('data.in', 'data.json')\n")
    before = findings(template, workspace, "TR009")
    assert any(line.startswith("data.json:1: with free texts = double quotes") for line in before)
    assert "free texts = a path: renders to a place outside of the project" in before
    assert any("a.yaml" in line and "with owner = " in line for line in before)
    source = template / "cookiecutter.json"
    for name in ("motto", "motive"):
        source.write_text(json.dumps({name: "Onwards", **json.loads(source.read_text())}), encoding="utf-8")
        (template / f"{{{{cookiecutter.slug}}}}/{name}.txt").write_text(f"{{{{ cookiecutter.{name} }}}}\n")
        assert findings(template, workspace, "TR009") == before


def test_a_sentence_need_not_name_the_variable(template: Path, workspace: Workspace) -> None:
    hook = template / "hooks/pre_gen_project.py"
    told = hook.read_text().replace('f"{name}: {ANSWERS', 'f"{ANSWERS').replace('f"slug: {', 'f"{')
    assert "slug: " not in told
    hook.write_text(told, encoding="utf-8")
    assert findings(template, workspace, "TR009") == []


def test_a_hook_beside_the_template_never_runs(template: Path, workspace: Workspace) -> None:
    shutil.move(template / "hooks", template.parent / "hooks")
    found = findings(template, workspace, "TR011")
    assert found[:2] == [
        f"../hooks/{name}_gen_project.py: is never run: it lies beside the template, not inside it"
        for name in ("post", "pre")
    ]
    assert any("include_tree: switched on, it brings no file" in line for line in found)


def test_a_hook_that_is_not_run_promises_nothing(template: Path, workspace: Workspace) -> None:
    settings = read_settings(template, Switches(path=str(template), only="TR011", hooks=False))
    plan = Plan(settings, lambda: workspace, no_engine)
    (case,) = plan.cases
    assert plan.verdict(case).outcome is Outcome.OK


def test_an_option_is_judged_when_the_run_has_one_combination(template: Path, workspace: Workspace) -> None:
    settings = read_settings(template, Switches(path=str(template), combos="bare", only="TR004"))
    plan = Plan(settings, lambda: workspace, no_engine)
    (case,) = plan.cases
    assert plan.verdict(case).outcome is Outcome.OK


def project(root: Path, files: dict[str, str | File]) -> Project:
    """Files on disk, as a project without answers."""
    for name, file in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content if isinstance(file, File) else file.encode())
    return Project(root=root, combo=Combo("bare", (), frozenset()), files=read_files(root))


def test_shells_and_make_read_scripts_without_running_them(tmp_path: Path) -> None:
    files: dict[str, str | File] = {
        "good.sh": "#!/bin/sh\ntouch ran\n",
        "dir with space/bad.sh": "#!/usr/bin/env sh\nif true; then\n",
        "arrays.bash": "a=(1 2)\n",
        "posix.sh": "#!/bin/bash\na=(1 2)\n",
        "other.zsh": "#!/bin/zsh\n",
        "Makefile": "all:\n\ttouch ran\n",
        "sub/Makefile": "all:\n    touch ran\n",
        "twice/Makefile": "all:\n\techo\nall:\n\techo 2\n",
        "runs/Makefile": "X := $(shell touch ran)\nall:\n",
    }
    found = SCRIPTS.gather(project(tmp_path, files), {})
    assert {fault.where.rpartition(":")[0] for fault in found.faults} == {
        "dir with space/bad.sh",
        "sub/Makefile",
        "twice/Makefile",
    }
    assert len(found.unreached) == 2
    assert not list(tmp_path.rglob("ran"))


def disturbed(program: str, first: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the shell does something first where that program is begun."""
    real = shutil.which(program)
    folder.mkdir()
    (folder / program).write_text(f'#!/bin/sh\n{first}\nexec {real} "$@"\n')
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(("program", "file"), [("make", "Makefile"), ("bash", "die.bash")])
def test_one_that_is_killed_while_it_reads_is_no_fault_of_the_file(
    program: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = f'[ -e {tmp_path}/marked ] && case "$*" in *{file}*) kill -9 $$ ;; esac'
    disturbed(program, first, tmp_path / "bin", monkeypatch)
    judged = project(tmp_path / "project", {file: "a=1\n"})
    assert not SCRIPTS.gather(judged, {}).faults
    (tmp_path / "marked").touch()
    with pytest.raises(ProbeError, match=file):
        SCRIPTS.gather(judged, {})


@pytest.mark.parametrize(("program", "file"), [("make", "Makefile"), ("bash", "gone.bash")])
def test_one_that_is_removed_while_it_is_read_is_no_fault_of_the_file(
    program: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = f'case "$*" in *{file}*) find . -name {file} -delete ;; esac'
    disturbed(program, first, tmp_path / "bin", monkeypatch)
    with pytest.raises(ProbeError, match=f"{file}.* was removed"):
        SCRIPTS.gather(project(tmp_path / "project", {file: "a=1\n"}), {})


@pytest.mark.parametrize(
    ("name", "first", "shell"),
    [
        ("a", "#!/bin/sh", "sh"),
        ("a", "#! /usr/bin/env bash", "bash"),
        ("a", "#!/usr/bin/env -S bash -eu", "bash"),
        ("a.sh", "echo", "sh"),
        ("a.bash", "echo", "bash"),
        ("a.sh", "#!/usr/bin/python3", ""),
        ("a.txt", "echo", ""),
    ],
)
def test_the_first_line_names_the_shell(name: str, first: str, shell: str) -> None:
    assert shell_of(name, File(f"{first}\n".encode())) == shell


def test_node_reads_modules(tmp_path: Path) -> None:
    if find("node").path is None:
        pytest.skip(find("node").reason)
    files: dict[str, str | File] = {
        "good.ts": "@element('x')\nexport class A<T> {\n  constructor(private one: T) {}\n}\nenum B { C }\n",
        "bad.ts": "export const a = 1;\nconst b = {;\n",
        "bad.js": "export const a = 'open\n",
        "page.tsx": "export const p = <p/>;\n",
    }
    found = WEB_MODULES.gather(project(tmp_path, files), {})
    assert [fault.where for fault in found.faults] == ["bad.js:1", "bad.ts:2"]
    assert found.unreached == ("page.tsx (node cannot read it)",)


def test_empty_folders_are_seen(tmp_path: Path) -> None:
    made = project(tmp_path, {"a/b/file": "x\n"})
    for folder in ("a/empty", "c/d", ".git/refs", "node_modules/x"):
        (tmp_path / folder).mkdir(parents=True)
    assert RENDERED.gather(made, {}).empty == ("a/empty", "c", "c/d")


def test_what_no_parser_reads_is_listed(tmp_path: Path) -> None:
    made = project(
        tmp_path, {"a.mako": "x", "c/Chart.yaml": "name: c\n", "c/templates/x.yaml": "{{ .Values }}\n"}
    )
    assert PARSED.gather(made, {}).unreached == ("Helm templates", "Mako templates")
    assert PARSED.gather(made, {}).faults == ()


def test_a_free_text_that_is_compared_with_words_is_not_called_useless(
    template: Path, workspace: Workspace
) -> None:
    project = template / "{{cookiecutter.slug}}"
    variables = template / "cookiecutter.json"
    variables.write_text(variables.read_text().replace("{\n", '{\n  "kind": "none",\n  "idle": "none",\n', 1))
    readme = project / "README.md"
    readme.write_text(readme.read_text() + "{% if cookiecutter.kind == 'web' %}\nWeb.\n{% endif %}\n")
    found = findings(template, workspace, "TR004")
    assert found == ["cookiecutter.json: idle: another answer gives the same project"]


def test_a_switch_that_has_the_name_of_another_option_has_no_words(tmp_path: Path) -> None:
    """`use_db` and `db`: the word stands for the answer to the second."""
    answers = (("use_db", "no"), ("db", "sqlite"), ("use_mail", "no"))
    judged = Project(root=tmp_path, combo=Combo("bare", answers, frozenset()), files={})
    assert [feature.name for feature in RENDERED.gather(judged, {}).off] == ["mail"]


@pytest.mark.parametrize("chance", ["hash('seed')", "id(object())", "list({'a', 'b', 'c', 'd', 'e', 'f'})"])
def test_what_a_hook_writes_by_chance_differs(chance: str, template: Path, workspace: Workspace) -> None:
    """One interpreter begins the hooks of most bakes: what it holds must not look as if it were certain."""
    hook = template / "hooks/post_gen_project.py"
    more = f"from pathlib import Path\nPath('by').write_text(repr({chance}) + '\\n')\n"
    hook.write_text(f"{hook.read_text()}\n{more}")
    assert any(line.startswith("by:") for line in findings(template, workspace, "TR005"))
