"""Our programs in images that may not be able to run them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.engines.kind.boot import Boot
from pytest_saas_validate.engines.kind.cluster import Cluster
from pytest_saas_validate.engines.kind.guests import wait_for
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Manifests
from pytest_saas_validate.engines.kind.stack import KindStack
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes

Fake = Callable[[str, Mapping[str, str]], None]
SINK = Guest(name="sink", image="own:7-a", command=("python",))
EDGE = Guest(name="edge", image="own:7-b", command=("nginx",))


def pod(guest: Guest, **status: Any) -> Mapping[str, Any]:
    return {"kind": "Pod", "metadata": {"name": guest.service}, "status": status}


def serves(guest: Guest) -> Mapping[str, Any]:
    return pod(guest, phase="Running", conditions=[{"type": "Ready", "status": "True"}])


def lacks(guest: Guest) -> Mapping[str, Any]:
    said = f'exec: "{guest.command[0]}": executable file not found in $PATH'
    part = {"state": {"waiting": {"reason": "RunContainerError", "message": said}}}
    return pod(guest, phase="Pending", containerStatuses=[part])


@pytest.fixture
def server(fake: Fake, kubeconfig: Path) -> Callable[..., Kubectl]:
    def says(*pods: Mapping[str, Any]) -> Kubectl:
        kubeconfig.write_text(json.dumps({"items": pods}) + "\n")
        fake("kubectl", {"*get deployments*": f'while read -r line; do echo "$line"; done < {kubeconfig}'})
        return Kubectl(kubeconfig)

    return says


def test_an_image_without_python_is_named_with_its_workload(server: Callable[..., Kubectl]) -> None:
    with pytest.raises(BootError, match="image own:7-a of api cannot run python: our programs run in it;"):
        wait_for(server(lacks(SINK)), [SINK], "api")
    wait_for(server(serves(SINK)), [SINK], "api")


def booting(kubectl: Kubectl, workspace: Workspace) -> tuple[Boot, KindStack]:
    cluster = Cluster(kubectl.kubeconfig, "saas-7")
    boot = Boot(cast(Project, None), Kubernetes(), (), workspace, cluster, {})
    boot.workloads = {"backend": "api", "frontend": "web"}
    stack = KindStack(kubectl, cluster, boot.workloads, Manifests(()), {}, workspace, workspace.folder)
    stack.guests = (SINK, EDGE)
    return boot, stack


def test_a_front_that_does_not_start_is_left_out_with_the_reason(
    calls: Callable[[], list[str]], server: Callable[..., Kubectl], workspace: Workspace
) -> None:
    boot, stack = booting(server(serves(SINK), lacks(EDGE)), workspace)
    said = boot._serving(stack)["no_edge"]
    assert said.startswith("image own:7-b of web cannot run nginx: our programs run in it;")
    assert stack.services == {"backend", "frontend", "sink"}
    (removal,) = [call for call in calls() if " delete " in call]
    assert "delete pod,service,configmap saas-edge --now --wait=false" in removal


def test_a_front_that_serves_stays(server: Callable[..., Kubectl], workspace: Workspace) -> None:
    boot, stack = booting(server(serves(SINK), serves(EDGE)), workspace)
    assert not boot._serving(stack)
    assert "edge" in stack.services
