"""Defects of a render's files: remnants, syntax, residue, modes, secrets, shells."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_saas_validate.evidence.render_python import python_floor
from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.probes.render_scripts import shell_of
from pytest_saas_validate.probes.render_secrets import fake_key
from pytest_saas_validate.project import File
from pytest_saas_validate.tools import find


def first(edit: Edit, fits: Callable[[str, File], bool], path: str, text: str) -> str:
    """The first file that fits and that no command of the project's table reads; else a new one."""
    spec = edit.spec
    alerts = spec.alerts
    used = {*alerts.rules, *alerts.tests, alerts.config} if alerts else set()
    folders = [spec.backend.path] if spec.backend else []
    folders += list(spec.backup.inputs) if spec.backup else []

    def free(name: str, file: File) -> bool:
        inside = any(name.startswith(folder.rstrip("/") + "/") for folder in folders)
        return name not in used and not inside and fits(name, file)

    return edit.there(free, path, text)


def document(edit: Edit) -> str:
    """A Markdown file."""
    return first(
        edit, lambda name, file: name.endswith(".md") and bool(file.text), "PLANTED.md", "# Planted\n"
    )


@mutant("TR001-placeholder", "a placeholder survives in a document", fires="TR001", at="project")
def placeholder(edit: Edit) -> None:
    """As a copy-without-render rule that is too wide leaves it."""
    edit.write("LEFTOVER.md", "# Welcome to {{ cookiecutter.project_name }}\n")


@mutant("TR001-raw", "the end of a raw block survives", fires="TR001", at="project")
def raw(edit: Edit) -> None:
    """As two nested raw blocks leave it."""
    name = document(edit)
    edit.write(name, edit.text(name) + "\n{% endraw %}\n")


@mutant("TR001-name", "a file keeps its conditional name", fires="TR001", at="project")
def conditional_name(edit: Edit) -> None:
    """As a pipe or a double quote in the condition leaves it on some systems."""
    edit.write("{% if cookiecutter.extra == 'yes' %}EXTRA.md{% endif %}", "# Extra\n")


@mutant("TR002-yaml", "a YAML file is cut short in a string", fires="TR002", at="project")
def yaml_broken(edit: Edit) -> None:
    """A quote is never closed."""
    name = first(edit, lambda name, file: name.endswith((".yml", ".yaml")), "planted.yaml", "key: 1\n")
    edit.write(name, edit.text(name) + '\n"planted: 1\n')


@mutant("TR002-yaml-key", "a YAML mapping has a key twice", fires="TR002", at="project")
def yaml_key(edit: Edit) -> None:
    """The last one wins without a word."""
    keyed = lambda name, file: bool(name.endswith((".yml", ".yaml")) and _key(file))  # noqa: E731
    name = first(edit, keyed, "planted.yaml", "key: 1\n")
    edit.write(name, f"{edit.text(name).rstrip()}\n{_key(edit.files[name])}: planted\n")


def _key(file: File) -> str:
    """A top-level key of a file that is one mapping."""
    text = file.text or ""
    keys = re.findall(r"^([A-Za-z]\w*):", text, re.M)
    return keys[0] if keys and not re.search(r"^---\s*$(?!\A)", text, re.M) else ""


@mutant("TR002-yaml-second", "the second document of a YAML file is broken", fires="TR002", at="project")
def yaml_second(edit: Edit) -> None:
    """A reader of the first document only does not see it."""
    edit.write("planted.yaml", "kind: one\n---\nkind: [two\n")


@mutant("TR002-json-key", "a JSON object has a key twice", fires="TR002", at="project")
def json_key(edit: Edit) -> None:
    """The last one wins without a word."""
    edit.write("planted.json", '{"strict": true, "paths": {}, "strict": false}\n')


@mutant("TR002-toml", "a TOML table is there twice", fires="TR002", at="project")
def toml_table(edit: Edit) -> None:
    """As two conditional blocks with the same header make it."""
    edit.write("planted.toml", "[tool.one]\nkey = 1\n\n[tool.one]\nkey = 2\n")


@mutant("TR002-python", "a Python file lost a parenthesis", fires="TR002", at="project")
def python_broken(edit: Edit) -> None:
    """As a conditional line inside a call does it."""
    edit.write("planted.py", "print(\n    1,\n")


@mutant(
    "TR002-grammar", "a Python file is newer than the oldest promised version", fires="TR002", at="project"
)
def python_newer(edit: Edit) -> None:
    """Type aliases came with 3.12; a project that promises nothing older takes no harm."""
    promised = python_floor(edit.files)
    if promised is None or promised >= (3, 12):
        raise NotPlantable("no version of Python is promised that is older than 3.12")
    edit.write("planted.py", "type Planted = int\n")


@mutant("TR002-shell", "a script lost the end of a condition", fires="TR002", also={"TR027"}, at="project")
def shell_broken(edit: Edit) -> None:
    """`fi` went with a conditional line."""
    edit.write("planted.sh", "#!/bin/sh\nset -eu\nif true; then\n    echo planted\n", executable=True)


@mutant("TR002-bash", "a script closes what it never opened", fires="TR002", also={"TR027"}, at="project")
def bash_broken(edit: Edit) -> None:
    """A parenthesis too many."""
    edit.write("planted.bash", "#!/usr/bin/env bash\nvalues=(one two))\n", executable=True)


@mutant("TR002-make", "a Makefile's recipe begins with spaces", fires="TR002", at="project")
def make_broken(edit: Edit) -> None:
    """As an editor that expands tabs leaves it."""
    edit.write("planted/Makefile", "all:\n    echo planted\n")


@mutant("TR002-typescript", "a TypeScript module lost a brace", fires="TR002", at="project")
def typescript_broken(edit: Edit) -> None:
    """As a conditional block at the end of a class does it."""
    if not find("node").path:
        raise NotPlantable("node is not here")
    edit.write("planted.ts", "export class Planted {\n  one(): number {\n    return 1;\n  }\n")


@mutant("TR002-style", "a style sheet lost a brace", fires="TR002", at="project")
def style_broken(edit: Edit) -> None:
    """Everything after it is part of the rule."""
    edit.write("planted.css", "a {\n  color: red;\n\nb {\n  color: blue;\n}\n")


@mutant("TR002-sql", "a statement of SQL never ends", fires="TR002", at="project")
def sql_broken(edit: Edit) -> None:
    """A quote too many."""
    edit.write("planted.sql", "SELECT 1;\nSELECT 'planted;\n")


@mutant("TR002-page", "a page closes elements in the wrong order", fires="TR002", at="project")
def page_broken(edit: Edit) -> None:
    """As a conditional element leaves it."""
    edit.write("planted.html", "<!doctype html>\n<main>\n<div>planted</main>\n")


@mutant("TR002-image", "an image has a wrong instruction", fires="TR002", also={"TR026"}, at="project")
def image_broken(edit: Edit) -> None:
    """As a lost line continuation leaves it."""
    edit.write("planted/Dockerfile", "FROM scratch\nRUN one\n    two\n")


@mutant("TR006-key", "a private key is in the render", fires="TR006", at="project")
def secret(edit: Edit) -> None:
    """It opens nothing, and has the shape of one that does."""
    if not find("gitleaks").path:
        raise NotPlantable("gitleaks is not here")
    edit.write("planted.txt", fake_key())


@mutant("TR007-shebang", "a script lost its executable bit", fires="TR007", at="project")
def not_executable(edit: Edit) -> None:
    """As a copy through an archive or a foreign file system does it."""
    name = next((n for n, f in edit.files.items() if f.executable and shell_of(n, f)), None)
    if name is None:
        edit.write("planted.sh", "#!/bin/sh\nexit 0\n", executable=False)
    else:
        edit.write(name, edit.text(name), executable=False)


@mutant("TR007-executable", "a document is executable", fires="TR007", at="project")
def executable_document(edit: Edit) -> None:
    """As a copy from a foreign file system does it."""
    name = document(edit)
    edit.write(name, edit.text(name), executable=True)


@mutant("TR007-direct", "a Makefile calls a script that cannot be called", fires="TR007", at="project")
def called_directly(edit: Edit) -> None:
    """Without an interpreter and without the bit."""
    edit.write("planted/run.sh", "echo planted\n")
    edit.write("planted/Makefile", "all:\n\t@echo start && ./run.sh --now\n")


@mutant("TR007-missing", "a Makefile calls a script that is not there", fires="TR007", at="project")
def called_missing(edit: Edit) -> None:
    """It went with a switch, the target stayed."""
    edit.write("planted/Makefile", "all:\n\tsh scripts/absent.sh\n")


@mutant("TR012-blank", "a file holds white space only", fires="TR012", at="project")
def blank(edit: Edit) -> None:
    """All of its content depended on a switch, and its name did not."""
    edit.write("planted.txt", "\n\n  \n")


@mutant("TR012-endings", "a document has foreign line endings", fires="TR012", at="project")
def foreign_endings(edit: Edit) -> None:
    """As an editor of another system leaves it."""
    name = document(edit)
    edit.files[name] = File(edit.files[name].content.replace(b"\n", b"\r\n"))


@mutant("TR012-mark", "a file begins with a byte order mark", fires="TR012", at="project")
def byte_order_mark(edit: Edit) -> None:
    """As an editor of another system leaves it."""
    name = document(edit)
    edit.files[name] = File(b"\xef\xbb\xbf" + edit.files[name].content)
