"""A template with two switches, and runs of it that share a cache."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.plan.ahead import STATIC
from pytest_saas_validate.plan.judgements import Judgements
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.settings import Switches, read_settings

ROOT = "{{cookiecutter.slug}}"
FILES = {
    f"{ROOT}/README.md": "# {{ cookiecutter.slug }}\n"
    "{% if cookiecutter.include_jobs == 'yes' %}Jobs.\n{% endif %}",
    f"{ROOT}/app.py": "import json\n\nprint(json)\n",
    f"{ROOT}/run.sh": "#!/bin/sh\necho run\n",
    f"{ROOT}/{{% if cookiecutter.include_jobs == 'yes' %}}jobs.py{{% endif %}}": "print('jobs')\n",
    f"{ROOT}/{{% if cookiecutter.include_mail == 'yes' %}}mail.py{{% endif %}}": "print('mail')\n",
}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    variables = {"slug": "shop", "include_jobs": ["yes", "no"], "include_mail": ["yes", "no"]}
    (folder / "cookiecutter.json").write_text(json.dumps(variables))
    return folder


@pytest.fixture
def run(template: Path, tmp_path: Path) -> Callable[..., Any]:
    """A new run: every static verdict, and the plan that made them."""

    @contextmanager
    def start(only: str = "TR", *, kept: bool = True) -> Iterator[Plan]:
        settings = read_settings(template, Switches(path=str(template), only=only))
        judgements = Judgements(tmp_path / "judged", print) if kept else None
        workspace = cache(
            lambda: Workspace.create(root=tmp_path / "cache")
        )  # made when asked for, as in a run
        yield Plan(settings, workspace, lambda name, _: None, judgements=judgements, whole=True)
        if workspace.cache_info().currsize:
            workspace().close()

    def verdicts(only: str = "TR", *, kept: bool = True) -> tuple[list[Any], Plan]:
        with start(only, kept=kept) as plan:
            return [plan.verdict(c) for c in plan.applicable() if c.check.subject in STATIC], plan

    return verdicts


@pytest.fixture
def bakes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The combination of every bake from now on."""
    seen: list[str] = []
    plain = Oven.bake

    def bake(self: Oven, combo: Any, *rest: Any, **named: Any) -> Any:
        seen.append(combo.id)
        return plain(self, combo, *rest, **named)

    monkeypatch.setattr(Oven, "bake", bake)
    return seen


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words of every program that is started from now on."""
    seen: list[str] = []
    plain = subprocess.Popen

    def start(words: Any, *rest: Any, **named: Any) -> Any:
        seen.append(" ".join(map(str, words)))
        return plain(words, *rest, **named)

    monkeypatch.setattr(subprocess, "Popen", start)
    return seen


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file that this process may not enter, as one of another user."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "judged.sqlite3").touch()
    folder.chmod(0)
    before = os.geteuid()
    if before == 0:  # whom no mode keeps out
        os.seteuid(65534)
    yield folder
    os.seteuid(before)
    folder.chmod(0o700)
