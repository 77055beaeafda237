"""The template in its own containers: judged, torn down, killed in the middle, and broken on purpose."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.engines import ENGINES
from pytest_saas_validate.engines.compose import ComposeEngine
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.settings import Switches, read_settings

ROOT = Path(__file__).parent.parent.parent
COMBOS = os.environ.get("SAAS_E2E_COMBOS", "pairwise")
SETTINGS = read_settings(ROOT, Switches(combos="all"))
FULLEST = max(SETTINGS.combos, key=lambda combo: len(combo.features))
Holdings = Mapping[str, frozenset[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]
BOTH = ("--engine", "local", "--engine", "compose", "--require", "compose")


@pytest.fixture(scope="module", autouse=True)
def _needs_docker() -> None:
    missing = ComposeEngine().missing
    if missing:
        pytest.fail(f"make e2e needs Docker: {missing}", pytrace=False)


@pytest.fixture(scope="module")
def report(
    tmp_path_factory: pytest.TempPathFactory, validate: Command, everything: Callable[[], Holdings]
) -> dict[str, Any]:
    """What the command says of both engines; nothing may be left in Docker afterwards."""
    before = everything()
    folder = tmp_path_factory.mktemp("e2e")
    file = folder / "verdicts.json"
    logs = folder / "logs"
    ended = validate(
        "run", "template", "--combos", COMBOS, *BOTH, "--json", str(file), "--artifacts", str(logs)
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert everything() == before
    assert any("compose" in log.name and "database" in log.read_text() for log in logs.iterdir())
    found: dict[str, Any] = json.loads(file.read_text())
    print(f"\n{COMBOS}: {found.get('seconds', 0):.0f} s")
    return found


def test_both_engines_are_judged_by_the_same_checks(report: Mapping[str, Any]) -> None:
    judged = {(v["check"], v["engine"]) for v in report["verdicts"] if v["outcome"] == "ok"}
    stack = [check for check in catalogue() if check.subject is Subject.STACK]
    for check in stack:
        where = [name for name in ("local", "compose") if not check.trait or check.trait in ENGINES[name]]
        if all(feature in FULLEST.features for feature in check.needs) and not check.absent:
            assert {(check.id, name) for name in where} <= judged


def test_drift_is_judged(report: Mapping[str, Any]) -> None:
    drift = [v for v in report["verdicts"] if v["check"] == "SH039"]
    assert drift
    assert {v["outcome"] for v in drift} == {"ok"}


def test_a_killed_run_is_cleared_away_by_the_next(
    validate: Command, everything: Callable[[], Holdings]
) -> None:
    """SIGKILL for the whole group while containers run."""
    before = everything()
    words = ["-m", "pytest_saas_validate", "run", "template", "--combos", "bare", "--only", "SH", *BOTH[2:]]
    run = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 240
    while len(everything()["containers"] - before["containers"]) < 4:
        assert run.poll() is None, "the run ended before it had containers"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert everything() != before
    assert validate("run", "template", "--combos", "bare", "--only", "TR001").returncode == 0
    assert everything() == before


def test_planted_defects_are_found(
    tmp_path: Path, validate: Command, everything: Callable[[], Holdings]
) -> None:
    """Every defect of containers and of the front, each by what it declares, and by nothing else."""
    file = tmp_path / "kills.json"
    before = everything()
    chosen = "ST0 or SH039 or front"
    ended = validate(
        "prove", "template", "--only", "SH,ST", *BOTH, "--json", str(file), "--", "-k", chosen, "-q"
    )
    kills = json.loads(file.read_text())
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert kills["planted"] == kills["killed"] >= 15
    assert everything() == before


def test_the_commands_of_the_readme_work_as_they_stand(
    tmp_path: Path, everything: Callable[[], Holdings]
) -> None:
    """Fenced as `sh compose`: they need Docker, and nothing else of the project is installed."""
    project = Oven(template=SETTINGS.source, home=tmp_path / "home").bake(FULLEST, tmp_path / "bake", {}).root
    blocks = re.findall(r"```sh compose\n(.*?)```", (project / "README.md").read_text(), re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert any("db-backup.sh" in command for command in commands)
    before = everything()
    environment = {**os.environ, "COMPOSE_PROJECT_NAME": f"saas-readme-{os.getpid()}"}
    try:
        for command in commands:
            ended = subprocess.run(
                ["sh", "-c", command],
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, f"{command}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    finally:
        down = "docker compose --profile tools down --volumes --rmi local --remove-orphans"
        subprocess.run(shlex.split(down), cwd=project, env=environment, check=True, capture_output=True)
        name = environment["COMPOSE_PROJECT_NAME"]
        listed = ["docker", "image", "ls", "--quiet", f"{name}-*"]
        left = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
        if left:
            subprocess.run(["docker", "image", "rm", *left], capture_output=True, check=True)
    assert everything() == before
