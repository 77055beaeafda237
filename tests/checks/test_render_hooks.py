"""Hooks, free texts and the template's repository, on a small real template."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_saas_validate.evidence.render_partial import distinctive, stands
from pytest_saas_validate.findings import Outcome
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.probes.render_hooks import HOOK_TRIALS, uncut
from pytest_saas_validate.process import Workspace, network
from pytest_saas_validate.process.network import NoNamespace, cut_off
from pytest_saas_validate.project import File
from pytest_saas_validate.settings import Switches, read_settings
from tests.checks.small import HEALTHY, findings, judge, no_engine

ROOT = "{{cookiecutter.slug}}"
POST = "hooks/post_gen_project.py"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A run of its own."""
    made = Workspace.create(root=tmp_path / "cache")
    yield made
    made.close()


def template(folder: Path, **changed: str) -> Path:
    """The healthy template, with files replaced; `post` is added to the last hook."""
    files = {**HEALTHY, **{name: text for name, text in changed.items() if name != "post"}}
    files[POST] += changed.get("post", "")
    for name, text in files.items():
        path = folder / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "template"


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What the machine permits is asked once in a process."""
    yield
    cut_off.cache_clear()
    uncut.cache_clear()


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing can be cut off from the network."""
    monkeypatch.setattr(network.shutil, "which", lambda name: None)
    cut_off.cache_clear()
    uncut.cache_clear()


# Hooks


@pytest.mark.parametrize("check", ["TR020", "TR021", "TR022"])
def test_hooks_that_need_nothing_are_clean(check: str, tmp_path: Path, workspace: Workspace) -> None:
    assert findings(template(tmp_path), workspace, check) == []


@pytest.mark.parametrize(
    ("check", "hook", "found"),
    [
        (
            "TR020",
            "open('log.txt', 'a').write('x\\n')",
            "log.txt: is made otherwise by the hooks when it runs a second",
        ),
        (
            "TR020",
            "import os\nos.mkdir('made')",
            f"{POST}: fails when it runs a second time: FileExistsError",
        ),
        (
            "TR021",
            "import subprocess\nsubprocess.run(['git', '--version'], check=True)",
            f"{POST}: fails where the PATH holds the utilities of POSIX only: FileNotFoundError",
        ),
        (
            "TR021",
            "if shutil.which('git'):\n    open('made.txt', 'w').write('x\\n')",
            "made.txt: is not made where the PATH holds the utilities of POSIX only (",
        ),
        (
            "TR021",
            "if not shutil.which('git'):\n    open('made.txt', 'w').write('x\\n')",
            "made.txt: is made by the hooks only where the PATH holds the utilities of POSIX only (",
        ),
        (
            "TR022",
            "open('../x.txt', 'w')",
            f"../x.txt: was made or changed by hooks/pre_gen_project.py, {POST}",
        ),
    ],
)
def test_hooks_that_need_more_are_found(
    check: str, hook: str, found: str, tmp_path: Path, workspace: Workspace
) -> None:
    made = findings(template(tmp_path, post=f"{hook}\n"), workspace, check)
    assert made
    assert all(line.startswith(found) for line in made)


@pytest.mark.parametrize(
    ("check", "hook", "source"),
    [
        ("TR005", "import time\nopen('README.md', 'a').write(f'{time.time_ns()}')\n", f"{ROOT}/README.md:4"),
        ("TR005", "import time\nopen('made.txt', 'w').write(f'{time.time_ns()}')\n", POST),
        ("TR020", "open('README.md', 'a').write('x')\n", f"{ROOT}/README.md"),
        ("TR021", "if shutil.which('git'):\n    open('made.txt', 'w').write('x')\n", POST),
        ("TR022", "open('../x.txt', 'w')\n", POST),
    ],
)
def test_what_is_found_has_its_place_in_the_template(
    check: str, hook: str, source: str, tmp_path: Path, workspace: Workspace
) -> None:
    (verdict,) = judge(template(tmp_path, post=hook), workspace, check).values()
    assert {finding.source for finding in verdict.findings} == {source}


def test_shell_hooks_have_the_utilities_of_posix(tmp_path: Path, workspace: Workspace) -> None:
    folder = template(tmp_path)
    shell = (
        "#!/usr/bin/env bash\nset -eu\nmkdir -p made\nsed 's/a/b/' README.md | grep -c . > made/x\nrm -f y\n"
    )
    (folder / "hooks" / "post_gen_project.sh").write_text(shell)
    assert findings(folder, workspace, "TR021") == []


def test_a_hook_that_calls_out_is_found(tmp_path: Path, workspace: Workspace) -> None:
    """A server of this machine stands for the network: nothing of it is reached from inside a namespace."""
    try:
        cut_off()
    except NoNamespace as reason:
        pytest.skip(str(reason))
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = (
            f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5).close()\n"
        )
        found = findings(template(tmp_path, post=call), workspace, "TR021")
    assert [line.partition(": ")[2].partition(":")[0] for line in found] == ["fails without a network"]


def test_without_a_namespace_the_rest_is_judged(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch)
    (verdict,) = judge(template(tmp_path, post="open('x', 'a').write('x')\n"), workspace, "TR020").values()
    assert verdict.outcome is Outcome.FAILED
    assert verdict.unreached == ("hooks without a network: unshare is not here; install util-linux",)


def test_what_the_machine_permits_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else another run would be told of today's missing namespace for as long as evidence is kept."""
    folder = template(tmp_path)
    assert HOOK_TRIALS.beyond is not None
    permitted = HOOK_TRIALS.beyond(folder)
    forbid(monkeypatch)
    forbidden = HOOK_TRIALS.beyond(folder)
    assert forbidden == ("hooks without a network: unshare is not here; install util-linux",)
    assert permitted != forbidden
    shutil.rmtree(folder / "hooks")
    assert HOOK_TRIALS.beyond(folder) == ()


def test_chance_is_not_blamed_on_the_way(tmp_path: Path, workspace: Workspace) -> None:
    """A hook that writes the time is TR005's."""
    clock = "import time\nopen('time.txt', 'w').write(f'{time.time_ns()}\\n')\n"
    folder = template(tmp_path, post=clock)
    assert findings(folder, workspace, "TR020") == []
    assert findings(folder, workspace, "TR005")[0].startswith("time.txt:1: differs")


def test_hooks_that_do_not_run_are_not_judged(tmp_path: Path, workspace: Workspace) -> None:
    folder = template(tmp_path)
    settings = read_settings(folder, Switches(path=str(folder), only="TR020", hooks=False))
    plan = Plan(settings, lambda: workspace, no_engine)
    (case,) = plan.cases
    assert plan.verdict(case).outcome is Outcome.UNAVAILABLE


def test_a_template_without_hooks_says_so(tmp_path: Path, workspace: Workspace) -> None:
    folder = template(tmp_path)
    shutil.rmtree(folder / "hooks")
    (verdict,) = judge(folder, workspace, "TR020").values()
    assert (verdict.outcome, verdict.unreached) == (Outcome.OK, ("the template has no hooks",))


# Answers that are taken in part


@pytest.mark.parametrize(
    "text",
    [
        "Acme Notes",
        "acme-notes",
        "Acme Engineering",
        "audrey@feldroy.com",
        "A multi-tenant service that keeps notes for teams.",
        "Audrey M. Roy Greenfeld",
    ],
)
def test_defaults_that_stand_nowhere_by_chance(text: str) -> None:
    assert distinctive(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app",
        "Demo",
        "notes",
        "2026",
        "0.1.0",
        "2026-01-31",
        "My Project",
        "my_project",
        "Your Name",
        "Python Boilerplate",
        "A short description of the project.",
        "you@example.com",
        "https://example.org/notes",
        "America/New_York",
        "eu-central-1",
        "postgres:18-alpine",
        "Apache Software License 2.0",
        "BSD-3-Clause",
        "main",
        "localhost:8000",
        "Python 3.14",
        "Thesis title",
        "First and last names",
    ],
)
def test_defaults_that_stand_anywhere(text: str) -> None:
    assert not distinctive(text)


def tree(texts: Mapping[str, str]) -> dict[str, File]:
    """Files by name."""
    return {name: File(text.encode()) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ({"b.md": "by Acme Notes.\n"}, ["b.md:1"]),
        ({"Acme Notes.md": "x\n"}, ["Acme Notes.md"]),
        ({"b.md": "Acme Notesbook, xAcme Notes\n"}, []),
        ({"b.md": "Made from the template of Acme Notes.\n"}, []),
        ({".cruft.json": '{"name": "Acme Notes"}'}, []),
        ({"b.md": "acme notes\n"}, []),
    ],
)
def test_places_where_a_default_stands(kept: Mapping[str, str], found: list[str]) -> None:
    before, after = tree({"a.md": "# Acme Notes\n", **kept}), tree({"a.md": "# Quartz\n", **kept})
    assert [fault.where for fault in stands("Acme Notes", before, after)] == found


def test_a_text_that_no_variable_put_anywhere_is_not_its_default() -> None:
    files = tree({"a.md": "# Acme Notes\n"})
    assert list(stands("Acme Notes", files, files)) == []


def test_a_default_that_is_written_out_is_found(tmp_path: Path, workspace: Workspace) -> None:
    kept = {
        f"{ROOT}/more.md": "Small Notes, small-notes and Small Team; Small Notesbook.\n",
        f"{ROOT}/small-notes.txt": "x\n",
    }
    found = findings(template(tmp_path, **kept), workspace, "TR018")
    assert [line.partition(": ")[0] for line in found] == ["more.md:1", "more.md:1", "small-notes.txt"]
    assert found[0].startswith(
        "more.md:1: name is 'Quartz Harbour', and its default 'Small Notes' stands: holds it"
    )


def test_what_is_copied_as_it_is_may_hold_a_default(tmp_path: Path, workspace: Workspace) -> None:
    answers = {**json.loads(HEALTHY["cookiecutter.json"]), "_copy_without_render": ["raw/*"]}
    kept = {f"{ROOT}/raw/more.md": "Small Notes\n", "cookiecutter.json": json.dumps(answers)}
    assert findings(template(tmp_path, **kept), workspace, "TR018") == []


def test_a_default_that_another_variable_has_too_is_not_searched_for(
    tmp_path: Path, workspace: Workspace
) -> None:
    answers = {**json.loads(HEALTHY["cookiecutter.json"]), "title": "About Small Notes"}
    changed = {f"{ROOT}/more.md": "{{ cookiecutter.title }}\n", "cookiecutter.json": json.dumps(answers)}
    (verdict,) = judge(template(tmp_path, **changed), workspace, "TR018").values()
    assert verdict.outcome is Outcome.OK
    assert "name: its default is part of another variable" in verdict.unreached


# Free texts that stand for yes or no


def switch(tmp_path: Path, default: str, word: str, name: str = "use_more") -> Path:
    """A template with one of them, and a file that depends on it."""
    answers = {**json.loads(HEALTHY["cookiecutter.json"]), name: default}
    file = f"{ROOT}/{{% if cookiecutter.{name} == '{word}' %}}more.md{{% endif %}}"
    return template(tmp_path, **{file: "# More\n", "cookiecutter.json": json.dumps(answers)})


@pytest.mark.parametrize(
    ("default", "word", "means"),
    [("n", "y", "counts as n"), ("Yes", "Yes", "counts as No"), ("True", "False", "counts as True")],
)
def test_a_free_text_that_is_a_switch_is_found(
    default: str, word: str, means: str, tmp_path: Path, workspace: Workspace
) -> None:
    folder = switch(tmp_path, default, word)
    assert findings(folder, workspace, "TR019") == [
        f"cookiecutter.json: use_more: is free text with the default {default!r}; "
        f"'perhaps' is taken silently and {means}"
    ]
    assert findings(folder, workspace, "TR004") == []


def test_a_switch_that_is_written_out_is_found(tmp_path: Path, workspace: Workspace) -> None:
    answers = {**json.loads(HEALTHY["cookiecutter.json"]), "debug": "false"}
    changed = {f"{ROOT}/a.txt": "{{ cookiecutter.debug }}\n", "cookiecutter.json": json.dumps(answers)}
    (found,) = findings(template(tmp_path, **changed), workspace, "TR019")
    assert found.endswith("is written into the project")


@pytest.mark.parametrize(
    ("default", "name"), [("no", "default_language"), ("none", "use_more"), ("1", "count")]
)
def test_other_texts_are_no_switches(default: str, name: str, tmp_path: Path, workspace: Workspace) -> None:
    assert findings(switch(tmp_path, default, default, name), workspace, "TR019") == []


def test_a_switch_that_refuses_other_words_is_clean(tmp_path: Path, workspace: Workspace) -> None:
    folder = switch(tmp_path, "n", "y")
    hook = folder / "hooks" / "pre_gen_project.py"
    refuse = "\nif ANSWERS['use_more'] not in ('y', 'n'):\n    sys.exit('use_more: type y or n')\n"
    hook.write_text(hook.read_text().replace("print(", f"{refuse}print("))
    assert findings(folder, workspace, "TR019") == []


# The template's own repository


def committed(folder: Path) -> Path:
    """A repository of it, in which everything is new."""
    subprocess.run(["git", "init", "--quiet", "."], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("/reports/\n", []),
        ("branches/\n", ["branches/leaf.md: is ignored by .gitignore:1 (branches/): users never get it"]),
        ("branches/\n!branches/\n", []),
    ],
)
def test_files_that_the_repository_ignores_are_found(
    rules: str, found: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    folder = committed(template(tmp_path, **{".gitignore": rules, "reports/x.txt": "made\n"}))
    assert findings(folder, workspace, "TR023") == [f"{ROOT}/{line}" for line in found]


def test_a_file_that_is_tracked_all_the_same_is_not_lost(tmp_path: Path, workspace: Workspace) -> None:
    folder = committed(template(tmp_path, **{".gitignore": "branches/\n"}))
    subprocess.run(["git", "add", "--force", f"{ROOT}/branches/leaf.md"], cwd=folder, check=True)
    assert findings(folder, workspace, "TR023") == []


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path, workspace: Workspace) -> None:
    folder = template(tmp_path)
    (verdict,) = judge(folder, workspace, "TR023").values()
    assert verdict.outcome is Outcome.UNAVAILABLE
    assert "is in no repository" in verdict.reason


def test_a_template_that_is_ignored_as_a_whole_is_no_part_of_a_repository(
    tmp_path: Path, workspace: Workspace
) -> None:
    folder = template(tmp_path)
    (committed(tmp_path) / ".gitignore").write_text("template/\n")
    (verdict,) = judge(folder, workspace, "TR023").values()
    assert verdict.outcome is Outcome.UNAVAILABLE
