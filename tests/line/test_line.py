"""The whole line: one template judged in every way that it can be judged, with equal verdicts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.mutants import mutants
from pytest_saas_validate.settings import Switches, read_settings

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SETTINGS = read_settings(ROOT, Switches(combos="all"))
BATTERY = ("--pyargs", "pytest_saas_validate.battery", "-q", "-p", "no:cacheprovider")

Verdicts = Mapping[tuple[str, ...], str]


def run(folder: Path, *words: str, expected: int = 0) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == expected, ended.stdout[-4000:] + ended.stderr[-2000:]


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


def verdicts(report: Mapping[str, Any]) -> Verdicts:
    """(answers, engine, check) -> outcome and findings."""
    return {
        (json.dumps(v["answers"], sort_keys=True), str(v["engine"]), v["check"]): json.dumps(
            [v["outcome"], [(f["where"], f["message"]) for f in v["findings"]]]
        )
        for v in report["verdicts"]
    }


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command says of all sixteen combinations."""
    file = tmp_path_factory.mktemp("command") / "verdicts.json"
    run(ROOT, "pytest_saas_validate", "run", "template", "--combos", "all", "--json", str(file))
    return read(file)


def test_the_matrix_is_as_expected(command: Mapping[str, Any]) -> None:
    assert command["matrix"] == read(HERE / "expected_matrix.json")


def test_every_case_has_a_verdict(command: Mapping[str, Any]) -> None:
    here = [c for c in catalogue() if not c.trait and c.subject is not Subject.ENGINES]  # one engine: local
    per_template = sum(check.subject is Subject.TEMPLATE for check in here)
    assert len(command["verdicts"]) == 16 * (len(here) - per_template) + per_template


def test_what_was_not_reached_is_listed(command: Mapping[str, Any]) -> None:
    listed = "\n".join(command["not_exercised"])
    assert "SH: not reached" in listed
    assert "SN: not reached" in listed


@pytest.mark.parametrize("workers", ["0", "auto"])
def test_pytest_says_what_the_command_says(workers: str, command: Mapping[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "verdicts.json"
    run(ROOT, "pytest", *BATTERY, "-n", workers, "--saas-combos=all", f"--saas-json={file}")
    assert verdicts(read(file)) == verdicts(command)


@pytest.mark.parametrize("binding", ["--pyargs", "star import"])
@pytest.mark.parametrize("combo", [SETTINGS.combos[3], SETTINGS.combos[12]], ids=lambda combo: combo.id)
def test_a_baked_project_says_the_same_of_itself(
    combo: Any, binding: str, command: Mapping[str, Any], tmp_path: Path
) -> None:
    project = Oven(template=SETTINGS.source, home=tmp_path / "home").bake(combo, tmp_path / "bake")
    file = tmp_path / "verdicts.json"
    words = BATTERY
    if binding == "star import":
        test = tmp_path / "test_validation.py"
        test.write_text("from pytest_saas_validate.battery import *\n")
        shutil.move(test, project.root / "test_validation.py")
        words = ("test_validation.py", "-q", "-p", "no:cacheprovider")
    run(project.root, "pytest", *words, f"--saas-json={file}")
    own = verdicts(read(file))
    answers = json.dumps(combo.mapping, sort_keys=True)
    assert own == {key: value for key, value in verdicts(command).items() if key[0] == answers}


def test_there_are_enough_checks_and_mutants() -> None:
    assert len(catalogue()) >= 30
    assert len(mutants()) >= 45
    fired = {check for mutant in mutants() for check in mutant.fires}
    assert {check.id for check in catalogue()} <= fired, (
        "a check that no mutant fires has never been seen red"
    )


def test_an_application_that_does_not_start_is_an_error_in_every_live_cell(tmp_path: Path) -> None:
    combo = SETTINGS.combos[12]
    project = Oven(template=SETTINGS.source, home=tmp_path / "home").bake(combo, tmp_path / "bake")
    main = project.root / "backend" / "app" / "main.py"
    main.write_text(main.read_text() + "\nraise SystemExit('does not start')\n")
    file = tmp_path / "verdicts.json"
    run(tmp_path, "pytest_saas_validate", "run", str(project.root), "--json", str(file), expected=3)
    live = {check.id for check in catalogue() if check.subject is Subject.STACK}
    outcomes = {v["outcome"] for v in read(file)["verdicts"] if v["check"] in live}
    assert outcomes == {"error", "n/a"}
