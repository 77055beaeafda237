"""The template on a real cluster: judged by the same checks, torn down, and killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.engines import ENGINES
from pytest_saas_validate.engines.kind import KindEngine
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.settings import Switches, read_settings

ROOT = Path(__file__).parent.parent.parent
SETTINGS = read_settings(ROOT, Switches(combos=os.environ.get("SAAS_E2E_COMBOS", "pairwise")))
FULLEST = max(SETTINGS.combos, key=lambda combo: len(combo.features))
COMBOS = [combo for combo in SETTINGS.combos if "kubernetes" in combo.features]
BOTH = ("--engine", "local", "--engine", "kind", "--require", "kind")
ALL = ("--engine", "local", "--engine", "compose", "--engine", "kind", "--require", "compose,kind")
Holdings = Mapping[str, frozenset[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", autouse=True)
def _needs_a_cluster() -> None:
    missing = KindEngine().missing
    if missing:
        pytest.skip(f"the cluster's part of make e2e: {missing}")


@pytest.fixture(scope="module")
def report(
    tmp_path_factory: pytest.TempPathFactory, validate: Command, everything: Callable[[], Holdings]
) -> dict[str, Any]:
    """What the command says of all engines; nothing may be left in Docker afterwards."""
    before, contexts = everything(), _contexts()
    folder = tmp_path_factory.mktemp("e2e")
    file, page = folder / "verdicts.json", folder / "report.html"
    names = ",".join(combo.id for combo in COMBOS)
    written = ("--json", str(file), "--html", str(page))
    ended = validate("run", "template", "--combos", names, *ALL, *written)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert everything() == before
    assert _contexts() == contexts
    found: dict[str, Any] = json.loads(file.read_text()) | {"html": page.read_text()}
    print(f"\n{names}: {found.get('seconds', 0):.0f} s")
    return found


def _contexts() -> str:
    return subprocess.run(
        ["kubectl", "config", "get-contexts", "--output=name"], capture_output=True, text=True, check=True
    ).stdout


def test_all_engines_are_judged_by_the_same_checks(report: Mapping[str, Any]) -> None:
    judged = {(v["check"], v["engine"]) for v in report["verdicts"] if v["outcome"] == "ok"}
    features = frozenset[str]().union(*(combo.features for combo in COMBOS))
    for check in catalogue():
        if check.subject is not Subject.STACK or check.absent or not features >= frozenset(check.needs):
            continue
        where = [name for name in ENGINES if not check.trait or check.trait in ENGINES[name]]
        assert {(check.id, name) for name in where} <= judged


def test_drift_is_judged(report: Mapping[str, Any]) -> None:
    drift = [v for v in report["verdicts"] if v["check"] == "SH039"]
    assert drift
    assert {v["outcome"] for v in drift} == {"ok"}
    assert all(row["values"].keys() == ENGINES.keys() for v in drift for row in v["rows"])
    assert all(f'<th scope="col">{name}</th>' in report["html"] for name in ENGINES)


def test_what_no_controller_serves_is_listed(report: Mapping[str, Any]) -> None:
    (unreached,) = {tuple(v["unreached"]) for v in report["verdicts"] if v["check"] == "KS009"} - {()}
    assert any("Ingress web" in name for name in unreached)


def _stacks(known: Iterable[str], folder: Path) -> list[str]:
    """The namespaces of stacks in clusters of kind that are not known; empty while there is none."""
    listed = subprocess.run(["kind", "get", "clusters"], capture_output=True, text=True, check=False).stdout
    found = []
    for name in set(listed.split()) - set(known):
        words = ["kind", "get", "kubeconfig", f"--name={name}"]
        config = subprocess.run(words, capture_output=True, text=True, check=False)
        if config.returncode == 0:
            file = folder / "kubeconfig"
            file.write_text(config.stdout)
            asked = ["kubectl", f"--kubeconfig={file}", "get", "namespaces", "--output=name"]
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
            found += [line for line in said.split() if line.startswith("namespace/saas-")]
    return found


def test_a_killed_run_is_cleared_away_by_the_next(
    tmp_path: Path, validate: Command, everything: Callable[[], Holdings]
) -> None:
    """SIGKILL for the whole group while a stack boots in the cluster."""
    before, contexts = everything(), _contexts()
    clusters = subprocess.run(["kind", "get", "clusters"], capture_output=True, text=True, check=True)
    words = ["run", "template", "--combos", COMBOS[0].id, "--only", "SH", *BOTH[2:]]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest_saas_validate", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not _stacks(clusters.stdout.split(), tmp_path):
        assert run.poll() is None, "the run ended before it had a stack"
        assert time.monotonic() < deadline
        time.sleep(0.5)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert everything() != before
    assert validate("run", "template", "--combos", "bare", "--only", "TR001").returncode == 0
    assert everything() == before
    assert _contexts() == contexts


def test_planted_defects_are_found(
    tmp_path: Path, validate: Command, everything: Callable[[], Holdings]
) -> None:
    """Every defect that only a cluster shows, by what it declares, and by nothing that looks at the same."""
    file = tmp_path / "kills.json"
    before = everything()
    chosen = "KS009 or KS010 or KS011 or KS012 or SH039"
    words = ("--combos", FULLEST.id, "--only", "SH,KS", *BOTH, "--json", str(file))
    ended = validate("prove", "template", *words, "--", "-k", chosen, "-q")
    kills = json.loads(file.read_text())
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert kills["planted"] == kills["killed"] >= 10
    assert everything() == before
