"""A namespace that outlives its run: what the run lets go of, and how its user reaches and removes it."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.built import announced
from pytest_saas_validate.engines.kind.cluster import Cluster
from pytest_saas_validate.engines.kind.manifests import Manifests
from pytest_saas_validate.engines.kind.parts import service_of
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.process.docker import RUN_LABEL
from pytest_saas_validate.process.kubernetes import (
    NAMESPACE,
    NODE_IMAGE,
    Access,
    deletion,
    image_removal,
)

_SHOWN = ("frontend", "backend")


def keep(
    cluster: Cluster,
    workspace: Workspace,
    namespace: str,
    manifests: Manifests,
    workloads: Mapping[str, str],  # logical name -> workload
) -> list[str]:
    """Leave a namespace to its user; returns commands that look into it, then those that remove it.

    With a cluster of the run the whole cluster stays, and the images that were built for it. In a cluster
    that was there before only the namespace stays, and on the nodes the images that its pods need.
    """
    ways = list(_ways(manifests, [workloads[name] for name in _SHOWN if name in workloads]))
    if not cluster.owner:
        return list(_own(cluster, workspace, namespace, ways))
    access = Access(cluster.kubeconfig, cluster.context)
    removals = [shlex.join((*access.argv, *deletion(namespace, workspace.run_id)))]
    held: dict[str, list[str]] = {}
    for entry in workspace.ledger.open_entries():
        if entry["kind"] == NAMESPACE and entry["name"] == namespace:
            workspace.ledger.release(entry["id"])
        if entry["kind"] == NODE_IMAGE and entry["image"] in manifests.images:
            workspace.ledger.release(entry["id"])
            for node in entry["nodes"]:
                held.setdefault(node, []).append(entry["image"])
    removals += [shlex.join(("docker", *image_removal(node, *names))) for node, names in held.items()]
    return [*_looks(access, namespace, ways), *removals]


def _own(cluster: Cluster, workspace: Workspace, namespace: str, ways: Sequence[str]) -> Iterator[str]:
    workspace.ledger.release(cluster.entry)
    workspace.ledger.release(announced(workspace))
    # The run's own file goes with the run. Not into the current folder, which may be the project's.
    file = Path(tempfile.gettempdir()) / f"{cluster.name}.kubeconfig"
    named = (f"--name={cluster.name}", f"--kubeconfig={file}")
    yield shlex.join(("kind", "export", "kubeconfig", *named))
    yield from _looks(Access(file), namespace, ways)
    yield shlex.join(("kind", "delete", "cluster", *named))
    yield shlex.join(("rm", str(file)))
    if cluster.network:
        yield f"docker network rm {cluster.network}"
    listed = f"docker image ls --quiet --filter label={RUN_LABEL}={workspace.run_id}"
    yield f"docker image rm --force $({listed})"


def _ways(manifests: Manifests, workloads: Sequence[str]) -> Iterator[str]:
    """Words of kubectl that show what workloads said, and lead to their Services."""
    for name in workloads:
        yield f"logs {manifests.workloads[name]['kind'].lower()}/{name} --all-containers"
    for name in workloads:
        with contextlib.suppress(BootError):
            service, port = service_of(manifests, name)
            yield f"port-forward service/{service} :{port}"


def _looks(access: Access, namespace: str, ways: Sequence[str]) -> Iterator[str]:
    begin = shlex.join((*access.argv, f"--namespace={namespace}"))
    return (f"{begin} {way}" for way in ("get pods", *ways))
