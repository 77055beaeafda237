"""Each check of the family TR on small evidence: silent on a healthy render, loud on one defect."""

from __future__ import annotations

import json
import pickle

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import (
    Effects,
    Fault,
    Hostile,
    HostileAlone,
    Locks,
    Pair,
    Parsed,
    Passwords,
    PythonModules,
    Rebaked,
    Rendered,
    Scripts,
    SecretsInCode,
    SecretsInData,
    SecretsInText,
    Shape,
    WebModules,
)
from pytest_saas_validate.evidence.render_answers import without_answers
from pytest_saas_validate.evidence.render_locks import lines
from pytest_saas_validate.evidence.render_python import OwnPackages, python_floor, read_python
from pytest_saas_validate.evidence.render_syntax import data_faults
from pytest_saas_validate.evidence.render_values import misread, values
from pytest_saas_validate.evidence.render_web import unresolved
from pytest_saas_validate.mutants import mutants
from pytest_saas_validate.project import File

CHECKS = {check.id: check for check in catalogue() if check.family == "TR"}
SENTRY = Feature("sentry", "sentry", ("sentry",))
QUEUE = Feature("use_queue", "use_queue", ("use_queue",))
INTEGRITY = "sha512-" + "a" * 86 + "=="
HASH = "--hash=sha256:" + "a" * 64


def tree(contents: dict[str, str]) -> dict[str, File]:
    """Files by name."""
    return {name: File(text.encode()) for name, text in contents.items()}


def places(check: str, *evidence: object) -> list[str]:
    """Where a check finds something."""
    return [finding.where for finding in CHECKS[check](*evidence)]


def rendered(files: dict[str, File], *off: Feature, empty: tuple[str, ...] = ()) -> Rendered:
    """A render that was asked for one option."""
    return Rendered(files, off, ("include_sentry",), empty)


# TR001


@pytest.mark.parametrize(
    "text",
    [
        "key: ${{ github.ref }} ${{ matrix.python }}",
        "summary: {{ $value | humanize }} on {{ $labels.instance }}",
        '{{ printf "%.2f" .Value }} {{ with query "up" }}{{ end }}',
        "<p>{{ title }}</p>",
        "for i in ${#names[@]}; do :; done",
        "a { width: 50%}",
        "see cookiecutter.json, from cookiecutter.main import cookiecutter",
        "{%# not ours",
    ],
)
def test_foreign_braces_are_no_leftover(text: str) -> None:
    assert places("TR001", rendered(tree({"notes.md": text}))) == []


@pytest.mark.parametrize(
    "text",
    [
        "# {{ cookiecutter.project_name }}",
        "# {{cookiecutter['project_name']|title}}",
        "{%- if cookiecutter.include_sentry == 'yes' %}",
        "{% endif %}",
        "{% raw %}",
        "{%- endraw -%}",
        "name: cookiecutter.project_slug",
        "the half of a condition -%}",
        "{# a note to nobody #}",
        "{{ include_sentry }}",
    ],
)
def test_remnants_are_leftover(text: str) -> None:
    assert places("TR001", rendered(tree({"notes.md": f"one\n{text}\n"}))) == ["notes.md:2"]


def test_names_hold_no_template_syntax() -> None:
    files = {"{% if cookiecutter.x == 'yes' %}a.md{% endif %}": File(b"# A\n"), "b.md": File(b"# B\n")}
    assert places("TR001", rendered(files)) == [next(iter(files))]


@pytest.mark.parametrize("name", ["mail.html.j2", "app/templates/mail.html", "look.ipynb"])
def test_templates_of_the_project_itself_keep_their_statements(name: str) -> None:
    assert places("TR001", rendered(tree({name: "{% if user %}{{ user }}{% endif %}\n"}))) == []
    assert places("TR001", rendered(tree({name: "{{ cookiecutter.x }}\n"}))) == [f"{name}:1"]


# TR002 and its parsers


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.yaml", "one: 1\ntwo: [1\n", 3),
        ("a.yaml", "one: 1\n---\ntwo: {a: 1, a: 2}\n", 3),
        ("a.yml", "on:\n  push: 1\non: 2\n", 3),
        ("a.json", '{"a": 1,\n "a": 2}', 2),
        ("a.json", '{"a": 1,}', 1),
        ("a.toml", "[a]\n[a]\n", 2),
        ("alembic.ini", "[alembic]\na = 1\na = 2\n", 3),
        (".editorconfig", "root = true\n[*]\nindent_size = 2\nindent_size = 4\n", 4),
        (".env.example", "GOOD=1\n# a comment\nBAD LINE\n", 3),
        ("logo.svg", "<svg>\n<g></svg>\n", 2),
        ("a.css", "a {\n  color: red\n  margin: 0;\n}\n", 1),
        ("a.css", "a {\n  color: red;\n", 1),
        ("a.sql", "SELECT 1;\nSELECT 'a;\n", 2),
        ("a.sql", "SELECT 1;\nGRANT a TO b\n", 2),
        ("a.sql", "CREATE TABLE a (\n  b int;\n", 1),
        ("a.html", "<div>\n<p>\n<b>x</p>\n</div>\n", 3),
        ("a.html", "<main>\n<div>x</main>\n", 2),
        ("Dockerfile", "FROM a\nCPOY a b\n", 2),
        ("Dockerfile", "# a\nRUN a\n", 2),
        ("web/nginx/a.conf", "server {\n  listen 80;\n", 1),
        ("web/nginx/a.conf", "server {\n  root /a\n  add_header a b;\n}\n", 2),
    ],
)
def test_data_that_does_not_parse_is_found(name: str, text: str, line: int) -> None:
    assert [fault.where for fault in data_faults({name: File(text.encode())})] == [f"{name}:{line}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "a: &x {b: 1}\nc:\n  <<: *x\n---\na: !Ref b\n"),
        ("tsconfig.json", '{\n  // a comment\n  "a": "http://x", /* b */ "c": [1,],\n}\n'),
        (".editorconfig", "root = true\n\n[*]\nindent_size = 2\n"),
        (".env", "export A=1\nB=\n\nC='d e'\n"),
        ("notes.unknown", "{{{"),
        ("a.css", "a { b: url(data:x;y{) }\n@media (a: b) { c::before { content: '}'; } }\n"),
        ("a.sql", "-- it's\nSELECT 'it''s', $$a'b$$;\nSELECT format('%I', :'a') \\gexec\n\\if :x\n\\endif\n"),
        ("a.html", "<!doctype html><html><body><p>a<p>b<br><img src=a></body></html>\n"),
        ("Dockerfile", "ARG A=1\nFROM a\nRUN b && \\\n    # why\n    c\nRUN <<END\nanything\nEND\n"),
        ("web/nginx/a.conf", "map $a $b {\n  default 'x{';\n}\nadd_header a\n  'b';\n"),
    ],
)
def test_data_that_parses_is_clean(name: str, text: str) -> None:
    assert list(data_faults({name: File(text.encode())})) == []


def test_every_reader_is_heard() -> None:
    heard = places(
        "TR002",
        Parsed((Fault("a.yaml:1", "x"),), (3, 11)),
        PythonModules((Fault("a.py:1", "x"),), {"b.py": (3, 12), "c.py": (3, 11)}, ()),
        Scripts((Fault("a.sh:1", "x"),)),
        WebModules((Fault("a.ts:1", "x"),), ()),
    )
    assert heard == ["a.yaml:1", "a.py:1", "a.sh:1", "a.ts:1", "b.py"]


def test_no_promise_of_a_python_version_means_any() -> None:
    python = PythonModules((), {"b.py": (3, 12)}, ())
    assert places("TR002", Parsed((), None), python, Scripts(()), WebModules((), ())) == []


def test_the_oldest_promised_python_counts() -> None:
    files = tree(
        {
            "pyproject.toml": '[project]\nrequires-python = ">=3.12"\n',
            "backend/pyproject.toml": '[tool.ruff]\ntarget-version = "py311"\n',
        },
    )
    assert python_floor(files) == (3, 11)
    assert python_floor({}) is None


def test_python_tells_what_it_needs() -> None:
    read = read_python(
        tree(
            {
                "old.py": "print(1)\n",
                "matching.py": "match 1:\n    case _: pass\n",
                "broken.py": "print(\n",
                "outside.py": "return 1\n",
            },
        )
    )
    assert read.needs == {"matching.py": (3, 10)}
    assert [fault.where for fault in read.faults] == ["broken.py:1", "outside.py:1"]


# TR003


@pytest.mark.parametrize(
    "text",
    ["set SENTRY_DSN", "import sentry_sdk", "initSentry()", "Sentry's events", "a sentryDsn", "pre-sentry"],
)
def test_words_of_a_feature_that_is_off_are_residue(text: str) -> None:
    assert places("TR003", rendered(tree({"a.md": f"one\n{text}\n"}), SENTRY)) == ["a.md:2"]


@pytest.mark.parametrize(
    "text", ["essentry", "send them entry by entry", "sha512-aaaaSentryaaaaaaaaaaaaaaaaaaa/+="]
)
def test_other_words_are_no_residue(text: str) -> None:
    assert places("TR003", rendered(tree({"a.md": text}), SENTRY)) == []


def test_paths_are_residue_too() -> None:
    files = tree({"deploy/sentry/values.txt": "a\n", "initSentry.py": "pass\n", "other.py": "pass\n"})
    assert places("TR003", rendered(files, SENTRY)) == ["deploy/sentry/values.txt", "initSentry.py"]


def test_a_default_word_is_a_whole_word_however_it_is_joined() -> None:
    files = tree({"a.md": "use-queue", "b.md": "Use Queue", "c.md": "use_queues", "d.md": "useful"})
    assert places("TR003", rendered(files, QUEUE)) == ["a.md:1", "b.md:1"]


def test_recorded_answers_are_spared() -> None:
    table = '[tool.pytest-saas-validate.answers]\ninclude_sentry = "no"\n\n[tool.other]\n'
    assert places("TR003", rendered(tree({"pyproject.toml": table}), SENTRY)) == []
    assert places("TR003", rendered(tree({"pyproject.toml": table + "sentry = 1\n"}), SENTRY)) == [
        "pyproject.toml:5"
    ]
    assert without_answers(".cruft.json", '{"include_sentry": "no"}') == ""


def test_nothing_is_residue_where_nothing_is_off() -> None:
    assert places("TR003", rendered(tree({"a.md": "sentry"}))) == []


# TR004, TR005, TR009, TR011


def shape(combo: str, answer: str, **digests: str) -> Shape:
    return Shape(
        combo, {"include_sentry": answer}, frozenset(), {k.replace("_", "."): v for k, v in digests.items()}
    )


ON, OFF = shape("sentry", "yes", a_py="1", b_py="1"), shape("bare", "no", a_py="2")


def effects(one: Shape = ON, other: Shape = OFF, **more: object) -> Effects:
    facts: dict[str, object] = {"inert": (), "removed": ("x",), "hooks": ("hooks/post_gen_project.py",)}
    facts |= {"prunes": True, "strays": (), **more}
    return Effects(pairs=(Pair("include_sentry", "sentry", one, other),), **facts)  # type: ignore[arg-type]


def test_options_with_effect_are_clean() -> None:
    assert places("TR004", effects()) == places("TR011", effects()) == []


def test_options_without_effect_are_found() -> None:
    same = shape("bare", "no", a_py="1", b_py="1")
    assert places("TR004", effects(other=same)) == ["cookiecutter.json: include_sentry"]
    assert places("TR004", effects(inert=("author",))) == ["cookiecutter.json: author"]


def test_a_switch_brings_files_and_only_when_on() -> None:
    assert places("TR011", effects(one=shape("sentry", "yes", a_py="1"))) == [
        "cookiecutter.json: include_sentry"
    ]
    assert places("TR011", effects(other=shape("bare", "no", a_py="1", c_py="1"))) == [
        "cookiecutter.json: include_sentry"
    ]


def test_a_hook_that_never_ran_is_found() -> None:
    assert places("TR011", effects(removed=())) == ["hooks/post_gen_project.py"]
    assert places("TR011", effects(removed=(), prunes=False)) == []
    assert places("TR011", effects(strays=(Fault("hooks/post_generate.py", "is never run"),))) == [
        "hooks/post_generate.py"
    ]


def test_bakes_that_differ_are_found() -> None:
    assert places("TR005", Rebaked(("bare",), (), ())) == []
    assert places("TR005", Rebaked(("bare",), (Fault("a:1", "differs"),), (Fault("b:1", "day"),))) == [
        "a:1",
        "b:1",
    ]


def test_hostile_answers_are_refused_or_rendered_rightly() -> None:
    right = ("name = nothing",), ("name = a yes",), (), (), ()
    assert places("TR009", Hostile(*right), HostileAlone(*right)) == []
    wrong = (), (), (Fault("a", "x"),), (Fault("b", "x"),), (Fault("c", "x"),)
    assert places("TR009", Hostile(*wrong), HostileAlone(*right)) == ["a", "b", "c"]
    assert places("TR009", Hostile(*right), HostileAlone(*wrong)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.yaml", "owner: Acme Notes\n", "owner: yes\n"),
        ("a.yaml", "a: {b: [Acme Notes]}\n", "a: {b: [123]}\n"),
        ("a.json", '{"a": "by Acme Notes"}', '{"a": "by Acm"}'),
        ("a.toml", 'a = "Acme Notes"\n', "a = 123\n"),
        ("a.py", 'A = "Acme Notes"\n', "A = 123\n"),
        ("a.html", "<title>Acme Notes</title>", "<title></title>"),
        ("a.html", '<p title="Acme Notes">x</p>', '<p title="">x</p>'),
    ],
)
def test_an_answer_that_changes_its_meaning_is_found(name: str, before: str, after: str) -> None:
    first, second = values(name, File(before.encode())), values(name, File(after.encode()))
    assert list(misread({"Acme Notes": frozenset({"yes"})}, first, second))


@pytest.mark.parametrize("word", ["123", "null", "1.0e+3"])
def test_a_slug_that_reads_as_something_else_is_found(word: str) -> None:
    first, second = (values("a.yaml", File(f"a: [{x}]\n".encode())) for x in ("notes", word))
    assert [place for place, _ in misread({}, first, second)] == ["[0].a[0]"]


def test_an_answer_that_keeps_its_meaning_is_clean() -> None:
    first, second = (
        values("a.html", File(f"<p>{x}</p>".encode())) for x in ("Acme Notes", "O&#39;Brien &amp; Sons")
    )
    assert list(misread({"Acme Notes": frozenset({"O'Brien & Sons"})}, first, second)) == []


# TR006, TR007, TR012


def test_secrets_are_reported_once() -> None:
    fault = Fault("a.py:1", "holds what looks like a secret")
    evidence = (SecretsInCode((fault,)), SecretsInData(()), SecretsInText((fault,)), Passwords(()))
    assert places("TR006", *evidence) == ["a.py:1"]
    assert places("TR006", SecretsInCode(()), SecretsInData(()), SecretsInText(()), Passwords(())) == []


def test_shebangs_and_modes_belong_together() -> None:
    files = {
        "good.sh": File(b"#!/bin/sh\n", True),
        "lost.sh": File(b"#!/bin/sh\n"),
        "odd.md": File(b"# Odd\n", True),
        "binary": File(b"\x7fELF\0", True),
    }
    assert places("TR007", rendered(files)) == ["lost.sh", "odd.md"]


@pytest.mark.parametrize(
    ("recipe", "found"),
    [
        ("sh scripts/plain.sh", False),
        ("PYTHON=x $(SHELL) scripts/plain.sh", False),
        ("./scripts/run.sh --now", False),
        ("scripts/plain.sh", True),
        ("@echo a && ./scripts/plain.sh", True),
        ("sh scripts/absent.sh", True),
        ("cd scripts && sh plain.sh", False),
        ("cd scripts && ./absent.sh", True),
        ("echo scripts/absent.sh", False),
    ],
)
def test_scripts_that_a_makefile_calls_can_be_called(recipe: str, found: bool) -> None:
    files = {
        "Makefile": File(f"all:\n\t{recipe}\n".encode()),
        "scripts/plain.sh": File(b"echo\n"),
        "scripts/run.sh": File(b"#!/bin/sh\n", True),
    }
    assert places("TR007", rendered(files)) == (["Makefile:2"] if found else [])


def test_scripts_that_a_workflow_calls_can_be_called() -> None:
    files = {".github/workflows/ci.yml": File(b"steps:\n  - run: ./scripts/absent.sh\n  - run: make all\n")}
    assert places("TR007", rendered(files)) == [".github/workflows/ci.yml:2"]


def test_empty_shells_are_found() -> None:
    files = {
        "__init__.py": File(b""),
        "blank.md": File(b" \n\n"),
        "dos.md": File(b"one\r\ntwo\r\n"),
        "mark.md": File(b"\xef\xbb\xbf# Mark\n"),
        "run.bat": File(b"echo\r\n"),
        "data.bin": File(b"\0\r\n"),
    }
    assert places("TR012", rendered(files)) == ["blank.md", "dos.md:1", "mark.md"]


def test_empty_folders_are_found_unless_commands_make_them() -> None:
    files = {".gitignore": File(b"/backups/\n")}
    assert places("TR012", rendered(files, empty=("backups", "docs"))) == ["docs/"]


# TR008

HOME = tree(
    {
        "README.md": "# Home\n\n## How to start\n",
        "docs/guide.md": "# Guide\n",
        "backend/app/main.py": "pass\n",
        ".gitignore": "/frontend/dist/\n*.log\n",
    },
)


@pytest.mark.parametrize(
    "line",
    [
        "[guide](guide.md) and [home](../README.md#how-to-start) and [root](/README.md)",
        "[site](https://example.org/x) [mail](mailto:a@example.org) ![pic](//x/y.png)",
        "[reference]: ../README.md",
        "`backend/app/main.py`, `app/main.py`, `backend/app/`, `backend/*/main.py`",
        "`frontend/dist/index.html` and `backend/run.log` are made later",
        "`GET /api/v1/todos.json`, `postgresql+asyncpg://a/b.sql`, `path/to/file.py`, `/etc/x/y.yml`",
        "`actions/checkout`, `text/plain`, `tests/FILE.py`",
        "```sh\nsh backend/app/main.py\n```",
        "`[not a link](absent.md)`",
    ],
)
def test_links_that_lead_somewhere_are_clean(line: str) -> None:
    files = {**HOME, "docs/page.md": File(f"# Page\n\n{line}\n".encode())}
    assert places("TR008", rendered(files)) == []


@pytest.mark.parametrize(
    "line",
    [
        "[guide](absent.md)",
        "[home](../README.md#absent)",
        "[self](#absent)",
        "[reference]: ../absent.md",
        "`backend/app/absent.py`",
        "`absent/module.py`",
        "`backend/absent`",
        "`docs/*.rst`",
    ],
)
def test_links_that_lead_nowhere_are_found(line: str) -> None:
    files = {**HOME, "docs/page.md": File(f"# Page\n\n{line}\n".encode())}
    assert places("TR008", rendered(files)) == ["docs/page.md:3"]


# TR010

LOCK = {
    "b/base.in": "one>=1\n",
    "b/base.txt": f"one==1.2 \\\n    {HASH}\ntwo==3 ; python_version < '3.14' \\\n    {HASH}\n",
}
PACKAGE = {"name": "x", "version": "1", "dependencies": {"lit": "3"}}
NPM = {
    "packages": {
        "": PACKAGE,
        "node_modules/lit": {"version": "3", "integrity": INTEGRITY, "dependencies": {"dep": "1"}},
        "node_modules/lit/node_modules/dep": {"version": "1", "integrity": INTEGRITY},
    }
}


def locks(changed: dict[str, str] | None = None, named: tuple[str, ...] = ()) -> list[str]:
    """What TR010 says of a healthy pair of files with some replaced."""
    return [f.message for f in CHECKS["TR010"](Locks({**LOCK, **(changed or {})}, named))]


def test_a_lock_in_step_is_clean() -> None:
    assert locks(named=("b/base.txt",)) == []
    assert [line.name for line in lines(LOCK["b/base.txt"])] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one==1.2\n", "one has no hash"),
        (f"one>=1.2 \\\n {HASH}\n", "'one>=1.2' is not pinned to one version"),
        (f"--index-url https://r.example/simple\none==1 {HASH}\n", "says where packages come from"),
        (f"one @ https://r.example/one.whl {HASH}\n", "says where packages come from"),
        (f"two==1 {HASH}\n", "does not lock one, which b/base.in asks for"),
        (f"one==0.9 {HASH}\n", "locks one 0.9, and b/base.in asks for >=1"),
        ("# nothing\n", "locks nothing"),
    ],
)
def test_a_lock_out_of_step_is_found(text: str, message: str) -> None:
    assert any(found.startswith(message) for found in locks({"b/base.txt": text}))


def test_locks_that_are_not_there_are_found() -> None:
    assert locks(named=("b/absent.txt",)) == ["the project's table names this lock, and it is not there"]
    assert locks({"b/dev.in": "one\n"}) == ["has no lock beside it"]


def test_locks_of_one_folder_agree() -> None:
    assert locks({"b/dev.in": "one\n", "b/dev.txt": f"one==1.3 {HASH}\n"}) == [
        "locks one 1.3, and b/base.txt 1.2"
    ]


def test_an_npm_lock_in_step_is_clean() -> None:
    assert locks({"f/package.json": json.dumps(PACKAGE), "f/package-lock.json": json.dumps(NPM)}) == []


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ("", {"dependencies": {"lit": "2"}}, "its dependencies differ from those of f/package.json"),
        ("node_modules/lit", {"resolved": "https://r.example/x"}, "node_modules/lit has a resolved address"),
        ("node_modules/lit", {"integrity": "sha512-abc"}, "node_modules/lit has an integrity that is"),
        ("node_modules/lit", {"integrity": ""}, "node_modules/lit has no integrity hash"),
        ("node_modules/lit", {"optionalDependencies": {"os": "1"}}, "os, a platform's native part"),
        ("node_modules/lit", {"dependencies": {"gone": "1"}}, "gone, a dependency of node_modules/lit"),
    ],
)
def test_an_npm_lock_out_of_step_is_found(path: str, change: dict[str, object], message: str) -> None:
    packages = {**NPM["packages"], path: {**NPM["packages"][path], **change}}
    found = locks(
        {
            "f/package.json": json.dumps(PACKAGE),
            "f/package-lock.json": json.dumps({"packages": packages}),
        },
    )
    assert [text.startswith(message) for text in found] == [True]


def test_an_npm_manifest_without_a_lock_is_found() -> None:
    assert locks({"f/package.json": json.dumps(PACKAGE)}) == [
        "has dependencies and no package-lock.json beside it"
    ]


# TR013


def test_python_imports_of_own_modules_lead_somewhere() -> None:
    read = read_python(
        tree(
            {
                "b/app/__init__.py": "",
                "b/app/main.py": "from app.core import one, LIMIT\nfrom . import core\nimport app.core, os\n",
                "b/app/core.py": "if True:\n    LIMIT: int = 1\n\n\ndef one(): ...\n",
                "b/app/lazy.py": "def __getattr__(name): ...\n",
                "b/tests/test_main.py": "from app.lazy import anything\nimport redis\n",
                "b/app/maybe.py": "try:\n    from app import fast\nexcept ImportError:\n    fast = None\n",
            },
        )
    )
    assert read.unresolved == ()


@pytest.mark.parametrize(
    "text",
    ["import app.gone\n", "from app.gone import x\n", "from .gone import x\n", "from app.core import gone\n"],
)
def test_python_imports_that_lead_nowhere_are_found(text: str) -> None:
    files = tree({"app/__init__.py": "", "app/core.py": "ONE = 1\n", "app/main.py": f"def f():\n    {text}"})
    assert [fault.where for fault in read_python(files).unresolved] == ["app/main.py:2"]


def test_what_is_only_unwise_is_read_without_a_word() -> None:
    """Here a warning is an error, as it may be where the battery runs."""
    files = tree({"app/__init__.py": "", "app/core.py": "ONE = '\\s'\n"})
    assert OwnPackages(files).problem("app.core", "ONE") == ""
    assert values("app/core.py", files["app/core.py"])


def test_web_imports_of_own_modules_lead_somewhere() -> None:
    files = tree(
        {
            "f/index.html": '<script type="module" src="/src/main.ts"></script><link href="https://x/y.css">'
            '<link rel="icon" href="/icon.svg">',
            "f/public/icon.svg": "<svg/>",
            "f/src/main.ts": 'import { a } from "./a.js";\nimport "lit";\nimport x from "./page.css?raw";\n',
            "f/src/a.ts": 'export const a = await import("./b");\n',
            "f/src/b/index.ts": "export {};\n",
            "f/src/page.css": "",
        },
    )
    assert list(unresolved(files)) == []


@pytest.mark.parametrize(
    "text", ['import { a } from "./gone.js";', 'export * from "../gone";', 'await import("./gone");']
)
def test_web_imports_that_lead_nowhere_are_found(text: str) -> None:
    assert [fault.where for fault in unresolved(tree({"f/src/main.ts": f"\n{text}\n"}))] == [
        "f/src/main.ts:2"
    ]


def test_a_page_without_its_script_is_found() -> None:
    files = tree({"f/index.html": '<script src="/src/gone.ts"></script>'})
    assert [fault.where for fault in unresolved(files)] == ["f/index.html:1"]


def test_both_kinds_of_imports_are_heard() -> None:
    python = PythonModules((), {}, (Fault("a.py:1", "x"),))
    assert places("TR013", python, WebModules((), (Fault("a.ts:1", "x"),))) == ["a.py:1", "a.ts:1"]


# Facts about the family


def test_every_check_has_mutants_that_it_must_find() -> None:
    planted = [m for m in mutants() if m.id.startswith("TR")]
    assert {check for m in planted for check in m.fires} == set(CHECKS)
    assert len(planted) >= 2 * len(CHECKS)


def test_every_rule_says_what_it_looks_at() -> None:
    assert all(check.rule.__doc__ and check.remedy for check in CHECKS.values())


def test_evidence_travels_between_processes() -> None:
    evidence = (rendered(HOME, SENTRY), effects(), read_python(HOME), Locks(LOCK, ()))
    assert pickle.loads(pickle.dumps(evidence)) == evidence
