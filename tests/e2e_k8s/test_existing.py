"""A cluster that was there before stays as it was, and what is kept is removed by what was printed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind import KindEngine
from pytest_saas_validate.engines.kind.existing import claim, existing_cluster, refuse_cluster_wide
from pytest_saas_validate.engines.kind.manifests import Manifests
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.settings import NODE_VARIABLE, Switches, read_settings

ROOT = Path(__file__).parent.parent.parent
SETTINGS = read_settings(ROOT, Switches(combos="all"))
FULLEST = max((c for c in SETTINGS.combos if "kubernetes" in c.features), key=lambda c: len(c.features))
WORDS = (
    "run",
    "template",
    "--combos",
    FULLEST.id,
    "--only",
    "SH001",
    "--engine",
    "kind",
    "--require",
    "kind",
)
Holdings = Mapping[str, frozenset[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", autouse=True)
def _needs_a_cluster() -> None:
    missing = KindEngine().missing
    if missing:
        pytest.skip(f"the cluster's part of make e2e: {missing}")


@dataclass(frozen=True)
class Found:
    """A cluster of somebody else's."""

    name: str
    kubeconfig: Path

    def kubectl(self, *words: str) -> str:
        argv = ["kubectl", f"--kubeconfig={self.kubeconfig}", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    @property
    def namespaces(self) -> frozenset[str]:
        return frozenset(self.kubectl("get", "namespaces", "--output=name").split())

    @property
    def images(self) -> frozenset[str]:
        """Those on the node that a run built."""
        argv = ["docker", "exec", f"{self.name}-control-plane", "crictl", "images"]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        return frozenset(line for line in said.splitlines() if "pytest-saas-validate" in line)

    @property
    def foreign(self) -> str:
        """What belongs to somebody else, with the numbers that every change raises."""
        shown = "--output=jsonpath={.metadata.uid} {.metadata.resourceVersion} {.data} {.status}"
        ours = ("get", "namespace/theirs", shown), ("get", "configmap/theirs", "--namespace=theirs", shown)
        return "\n".join(self.kubectl(*words) for words in ours)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, _needs_a_cluster: None) -> Iterator[Found]:
    made = Found(f"existing-{os.getpid()}", tmp_path_factory.mktemp("existing") / "kubeconfig")
    named = (f"--name={made.name}", f"--kubeconfig={made.kubeconfig}")
    node = os.environ.get(NODE_VARIABLE, "")
    image = [f"--image={node}"] if node else []
    fresh = subprocess.run(["docker", "network", "inspect", "kind"], capture_output=True).returncode
    try:
        subprocess.run(["kind", "create", "cluster", *named, *image, "--wait=120s"], check=True)
        made.kubectl("create", "namespace", "theirs")
        made.kubectl("create", "configmap", "theirs", "--namespace=theirs", "--from-literal=key=value")
        yield made
    finally:
        subprocess.run(["kind", "delete", "cluster", *named], check=True)
        if fresh:
            subprocess.run(["docker", "network", "rm", "kind"], check=False)


def test_only_a_namespace_of_ours_comes_and_goes(
    cluster: Found, validate: Command, everything: Callable[[], Holdings]
) -> None:
    before, namespaces, foreign = everything(), cluster.namespaces, cluster.foreign
    ended = validate(*WORDS, "--kubeconfig", str(cluster.kubeconfig))
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert cluster.foreign == foreign
    assert cluster.namespaces == namespaces
    assert not cluster.images
    assert everything() == before


def test_the_namespace_of_a_killed_run_is_removed_by_the_next(
    cluster: Found, validate: Command, everything: Callable[[], Holdings]
) -> None:
    """SIGKILL for the whole group when the namespace is there."""
    before, namespaces, foreign = everything(), cluster.namespaces, cluster.foreign
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest_saas_validate", *WORDS, "--kubeconfig", str(cluster.kubeconfig)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 240
    while not cluster.namespaces - namespaces:
        assert run.poll() is None, "the run ended before it had a namespace"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert cluster.namespaces > namespaces
    assert cluster.images
    assert validate("run", "template", "--combos", "bare", "--only", "TR001").returncode == 0
    assert cluster.namespaces == namespaces
    assert not cluster.images
    assert cluster.foreign == foreign
    assert everything() == before


def test_what_is_somebody_elses_is_refused_and_left_alone(cluster: Found, tmp_path: Path) -> None:
    foreign = cluster.foreign
    workspace = Workspace.create(root=tmp_path)
    given = existing_cluster(workspace, cluster.kubeconfig)
    named = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "theirs", "labels": {"x": "y"}}}
    with pytest.raises(BootError, match="namespace theirs has no label"):
        claim(given, workspace.ledger, named)
    with pytest.raises(BootError, match="namespace theirs has no label"):
        given.kubectl("theirs").words("delete", "configmap/theirs")
    added = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": "wide"}}
    with pytest.raises(BootError, match="k8s/overlays/ci: VolumeAttachment wide would be of the whole"):
        refuse_cluster_wide(given, "k8s/overlays/ci", Manifests((named, added)))
    assert not workspace.close().left
    assert cluster.foreign == foreign


def test_what_is_kept_there_is_reached_and_removed_by_what_was_printed(
    cluster: Found, validate: Command, everything: Callable[[], Holdings]
) -> None:
    before, namespaces, foreign = everything(), cluster.namespaces, cluster.foreign
    ended = validate(*WORDS, "--kubeconfig", str(cluster.kubeconfig), "--keep", "always")
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert everything() == before, "the node has what its pods need"
    assert len(cluster.namespaces - namespaces) == 1
    assert validate("run", "template", "--combos", "bare", "--only", "TR001").returncode == 0
    assert len(cluster.namespaces - namespaces) == 1, "the next run leaves it"
    obey(printed(ended.stdout))
    assert cluster.namespaces == namespaces
    assert not cluster.images
    assert cluster.foreign == foreign


def test_a_cluster_of_the_run_is_kept_and_removed_by_what_was_printed(
    validate: Command, everything: Callable[[], Holdings]
) -> None:
    before = everything()
    ended = validate(*WORDS, "--keep", "always")
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert len(everything()["containers"] - before["containers"]) == 1
    assert validate("run", "template", "--combos", "bare", "--only", "TR001").returncode == 0
    assert len(everything()["containers"] - before["containers"]) == 1, "the next run leaves it"
    obey(printed(ended.stdout))
    assert everything() == before


def printed(said: str) -> Sequence[str]:
    """The commands below the line that says what is kept."""
    found = re.findall(r"^  ((?:kind|kubectl|docker|rm) .+)$", said, re.M)
    assert found
    return found


def obey(commands: Sequence[str]) -> None:
    """Run each command; one that forwards a port is ended as soon as it says which."""
    for command in commands:
        if " port-forward " in command:
            argv = ["sh", "-c", f"exec {command}"]
            with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as forward:
                said = forward.stdout.readline() if forward.stdout else ""
                forward.terminate()
            assert "Forwarding from 127.0.0.1:" in said, command
        else:
            ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
            assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        if " logs " in command:
            assert ended.stdout, command
