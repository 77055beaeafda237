"""Public judges on real files, and our own reader of what none of them reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.render import Documents, Fault
from pytest_saas_validate.evidence.render_expressions import expressions
from pytest_saas_validate.evidence.render_judged import ByHadolint, ByRuff, BySchema, ByShellcheck
from pytest_saas_validate.evidence.render_syntax import data_faults
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.render import DOCUMENTS
from pytest_saas_validate.probes.render_judges import BY_HADOLINT, BY_RUFF, BY_SHELLCHECK, RUFF, SHELLCHECK
from pytest_saas_validate.probes.render_schemas import BY_SCHEMA, line_of_path
from pytest_saas_validate.probes.render_secrets import CODE
from pytest_saas_validate.probes.render_web import WEB_MODULES
from pytest_saas_validate.project import File, Project, read_files
from pytest_saas_validate.tools import find
from pytest_saas_validate.tools.finding import FoundTool

CHECKS = {check.id: check for check in catalogue()}


def project(root: Path, files: dict[str, str]) -> Project:
    """Files on disk, as a project without answers."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Project(root=root, combo=Combo("bare", (), frozenset()), files=read_files(root))


def said(probe: Probe, tool: str, root: Path, files: dict[str, str]) -> list[str]:
    """Where and what the judge finds in the files that are its own."""
    if find(tool).path is None:
        pytest.skip(find(tool).reason)
    made = project(root, files)
    assert probe.inputs is not None
    evidence = probe.gather(made, {})
    assert {fault.where.partition(":")[0] for fault in evidence.faults} <= set(probe.inputs(made))
    return [f"{fault.where}: {fault.message}" for fault in evidence.faults]


# Schemas

WORKFLOW = """\
on:
  push:
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - run: make
"""


def test_files_that_keep_to_their_schemas_are_clean(tmp_path: Path) -> None:
    files = {
        ".github/workflows/ci.yml": WORKFLOW,
        "compose.yml": "services:\n  one:\n    image: one\n    mem_limit: ${LIMIT:-1g}\n    x-note: a\n",
        "compose.override.yml": "services:\n  one:\n    ports: !reset []\n    nonsense: 1\n",
        ".github/dependabot.yml": "version: 2\nupdates: []\n",
        "broken/compose.yml": "services: [\n",
        ".github/workflows/compose.yml": WORKFLOW,
        "deploy/compose-values.yaml": "image: one\n",
    }
    assert said(BY_SCHEMA, "check-jsonschema", tmp_path, files) == []


def test_files_that_break_their_schemas_are_found(tmp_path: Path) -> None:
    files = {
        ".github/workflows/ci.yml": WORKFLOW.replace("    runs-on: ubuntu-24.04\n", ""),
        "docker/compose.yml": "# a comment\nservices:\n  one:\n    image: one\n    imge: two\n",
        ".github/dependabot.yml": "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n",
        ".github/actions/one/action.yml": "name: one\ndescription: a\nruns: {using: docker}\n",
    }
    found = said(BY_SCHEMA, "check-jsonschema", tmp_path, files)
    assert [line.partition(" ")[0] for line in found] == [
        ".github/workflows/ci.yml:4:",
        ".github/actions/one/action.yml:3:",
        ".github/dependabot.yml:3:",
        "docker/compose.yml:3:",
    ]
    assert "'runs-on' is a required property" in found[0]
    assert "'imge' was unexpected" in found[3]


def test_tags_that_no_schema_knows_are_not_judged(tmp_path: Path) -> None:
    made = project(tmp_path, {"compose.yml": "services:\n  one:\n    ports: !reset []\n"})
    assert BY_SCHEMA.gather(made, {}) == BySchema((), ("compose.yml (holds tags of its own)",))


@pytest.mark.parametrize(
    ("path", "line"),
    [("$.a", 1), ("$.a.b[1]", 4), ("$.a.b[1].c", 4), ("$.gone", 0), ("$.a.gone", 1), ("$", 0)],
)
def test_a_path_leads_to_its_line(path: str, line: int) -> None:
    assert line_of_path("a:\n  b:\n    - c: 1\n    - c: 2\n", path) == line


# Images, scripts, modules


def test_images_that_are_odd_only_are_clean(tmp_path: Path) -> None:
    files = {
        "Dockerfile": "FROM a\nWORKDIR app\nADD a b\nRUN sudo true\nRUN --mount=type=cache,target=/c x\n",
        "next.Dockerfile": "# syntax=docker/dockerfile:1-labs\nFROM a\nCOPY --strange b /c\nEXPOSE 80800\n",
        "short.Dockerfile": "FROM a\nWORKDIR a\n",
    }
    assert said(BY_HADOLINT, "hadolint", tmp_path, files) == []


def test_images_that_are_wrong_are_found(tmp_path: Path) -> None:
    files = {
        "a/Dockerfile": "FROM a AS one\nFROM b AS one\nCOPY a b c\n",
        "b/Dockerfile": "FROM a\nRUN a\n  b\n",
    }
    found = said(BY_HADOLINT, "hadolint", tmp_path, files)
    assert [line.partition(" ")[0] for line in found] == [
        "a/Dockerfile:2:",
        "a/Dockerfile:3:",
        "b/Dockerfile:3:",
    ]
    assert "(DL3024)" in found[0]


def test_scripts_that_are_odd_only_are_clean(tmp_path: Path) -> None:
    files = {
        "a.sh": "#!/bin/sh\necho $1\ncd $HOME\n",
        "lib.sh": "one() { echo; }\n",
        "z.zsh": "#!/bin/zsh\n$=a\n",
    }
    assert said(BY_SHELLCHECK, "shellcheck", tmp_path, files) == []


def test_scripts_that_are_wrong_are_found(tmp_path: Path) -> None:
    files = {
        "bin/a": "#!/bin/sh\nfor x in $@; do echo; done\n",
        "b.sh": '#!/bin/bash\nif [[ $1 =="b" ]]; then :; fi\n',
    }
    found = said(BY_SHELLCHECK, "shellcheck", tmp_path, files)
    assert {line.partition(" ")[0] for line in found} == {"bin/a:2:", "b.sh:2:"}


def test_names_that_are_given_from_outside_are_clean(tmp_path: Path) -> None:
    files = {
        "a.py": "from os import *\n\n\ndef f():\n    return sep, __file__, _('x')\n",
        "book.py": "# Databricks notebook source\ndbutils.x(anything)\n",
        "old.py": "try:\n    text = unicode\nexcept NameError:\n    text = str\n",
        "made.py": "globals().update(one=1)\n__all__ = ['one']\n",
        "filled.py": "home = __HOME__\n",
        "broken.py": "def f(:\n",
        "quiet.py": "one = two  # noqa: F821\n",
    }
    assert said(BY_RUFF, "ruff", tmp_path, files) == []


def test_names_that_nothing_defines_are_found(tmp_path: Path) -> None:
    files = {"a/b.py": "def f():\n    return os.sep\n", "c.py": '__all__ = ["one"]\n'}
    found = said(BY_RUFF, "ruff", tmp_path, files)
    assert found == [
        "a/b.py:2: Undefined name `os` (F821)",
        "c.py:1: Undefined name `one` in `__all__` (F822)",
    ]


def test_the_project_s_own_settings_hide_nothing(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[tool.ruff]\nrequired-version = "==0.0.1"\nexclude = ["*"]\n',
        "a.py": "one = two\n",
    }
    assert said(BY_RUFF, "ruff", tmp_path, files) == ["a.py:1: Undefined name `two` (F821)"]


def test_equal_files_of_several_trees_are_read_once() -> None:
    if find("ruff").path is None:
        pytest.skip(find("ruff").reason)
    wrong, other, right = File(b"one = two\n"), File(b"\none = three\n"), File(b"one = 1\n")
    trees = [{"a.py": wrong, "b.py": right}, {"a.py": wrong}, {"a.py": other, "c/a.py": wrong}, {}]
    assert [[fault.where for fault in faults] for faults in RUFF.faults(trees)] == [
        ["a.py:1"],
        ["a.py:1"],
        ["a.py:2", "c/a.py:1"],
        [],
    ]


def test_without_files_no_judge_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_saas_validate.probes.render_judges.find", None)
    made = project(tmp_path, {"a.txt": "x\n"})
    for probe in (BY_SCHEMA, BY_HADOLINT, BY_SHELLCHECK, BY_RUFF):
        assert probe.gather(made, {}).faults == ()


@pytest.mark.parametrize(
    ("probe", "name"), [(BY_SCHEMA, "compose.yml"), (BY_RUFF, "a.py"), (BY_HADOLINT, "Dockerfile")]
)
def test_a_judge_that_is_not_here_is_unavailable(
    probe: Probe, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pytest_saas_validate.probes.render_judges.find",
        lambda tool: FoundTool(name=tool, reason=f"get {tool}"),
    )
    with pytest.raises(Unavailable, match="get "):
        probe.gather(project(tmp_path, {name: "services: {}\n"}), {})


def test_settings_of_the_user_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be in the verdict, and not in the name under which it is kept."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".shellcheckrc").write_text("disable=SC2068\n")
    for name in ("hadolint.yaml", ".hadolint.yaml"):
        (home / name).write_text("ignored: [DL3011]\n")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("SHELLCHECK_OPTS", "--exclude=SC2068")
    monkeypatch.setenv("HADOLINT_IGNORE", "DL3011")
    monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
    files = {
        "a.sh": "#!/bin/sh\nfor one in $@; do :; done\n",
        "Dockerfile": "FROM scratch\nEXPOSE 80800\n",
        "a.ts": "const one = {;\n",
    }
    assert [line.partition(": ")[0] for line in said(BY_SHELLCHECK, "shellcheck", tmp_path, files)] == [
        "a.sh:2"
    ]
    assert [line.partition(": ")[0] for line in said(BY_HADOLINT, "hadolint", tmp_path, files)] == [
        "Dockerfile:2"
    ]
    assert [line.partition(": ")[0] for line in said(WEB_MODULES, "node", tmp_path, files)] == ["a.ts:1"]


CONFIG = "title = 'own'\n[extend]\n"


def test_secrets_are_looked_for_as_the_projects_own_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it extends is there for each scan, and what the user's environment names is not asked."""
    nothing = tmp_path / "nothing.toml"
    nothing.write_text("title = 'nothing'\n[[rules]]\nid = 'none'\nregex = 'nothing at all'\n")
    monkeypatch.setenv("GITLEAKS_CONFIG", str(nothing))
    files = {
        ".gitleaks.toml": f"{CONFIG}path = 'conf/base.toml'\n",
        "conf/base.toml": f"{CONFIG}useDefault = true\n[[rules]]\nid = 'own'\nregex = 'own-[0-9]{{6}}'\n",
        "a.py": "ONE = 'own-123456'\n",
    }
    assert said(CODE, "gitleaks", tmp_path / "project", files) == [
        "a.py:1: holds what looks like a secret (own)"
    ]


@pytest.mark.parametrize("answer", ["[]", "nonsense", '[{"code": "F821"}]'])
def test_a_judge_that_sleeps_is_an_error(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = tmp_path / "lazy"
    lazy.write_text(f"#!/bin/sh\necho '{answer}'\n")
    lazy.chmod(0o755)
    monkeypatch.setattr(
        "pytest_saas_validate.probes.render_judges.find", lambda tool: FoundTool(name=tool, path=lazy)
    )
    with pytest.raises(ProbeError):
        RUFF.faults([{"a.py": File(b"one = 1\n")}])
    with pytest.raises(ProbeError):
        SHELLCHECK.faults([{"a.sh": File(b"echo\n")}])


@pytest.mark.parametrize(
    ("check", "kind"),
    [("TR025", BySchema), ("TR026", ByHadolint), ("TR027", ByShellcheck), ("TR028", ByRuff)],
)
def test_every_judge_is_heard(check: str, kind: type) -> None:
    (finding,) = CHECKS[check](kind((Fault("a:1", "x"),)))
    assert (finding.where, finding.message) == ("a:1", "x")
    assert CHECKS[check](kind(())) == ()


# Expressions of workflows


@pytest.mark.parametrize(
    "text",
    [
        "github.ref == 'refs/heads/main' && !cancelled()",
        "format('{0} {1}', github.sha, inputs['a-b'])",
        "github.event.commits.*.message",
        "contains(fromJSON('[\"a\"]'), matrix.x) || env.A != 'it''s }} fine'",
        "hashFiles('**/a', 'b')",
        "(steps.one.outputs.x >= 1.5e3) && always()",
        "success()",
        "toJSON(needs)",
        "matrix[format('{0}', 'a')].b",
        "!(github.actor == 'a')",
        "GitHub.Ref",
        "null",
    ],
)
def test_expressions_that_can_be_read_are_clean(text: str) -> None:
    workflow = f"jobs:\n  one:\n    if: |\n      {text}\n    name: a ${{{{ {text} }}}} b\n"
    assert list(expressions(workflow)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("github.ref = 'a'", "which is no part of one"),
        ('github.ref == "a"', "which is no part of one"),
        ("github.ref main", "nothing between two values"),
        ("github.ref ==", "lacks a value after =="),
        ("&& github.ref", "lacks a value before &&"),
        ("(github.ref", "does not close ("),
        ("github.ref)", "closes ), which was not opened"),
        ("matrix['a')", "closes ), which was not opened"),
        ("gihtub.ref", "names gihtub, which there is not"),
        ("cookiecutter.name", "names cookiecutter, which there is not"),
        ("'a'('b')", "calls what is no function"),
        ("", "is empty"),
        ("github..ref", "lacks a value before ."),
    ],
)
def test_expressions_that_cannot_be_read_are_found(text: str, said: str) -> None:
    (found,) = expressions(f"jobs:\n  one:\n    name: |\n      a\n      ${{{{ {text} }}}}\n")
    assert found[0] == 5
    assert said in found[1]


def test_conditions_without_braces_are_expressions() -> None:
    assert [line for line, _ in expressions("jobs:\n  a:\n    if: github.ref = 'a'\n")] == [3]
    assert list(expressions("jobs:\n  a:\n    if: true\n  b: {if: always()}\n")) == []


def test_an_expression_that_is_never_closed_is_found() -> None:
    files = {
        ".github/workflows/a.yml": File(b"on: push\nname: ${{ github.ref }\n"),
        "a.yml": File(b"a: ${{\n"),
    }
    assert [fault.where for fault in data_faults(files)] == [".github/workflows/a.yml:2"]


def test_comments_hold_no_expressions() -> None:
    assert list(expressions("# ${{ nonsense\non: push\n")) == []


# Documents


def test_documents_are_counted(tmp_path: Path) -> None:
    table = "[tool.pytest-saas-validate.limits]\ndocument_lines = 4\n"
    made = project(
        tmp_path, {"a.md": "1\n2\n3\n", "b/c.markdown": "1\n2\n", "d.txt": "1\n", "pyproject.toml": table}
    )
    evidence = DOCUMENTS.gather(made, {})
    assert evidence == Documents({"a.md": 3, "b/c.markdown": 2}, 4)
    (finding,) = CHECKS["TR024"](evidence)
    assert (finding.where, finding.message) == (
        "a.md",
        "all documents have 5 lines, and 4 are allowed; this one has 3",
    )
    assert CHECKS["TR024"](Documents({"a.md": 4}, 4)) == ()
    assert CHECKS["TR024"](Documents({}, 4)) == ()


def test_the_limit_is_part_of_what_decides(tmp_path: Path) -> None:
    one = project(tmp_path / "one", {"a.md": "1\n"})
    table = "[tool.pytest-saas-validate.limits]\ndocument_lines = 4\n"
    other = project(tmp_path / "other", {"a.md": "1\n", "pyproject.toml": table})
    assert DOCUMENTS.decisive(one) != DOCUMENTS.decisive(other)
