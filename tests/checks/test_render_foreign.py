"""What looks like a defect and is none, as templates of others show; and the defect beside it, which is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Combo, Feature
from pytest_saas_validate.evidence.render import Effects, Pair, Rendered, Shape
from pytest_saas_validate.evidence.render_environment import readers
from pytest_saas_validate.evidence.render_locks import is_manifest
from pytest_saas_validate.evidence.render_syntax import data_faults
from pytest_saas_validate.evidence.render_values import misread
from pytest_saas_validate.evidence.render_web import unresolved
from pytest_saas_validate.probes.render_compared import Before
from pytest_saas_validate.probes.render_scripts import SCRIPTS
from pytest_saas_validate.probes.render_trials import last
from pytest_saas_validate.probes.render_variables import Text
from pytest_saas_validate.project import File, Project, read_files

CHECKS = {check.id: check for check in catalogue() if check.family == "TR"}
RUFF, EXAMPLES = (Feature(name, name, (name,)) for name in ("ruff", "examples"))
COPIED = "FROM a\nCOPY a.toml poetry.lock* ./\n"
CLONED = "FROM a\nRUN git clone https://x.example/y && cd y && ./bootstrap.sh\n"
STEP = "jobs:\n  a:\n    steps:\n      - uses: {}\n        with: {{{}: made.xml}}\n"
LOCKED = "repos:\n  - hooks:\n      - {id: a, files: '^uv\\.lock$'}\n"
ZOE = {"Acme": frozenset({"Zoë"})}
SPHINX = "help:\n\t@echo help\n%: Makefile\n\t@sphinx-build -M $@\n"


def said(check: str, files: dict[str, str], *off: Feature) -> list[str]:
    """Where a check finds something in files."""
    shown = {name: File(text.encode(), text.startswith("#!")) for name, text in files.items()}
    return [finding.where for finding in CHECKS[check](Rendered(shown, off, ("use_ruff",)))]


@pytest.mark.parametrize(
    ("check", "files"),
    [
        ("TR001", {"docs/main.html": '{% extends "base.html" %}{% block a %}{% endblock %}'}),
        ("TR001", {"mail_templates/a.txt": "{% if user %}{% endif %}"}),
        ("TR012", {"static/gitkeep": "", ".hgkeep": ""}),
        ("TR007", {"Dockerfile": CLONED}),
        (
            "TR007",
            {"Makefile": "include make/a.mk\n", "make/a.mk": "all:\n\tpython setup.py\n", "setup.py": "a"},
        ),
        (
            "TR014",
            {"Makefile": "include make/a.mk\n", "make/a.mk": "all:\n\tmake -C d\n", "d/Makefile": "a:\n"},
        ),
        ("TR015", {"Dockerfile": COPIED, "a.toml": "a"}),
        ("TR015", {".github/workflows/a.yml": STEP.format("codecov/codecov-action@v1", "file")}),
        ("TR015", {".github/workflows/a.yml": STEP.format("actions/upload@v1", "asset_path")}),
        ("TR015", {".pre-commit-config.yaml": LOCKED}),
    ],
)
def test_what_is_meant_is_no_finding(check: str, files: dict[str, str]) -> None:
    assert said(check, files) == []


@pytest.mark.parametrize(
    ("check", "files"),
    [
        ("TR001", {"docs/main.html": "{% endraw %}"}),
        ("TR001", {"docs/main.html": "{% if cookiecutter.a %}"}),
        ("TR012", {"static/keeper": ""}),
        ("TR007", {"Dockerfile": "FROM a\nRUN ./bootstrap.sh\n"}),
        ("TR007", {"Makefile": "include make/a.mk\n", "make/a.mk": "all:\n\tpython setup.py\n"}),
        ("TR014", {"Makefile": "include make/a.mk\n", "make/a.mk": "all:\n\tmake -C d\n"}),
        ("TR015", {"Dockerfile": "FROM a\nCOPY poetry.lock* ./\n"}),
        ("TR015", {"Dockerfile": "FROM a\nCOPY a.toml ./\n"}),
        ("TR015", {".github/workflows/a.yml": STEP.format("docker/build-push-action@v1", "file")}),
        ("TR015", {".github/workflows/a.yml": STEP.format("actions/setup-python@v1", "python-version-file")}),
        ("TR015", {".pre-commit-config.yaml": LOCKED.replace("uv\\.lock", "gone/")}),
    ],
)
def test_the_defect_beside_it_is_one(check: str, files: dict[str, str]) -> None:
    assert len(said(check, files)) == 1


def test_a_line_of_an_ignore_file_is_no_residue() -> None:
    assert said("TR003", {".gitignore": ".ruff_cache/\n", ".dockerignore": "ruff.toml\n"}, RUFF) == []
    assert said("TR003", {"a.toml": "[tool.ruff]\n"}, RUFF) == ["a.toml:1"]


def test_a_word_for_any_part_is_looked_for_in_paths_only() -> None:
    assert said("TR003", {"a.py": "# give specific examples\n"}, EXAMPLES) == []
    assert said("TR003", {"src/examples/a.py": ""}, EXAMPLES) == ["src/examples/a.py"]
    assert not Feature("examples", "e", ("examples", "demo_data")).common


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Variables.ini", "BUILD := a\nCLEAN := *.pdf\n"),
        ("a.svg", '<!DOCTYPE svg [<!ENTITY ns "http://x">]><svg xmlns="&ns;"/>'),
        ("page.html", "{% if a %}<div>{% else %}<p>{% endif %}</div>"),
    ],
)
def test_what_another_reader_reads_is_left_to_it(name: str, text: str) -> None:
    assert list(data_faults({name: File(text.encode())})) == []


def test_entities_that_grow_without_bounds_are_refused() -> None:
    grown = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    text = f'<!DOCTYPE l [<!ENTITY a0 "ha">{grown}]><l>&a12;</l>'
    assert [fault.where for fault in data_faults({"a.svg": File(text.encode())})] == ["a.svg:1"]


def test_a_page_that_is_a_part_is_not_resolved_where_it_lies() -> None:
    part = {"templates/a.html": File(b"{% block a %}<img src='../static/a.png'>{% endblock %}")}
    assert list(unresolved(part)) == []
    assert list(unresolved({"templates/a.html": File(b"<img src='../static/a.png'>")}))


@pytest.mark.parametrize(
    ("text", "manifest"),
    [
        ("-r base.in\nflask>=2 # web\n", True),
        ("include README.md\nrecursive-include src *.py\n", False),
        ('#define VERSION "@VERSION@"\n@PACKAGE_INIT@\n', False),
        ("", False),
    ],
)
def test_a_manifest_is_one_by_what_it_holds(text: str, manifest: bool) -> None:
    assert is_manifest(text) is manifest


def test_settings_classes_read_their_fields() -> None:
    text = "class Conf(BaseSettings):\n    model_config = Config(env_prefix='app_')\n    database_url: str\n"
    assert "APP_DATABASE_URL" in readers({"conf.py": File(text.encode())})
    assert "DATABASE_URL" not in readers({"conf.py": File(text.replace("BaseSettings", "Base").encode())})


def test_a_rule_for_any_name_makes_any_target(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(SPHINX)
    project = Project(root=tmp_path, combo=Combo("bare", (), frozenset()), files=read_files(tmp_path))
    assert SCRIPTS.gather(project, {}).faults == ()


# Options


def shape(combo: str, text: str, *names: str, **answers: str) -> Shape:
    return Shape(combo, answers, frozenset(), dict.fromkeys(names, text))


def judged(check: str, *pairs: Pair) -> list[str]:
    return [finding.message for finding in CHECKS[check](Effects(pairs, (), ("x",), (), False, ()))]


def test_an_answer_that_matters_beside_another_has_an_effect() -> None:
    alone = Pair("a", "", shape("1", "x", "f", a="1"), shape("2", "x", "f", a="2"))
    beside = Pair("a", "", shape("3", "x", "f", a="1", b="1"), shape("4", "y", "f", a="2", b="1"))
    assert judged("TR004", alone, beside) == []
    assert judged("TR004", alone) == ["'1' and '2' give the same project (1 and 2)"]


def test_answers_without_effect_are_one_finding() -> None:
    one, two, three = (shape(x, "x", "f", a=x) for x in "123")
    pairs = Pair("a", "", one, two), Pair("a", "", one, three), Pair("a", "", two, three)
    assert judged("TR004", *pairs) == ["'1', '2' and '3' give the same project (1 and 2)"]


def test_a_switch_need_not_decide_files() -> None:
    on, off = shape("on", "x", "pyproject.toml", a="yes"), shape("off", "y", "pyproject.toml", a="no")
    assert judged("TR011", Pair("a", "a", on, off, promised=False)) == []
    assert len(judged("TR011", Pair("a", "a", on, off, promised=True))) == 1


@pytest.mark.parametrize(("default", "other"), [("No", "Yes"), ("y", "n"), ("true", "false"), ("maybe", "")])
def test_a_free_text_for_yes_or_no_has_an_opposite(default: str, other: str) -> None:
    assert Text("a", default).opposite == other


def test_variables_are_named_in_both_ways() -> None:
    assert Text("a", "{{ cookiecutter['long name'] | lower }}").made_of("long name")
    assert Text("a", "{{ cookiecutter.name }}").made_of("name")
    assert not Text("a", "{{ cookiecutter.names }}").made_of("name")


# Hostile answers


def test_what_a_crash_said_names_no_folder_of_this_run() -> None:
    problem = BakeError(
        '/a/b/template: combination bare does not render: OSError: "/x/y/runs/1/notes" exists'
    )
    assert last(problem) == 'OSError: ".../notes" exists'


@pytest.mark.parametrize(
    ("answers", "before", "after"),
    [
        ({"0.1.0": "3rd rail"}, {"a": "fastmcp>=0.1.0"}, {"a": "fastmcp>=0.1.0"}),
        ({"acme": "O'Brien"}, {"a": "github/acme/my_notes"}, {"a": "github/O'Brien/o_brien"}),
        ({"Acme": "Zoë"}, {"my_notes.name": "NAME=Acme"}, {"zoe.name": "NAME=Zoë"}),
        ({"acme": "Zoë"}, {"a": "acme"}, {"a": "zoë"}),
        ({"acme": "Zoë"}, {"[0]": "b", "[1]": "acme"}, {"[0]": "Zoë"}),
        ({"acme": "123", "acme notes": "null"}, {"a": "by acme notes"}, {"a": "by null"}),
    ],
)
def test_an_answer_that_is_shown_keeps_its_meaning(
    answers: dict[str, str], before: dict[str, object], after: dict[str, object]
) -> None:
    assert list(misread({old: frozenset({new}) for old, new in answers.items()}, before, after)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": "by Acme"}, {"a": "by Zo"}),
        ({"a": "Acme"}, {"a": None}),
        ({"x.a": "Acme"}, {"y.a": "Zo"}),
        ({"[0]": "Acme", "[1]": "b"}, {"[0]": "b"}),
    ],
)
def test_an_answer_that_is_cut_loses_it(before: dict[str, object], after: dict[str, object]) -> None:
    assert len(list(misread(ZOE, before, after))) == 1


def bake(root: Path, files: dict[str, str], **origins: str) -> Project:
    """A bake whose files come from these files of a template, by their stems."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    found = read_files(root)
    told = {name: origins[Path(name).stem] for name in found if Path(name).stem in origins}
    return Project(root=root, combo=Combo("bare", (), frozenset()), files=found, origins=told)


def test_a_path_may_depend_on_an_answer(tmp_path: Path) -> None:
    before = Before(
        bake(tmp_path / "1", {"notes/a.py": "A = 'Acme'\n", "main.md": "", "b.py": ""}, a="{{x}}/a.py")
    )
    moved = bake(tmp_path / "2", {"other/a.py": "A = 'Zoë'\n", "other.md": "", "b.py": ""}, a="{{x}}/a.py")
    assert list(before.new(moved, ZOE)) == []
    odd = Before(bake(tmp_path / "0", {"a.py": ""}, a="{% if x %}a.py{% endif %}"))
    assert list(odd.new(bake(tmp_path / "00", {"other.md": "b"}), {})) == []
    lost = bake(tmp_path / "3", {"other.md": ""})
    assert [fault.where for fault in before.new(lost, {})] == ["b.py", "notes/a.py"]
    cut = bake(tmp_path / "4", {"other/a.py": "A = 'Zo'\n", "main.md": "", "b.py": ""}, a="{{x}}/a.py")
    assert [fault.where for fault in before.new(cut, ZOE)] == ["other/a.py: [0]"]


def test_a_fault_that_was_there_before_is_not_the_answers(tmp_path: Path) -> None:
    before = Before(bake(tmp_path / "1", {"a.json": '{"a": 1,}', "b.json": '{"b": "Acme"}'}))
    after = bake(tmp_path / "2", {"a.json": '\n{"a": 2,}', "b.json": '{"b": "O"x"}', "c/a.json": '{"a": 1,}'})
    assert [fault.where for fault in before.new(after, {})] == ["b.json:1"]


def test_a_document_may_start_above_the_project() -> None:
    told = "`notes/tools/setup.sh`\n\n```sh\nsh notes/tools/setup.sh\n```\n"
    files = {"tools/setup.sh": "#!/bin/sh\n", "README.md": told}
    shown = {name: File(text.encode(), text.startswith("#!")) for name, text in files.items()}
    for check in ("TR007", "TR008"):
        assert list(CHECKS[check](Rendered(shown, (), (), (), "notes"))) == []
        assert list(CHECKS[check](Rendered(shown, (), (), (), "other")))
