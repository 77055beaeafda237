"""The cluster of a run: one for all its workers, made for it unless there was one."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.process import Run, Workspace, once, run
from pytest_saas_validate.process.docker import announce, client_environment, docker

LABEL = "io.x-k8s.kind.cluster"  # kind's own, on every node
_NETWORK = "kind"  # shared by all clusters of kind; it never removes it
_CREATE_SECONDS = 600.0  # the node's image may have to be pulled
_READY_SECONDS = 120.0


@dataclass(frozen=True)
class Cluster:
    """Where a stack is put. Pickles."""

    kubeconfig: Path
    name: str  # as kind calls it; empty: kind has not made it, or not on this machine
    entry: str = ""  # of the ledger, when this run made it
    network: str = ""  # that was made with it
    context: str = ""  # of the file; empty: its current one
    owner: str = ""  # "LABEL=RUN", when it was there before: only what carries it may be changed
    nodes: tuple[str, ...] = ()  # the containers that it runs in, when it was there before

    def kubectl(self, namespace: str = "default") -> Kubectl:
        """A client of one namespace."""
        return Kubectl(self.kubeconfig, namespace, self.context, self.owner)

    @property
    def resolver(self) -> str:
        """The address of the cluster's name server."""
        found = self.kubectl("kube-system").get("service", "--selector=k8s-app=kube-dns")["items"]
        if not found:
            raise BootError("the cluster has no Service with the label k8s-app=kube-dns in kube-system")
        address: str = found[0]["spec"]["clusterIP"]
        return address


def own_cluster(workspace: Workspace, image: str) -> Cluster:
    """The run's own cluster; half a minute for who asks first. `image`: of its nodes; empty: kind's own.

    Raises BootError; who asks later is told why it failed the first time, and does not wait for it again.
    """
    found = once(workspace.shared, "kind-cluster", lambda: _created(workspace, image))
    if isinstance(found, str):
        raise BootError(found)
    return found


def _created(workspace: Workspace, image: str) -> Cluster | str:
    """The cluster, or why there is none, and then nothing of it is left to be in the way."""
    try:
        return _create(workspace, image)
    except BootError as problem:
        kind("delete", "cluster", f"--name={_name(workspace)}", f"--kubeconfig={_kubeconfig(workspace)}")
        return str(problem)


def _name(workspace: Workspace) -> str:
    return f"saas-{workspace.run_id}"


def _kubeconfig(workspace: Workspace) -> Path:
    return workspace.sub("kind") / "kubeconfig"


def _create(workspace: Workspace, image: str) -> Cluster:
    # By kind's command: processes that pytest-kind's KindCluster starts carry no mark of this run, so that
    # after a kill they would go on making a cluster.
    name = _name(workspace)
    fresh = not docker("network", "inspect", _NETWORK, environment=client_environment()).ok
    network = _NETWORK if fresh else ""
    entry = announce(workspace.ledger, LABEL, name, network=network)
    made = Cluster(_kubeconfig(workspace), name, entry, network)
    words = ["create", "cluster", f"--name={name}", f"--kubeconfig={made.kubeconfig}"]
    ended = kind(*words, *([f"--image={image}"] if image else []), timeout=_CREATE_SECONDS)
    if not ended.ok:
        raise BootError(ended.explain())
    _wait(made)
    return made


def _wait(cluster: Cluster) -> None:
    """Return when pods can be put into the cluster and find each other by name."""
    system = cluster.kubectl("kube-system")
    limit = f"--timeout={_READY_SECONDS:.0f}s"
    patience = _READY_SECONDS + 10
    system.words("wait", "--for=condition=Ready", "nodes", "--all", limit, timeout=patience)
    deadline = time.monotonic() + _READY_SECONDS
    while not system.ended("get", "deployment/coredns").ok and time.monotonic() < deadline:
        time.sleep(0.2)
    system.words("rollout", "status", "deployment/coredns", limit, timeout=patience)
    while not cluster.kubectl().ended("get", "serviceaccount/default").ok:
        if time.monotonic() > deadline:
            raise BootError(f"cluster {cluster.name} makes no service accounts")
        time.sleep(0.2)


def kind(*words: str, timeout: float = 120.0) -> Run:
    """Run kind with what a Docker client needs; never raises for what it does."""
    experimental = {
        name: value for name, value in os.environ.items() if name.startswith("KIND_EXPERIMENTAL_")
    }
    return run(("kind", *words), env={**client_environment(), **experimental}, timeout=timeout)
