"""The run's own cluster when it cannot be made, with programs that do what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.cluster import own_cluster
from pytest_saas_validate.process import Workspace

Fake = Callable[[str, Mapping[str, str]], None]


@pytest.mark.parametrize(
    ("kind", "kubectl", "why"),
    [
        ({"create *": "echo 'failed to pull image' >&2; exit 1"}, {}, "failed to pull image"),
        ({}, {"*wait *": "echo 'timed out waiting' >&2; exit 1"}, "timed out waiting"),
    ],
)
def test_a_cluster_that_fails_is_removed_and_everybody_is_told_the_first_reason(
    kind: Mapping[str, str],
    kubectl: Mapping[str, str],
    why: str,
    calls: Callable[[], list[str]],
    fake: Fake,
    workspace: Workspace,
) -> None:
    fake("docker", {})
    fake("kubectl", kubectl)
    fake("kind", kind)
    for _ in range(2):
        with pytest.raises(BootError, match=why):
            own_cluster(workspace, "")
    named = f"--name=saas-7 --kubeconfig={workspace.folder}/kind/kubeconfig"
    assert [call for call in calls() if call.startswith("kind")] == [
        f"kind create cluster {named}",
        f"kind delete cluster {named}",
    ]
    assert workspace.ledger.open_entries(), "what could not be removed is the reaper's"
