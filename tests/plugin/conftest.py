"""Programs of others as a test wants them, and a run of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_saas_validate.plan.judgements import Judgements
from pytest_saas_validate.process import Workspace, marker

Fake = Callable[[str, Mapping[str, str]], None]


@pytest.fixture(autouse=True)
def _nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may run with parts replaced: it takes nothing from other runs, and leaves nothing to them."""
    own = tmp_path / "known"
    monkeypatch.setattr("pytest_saas_validate.session.Judgements", lambda _, say: Judgements(own, say))


@pytest.fixture(autouse=True)
def _no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test begins outside of any run, and one that it leaves open is nobody else's."""
    monkeypatch.setattr(marker, "_current", [])


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder where programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def fake(path: Path) -> Fake:
    """Make a program that notes how it is called, and does what the first pattern says that fits."""

    def make(name: str, answers: Mapping[str, str]) -> None:
        # A space ends a pattern of the shell's `case`; a question mark fits it.
        cases = "\n".join(f"{pattern.replace(' ', '?')}) {does} ;;" for pattern, does in answers.items())
        note = f'echo "{name} $*" >> {path / "calls"}'
        (path / name).write_text(f'#!/bin/sh\n{note}\ncase "$*" in\n{cases}\nesac\n')
        (path / name).chmod(0o755)

    return make


@pytest.fixture
def calls(path: Path) -> Callable[[], list[str]]:
    file = path / "calls"
    return lambda: file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def forgetful(pytester: pytest.Pytester) -> Path:
    """A template with a switch, one word of which stays where it is off: NOTES.md, the template's line 3."""
    pytester.makefile(".toml", pyproject='[tool.pytest-saas-validate]\ntemplate = "template"\n')
    template = pytester.mkdir("template")
    (template / "cookiecutter.json").write_text('{"slug": "tiny", "include_maps": ["yes", "no"]}')
    project = template / "{{cookiecutter.slug}}"
    project.mkdir()
    switch = "{% if cookiecutter.include_maps == 'yes' %}"
    (project / "README.md").write_text(f"Tiny.\n{switch}\nIt draws maps.\n{{% endif %}}\n")
    (project / "NOTES.md").write_text(f"{switch}Yes.\n{{% endif -%}}\nDraws maps.\n")
    return template


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    file.touch()
    return file


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace.create("7", root=tmp_path / "cache")
    yield made
    made.close()
