"""Defects of answers that are taken in part, or as they come, and of a template's own repository."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pytest_saas_validate.evidence.render_partial import distinctive
from pytest_saas_validate.mutants import NotPlantable, mutant
from pytest_saas_validate.mutants.render_template import append, document, inside
from pytest_saas_validate.probes.render_variables import Text, texts
from pytest_saas_validate.process import run
from pytest_saas_validate.tools import unsteered


def _telling(template: Path) -> Text:
    """A free text whose default stands nowhere by chance."""
    for text in texts(template):
        if distinctive(text.default) and not text.derived:
            return text
    raise NotPlantable("no free text has a default that stands nowhere by chance")


@mutant("TR018-document", "a document names the default of an answer", fires="TR018", at="template")
def written_out(template: Path) -> None:
    """Its heading asks for the answer."""
    text = _telling(template)
    words = f"# {{{{ cookiecutter.{text.name} }}}}\n\nAsk {text.default} for more.\n"
    (inside(template) / "PLANTED.md").write_text(words, encoding="utf-8")


@mutant("TR018-value", "a configuration holds the default of an answer", fires="TR018", at="template")
def configured(template: Path) -> None:
    """One of two lines."""
    text = _telling(template)
    words = f"one: {{{{ cookiecutter.{text.name} | tojson }}}}\nother: {json.dumps(text.default)}\n"
    (inside(template) / "planted.yaml").write_text(words, encoding="utf-8")


@mutant("TR018-path", "a file is named after the default of an answer", fires="TR018", at="template")
def named(template: Path) -> None:
    """Its text asks for the answer."""
    text = _telling(template)
    words = f"# {{{{ cookiecutter.{text.name} }}}}\n"
    (inside(template) / f"{text.default.rstrip('.')[:60]}.md").write_text(words, encoding="utf-8")


def _variable(template: Path, name: str, default: str) -> None:
    path = template / "cookiecutter.json"
    variables = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**variables, name: default}, indent=2), encoding="utf-8")


@mutant("TR019-file", "a file depends on free text that is yes or no", fires="TR019", at="template")
def switch(template: Path) -> None:
    """Only one letter switches it on."""
    _variable(template, "planted_switch", "n")
    name = "{% if cookiecutter.planted_switch == 'y' %}PLANTED.md{% endif %}"
    (inside(template) / name).write_text("# Planted\n", encoding="utf-8")


@mutant("TR019-passage", "a passage depends on free text that is true", fires="TR019", at="template")
def flag(template: Path) -> None:
    """Any other word switches it off."""
    _variable(template, "planted_flag", "True")
    append(document(template), "{% if cookiecutter.planted_flag == 'True' %}Planted.{% endif %}")


def _repository(template: Path) -> Path:
    """A file in the project's folder of a repository that knows nothing of it yet."""
    if shutil.which("git") is None:
        raise NotPlantable("git is not here")
    run(["git", "init", "--quiet", "."], cwd=template, env=unsteered("git"))
    path = inside(template) / "planted-lib" / "there.txt"
    path.parent.mkdir()
    path.write_text("there\n", encoding="utf-8")
    return template


@mutant("TR023-pattern", "the template's repository ignores a file of it", fires="TR023", at="template")
def ignored(template: Path) -> None:
    """A pattern without a slash before it."""
    path = _repository(template) / ".gitignore"
    words = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.write_text(f"{words}\nplanted-lib/\n", encoding="utf-8")


@mutant("TR023-private", "a rule of one clone hides a file of the template", fires="TR023", at="template")
def ignored_here(template: Path) -> None:
    """No file shows it."""
    path = _repository(template) / ".git" / "info" / "exclude"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("planted-lib/\n", encoding="utf-8")
