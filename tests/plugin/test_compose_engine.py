"""The engine compose, as far as it can be seen without Docker."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from testcontainers.compose import ComposeContainer

import pytest_saas_validate.checks
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import ENGINES, BootError
from pytest_saas_validate.engines.compose import ComposeEngine
from pytest_saas_validate.engines.compose.override import Override
from pytest_saas_validate.engines.compose.readiness import _lacks, one_shots
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.project import File, Project

COMPOSE = """\
services:
  api: {build: backend, volumes: ["./config:/config:ro", "data:/data"]}
  jobs: {build: {context: ./jobs}, depends_on: {api: {condition: service_completed_successfully}}}
configs: {site: {file: ./site.conf}}
"""
TABLE = '[tool.pytest-saas-validate.compose]\nfiles = ["compose.yml"]\n'


def project(**changes: str) -> Project:
    texts = {
        "pyproject.toml": TABLE,
        "compose.yml": COMPOSE,
        "backend/main.py": "1",
        "config/a": "1",
        "jobs/run.py": "1",
        "site.conf": "1",
        "docs/page.md": "1",
    }
    files = {name: File(text.encode()) for name, text in {**texts, **changes}.items()}
    return Project(root=Path("/p"), combo=Combo("x", (), frozenset()), files=files)


@pytest.mark.parametrize("path", ["compose.yml", "backend/main.py", "config/a", "jobs/run.py", "site.conf"])
def test_a_stack_is_another_when_what_it_is_made_of_changes(path: str) -> None:
    engine = ComposeEngine()
    assert engine.digest(project(**{path: COMPOSE + "# changed\n"})) != engine.digest(project())


def test_a_stack_is_the_same_when_a_document_changes() -> None:
    engine = ComposeEngine()
    assert engine.digest(project(**{"docs/page.md": "2"})) == engine.digest(project())


def test_without_docker_the_reason_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "docker is not on PATH" in ComposeEngine().unavailable(project())


def test_a_docker_that_does_not_answer_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "does not answer (Cannot connect to the Docker daemon)" in ComposeEngine().missing


def test_an_old_compose_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\n[ $1 = compose ] && echo 2.23.3 || echo 28\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "2.23.3; version 2.24 or newer is needed" in ComposeEngine().missing


def test_a_project_without_the_table_is_a_reason() -> None:
    assert "has no table" in ComposeEngine().unavailable(project(**{"pyproject.toml": ""}))


def override() -> dict[str, Any]:
    config = {
        "services": {
            "api": {"build": {"context": "/p/backend"}, "ports": [{"target": 8000}]},
            "db": {"image": "postgres:18", "ports": [{"target": 5432}]},
        },
        "networks": {"default": {}},
        "volumes": {"data": {}},
    }
    guest = Guest(name="issuer", image="i", command=("python", "x"), files={"/x": "price: $5 ${HOME}"})
    text = Override(
        project="saas-1",
        run="r",
        config=config,
        images={"api": "own:1"},
        ports={"api": 8000},
        guests=(guest,),
    ).text()
    assert "!override" in text

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))
    found: dict[str, Any] = yaml.load(text, Loader)
    return found


def test_the_override_publishes_what_is_asked_on_loopback_and_nothing_else() -> None:
    services = override()["services"]
    assert services["api"]["ports"] == ["127.0.0.1::8000"]
    assert services["db"]["ports"] == []


def test_everything_in_a_stack_carries_its_label() -> None:
    found = override()
    labels = {"pytest-saas-validate.stack": "saas-1"}
    parts = [*found["services"].values(), found["networks"]["default"], found["volumes"]["data"]]
    assert [part["labels"] for part in parts] == [labels] * len(parts)
    assert found["services"]["api"]["build"]["labels"] == {"pytest-saas-validate.run": "r"}


def test_nothing_in_a_file_of_ours_is_interpolated() -> None:
    found = override()
    (content,) = found["configs"].values()
    assert content["content"] == "price: $$5 $${HOME}"
    assert found["services"]["saas-issuer"]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize(
    ("state", "health", "code", "job", "ready"),
    [
        ("running", "healthy", 0, False, True),
        ("running", "", 0, False, True),
        ("running", "starting", 0, False, False),
        ("running", "unhealthy", 0, False, False),
        ("created", "", 0, False, False),
        ("exited", "", 0, True, True),
        ("running", "", 0, True, False),
    ],
)
def test_when_a_service_is_ready(state: str, health: str, code: int, job: bool, ready: bool) -> None:
    found = ComposeContainer(Service="api", State=state, Health=health, ExitCode=code)
    assert (_lacks(found, job) == "") is ready


@pytest.mark.parametrize(
    ("state", "code", "job"), [("exited", 0, False), ("exited", 1, True), ("dead", 1, False)]
)
def test_a_dead_service_ends_the_wait(state: str, code: int, job: bool) -> None:
    with pytest.raises(BootError, match="service api ended with code"):
        _lacks(ComposeContainer(Service="api", State=state, ExitCode=code), job)


def test_one_shot_services_are_those_that_others_wait_for_to_end() -> None:
    assert one_shots(yaml.safe_load(COMPOSE)) == {"api"}


def test_no_check_knows_an_engine() -> None:
    """Neither by import nor by name."""
    for file in Path(pytest_saas_validate.checks.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.Constant) and node.value in ENGINES), file
            assert not (isinstance(node, ast.ImportFrom) and "engines" in (node.module or "")), file
