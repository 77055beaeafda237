"""Answers to free texts: a template that computes a default of nothing can be judged all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.plan.renders import Bakery
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.settings import Settings, Switches, read_settings
from pytest_saas_validate.spec import SpecError

VARIABLES = '{"name": "notes", "of": "{{ cookiecutter.of }}", "include_extra": ["no", "yes"]}'


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template that its maker renders with an answer of their own."""
    root = tmp_path / "template"
    (root / "{{cookiecutter.name}}").mkdir(parents=True)
    (root / "cookiecutter.json").write_text(VARIABLES)
    (root / "{{cookiecutter.name}}/of.txt").write_text("{{ cookiecutter.of }}\n")
    return root


def settings(template: Path, *answers: str) -> Settings:
    return read_settings(template, Switches(path=str(template), combos="default", answers=answers))


def rendered(template: Path, folder: Path, *answers: str) -> str:
    """The text that a bake with these answers holds."""
    workspace = Workspace.create(root=folder)
    try:
        bakery = Bakery(settings(template, *answers), workspace, template)
        first, second = bakery.project(bakery.combos[0]), bakery.again(bakery.combos[0], name="others")
        assert first.files["of.txt"] == second.files["of.txt"]
        return first.files["of.txt"].text or ""
    finally:
        workspace.close()


def test_an_answer_reaches_every_render(template: Path, tmp_path: Path) -> None:
    assert rendered(template, tmp_path / "one", "of=a=b") == "a=b\n"
    (template / "pyproject.toml").write_text('[tool.pytest-saas-validate.answers]\nof = "table"\n')
    assert rendered(template, tmp_path / "two") == "table\n"
    assert rendered(template, tmp_path / "three", "of=switch") == "switch\n"


def test_without_it_the_variable_is_named(template: Path, tmp_path: Path) -> None:
    with pytest.raises(BakeError, match="'of'"):
        rendered(template, tmp_path / "one")


def test_another_answer_is_another_template(template: Path, tmp_path: Path) -> None:
    workspace = Workspace.create(root=tmp_path / "cache")
    digests = {Bakery(settings(template, f"of={x}"), workspace, template).digest for x in "aab"}
    workspace.close()
    assert len(digests) == 2


@pytest.mark.parametrize(("answer", "words"), [("of", "NAME=VALUE"), ("include_extra=yes", "--combos")])
def test_what_is_no_answer_to_a_free_text_is_refused(template: Path, answer: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        settings(template, answer)
