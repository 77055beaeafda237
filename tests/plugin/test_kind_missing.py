"""The engine kind on a machine without kind, by the command as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_saas_validate.cli import NOT_JUDGED

ROOT = Path(__file__).parent.parent.parent
HOW = "kind is not on PATH; install kind (https://kind.sigs.k8s.io)"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def validate(path: Path, tmp_path: Path) -> Command:
    """Run the command where no program is found."""
    environment = {**os.environ, "PATH": str(path), "SAAS_VALIDATE_CACHE": str(tmp_path / "cache")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        chosen = ("template", "--combos", "k8s", "--only", "SH001,KS009", "--engine", "kind")
        return subprocess.run(
            [sys.executable, "-m", "pytest_saas_validate", "run", *chosen, *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_required_engine_that_is_not_here_ends_the_run_with_one_sentence(validate: Command) -> None:
    ended = validate("--require", "kind")
    assert ended.returncode == NOT_JUDGED
    assert [line for line in ended.stderr.splitlines() if "kind is" in line] == [
        f"saas-validate: --saas-require=kind: {HOW}"
    ]
    assert "Traceback" not in ended.stdout + ended.stderr


def test_an_engine_that_is_not_here_leaves_its_rows_unavailable_with_the_reason(
    validate: Command, tmp_path: Path
) -> None:
    file = tmp_path / "verdicts.json"
    ended = validate("--json", str(file))
    verdicts: list[Mapping[str, str]] = json.loads(file.read_text())["verdicts"]
    rows = {(v["check"], v["engine"], v["outcome"], v["reason"]) for v in verdicts}
    assert rows == {(check, "kind", "unavailable", f"engine kind: {HOW}") for check in ("SH001", "KS009")}
    assert ended.returncode == NOT_JUDGED, "nothing at all was judged"
