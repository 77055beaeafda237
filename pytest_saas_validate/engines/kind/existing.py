"""A cluster that was there before the run: how it is found, and what is refused to leave it as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.cluster import LABEL, Cluster
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Manifests, Object
from pytest_saas_validate.evidence.manifests import Resource
from pytest_saas_validate.process import Ledger, Workspace, once
from pytest_saas_validate.process.docker import client_environment, docker
from pytest_saas_validate.process.kubernetes import NAMESPACE_LABEL, Access, announce_namespace


def existing_cluster(workspace: Workspace, kubeconfig: Path) -> Cluster:
    """The cluster of a file's current context, the same one for the whole run; raises BootError."""
    owner = f"{NAMESPACE_LABEL}={workspace.run_id}"
    return once(workspace.shared, "existing-cluster", lambda: look_up(kubeconfig, owner))


def look_up(kubeconfig: Path, owner: str = "") -> Cluster:
    """The cluster that a file names now; raises BootError with one sentence when it cannot be used."""
    if not kubeconfig.is_file():
        raise BootError(f"{kubeconfig}: no such file; give the kubeconfig of a cluster")
    named = Kubectl(kubeconfig).ended("config", "view", "--output=jsonpath={.current-context}")
    if not named.ok:
        raise BootError(f"{kubeconfig}: it cannot be read ({_last(named.stderr)}); mend the file")
    context = named.text.strip()
    if not context:
        raise BootError(f"{kubeconfig}: it has no current context; choose one: kubectl config use-context")
    kubectl = Kubectl(kubeconfig, context=context)
    answer = kubectl.ended("get", "--raw=/version", "--request-timeout=10s")
    if not answer.ok:
        said = _last(answer.stderr)
        raise BootError(f"{kubeconfig}: the cluster of context {context} does not answer ({said}); start it")
    name, nodes = _containers(kubectl)
    return Cluster(kubeconfig, name, context=context, owner=owner, nodes=nodes)


def refuse_cluster_wide(cluster: Cluster, overlay: str, source: Manifests) -> None:
    """Raise BootError for objects that would be of the whole of a cluster that was there before."""
    if not cluster.owner:
        return
    added = _wide_kinds(Kubectl(cluster.kubeconfig, context=cluster.context))
    wide = [
        f"{each['kind']} {each['metadata']['name']}"
        for each in source.objects
        if each["kind"] != "Namespace"
        if Resource("", each).cluster_wide or (Resource("", each).group, each["kind"]) in added
    ]
    if wide:
        raise BootError(
            f"{overlay}: {', '.join(wide)} would be of the whole cluster, which was there before this run; "
            "leave it out of the overlay for tests ([tool.pytest-saas-validate.kubernetes] overlay), "
            "or let the engine make a cluster of its own: without --saas-kubeconfig"
        )


def claim(cluster: Cluster, ledger: Ledger, namespace: Object) -> None:
    """Make the namespace in a cluster that was there before; raises BootError when it is not this run's."""
    if not cluster.owner:
        return
    name = namespace["metadata"]["name"]
    announce_namespace(ledger, Access(cluster.kubeconfig, cluster.context), name)
    # Not by `apply`, which takes over what somebody else has made.
    maker = Kubectl(cluster.kubeconfig, context=cluster.context)
    made = maker.ended("create", "--save-config", "--filename=-", stdin=json.dumps(namespace).encode())
    refusal = cluster.kubectl(name).refusal
    if refusal:
        raise BootError(refusal if made.ok or b"AlreadyExists" in made.stderr else made.explain())


def _wide_kinds(kubectl: Kubectl) -> frozenset[tuple[str, str]]:
    """Group and kind of everything that lies in no namespace, as far as the server says."""
    said = kubectl.ended("api-resources", "--namespaced=false", "--no-headers").text
    rows = [line.split() for line in said.splitlines()]
    return frozenset((row[-3].rpartition("/")[0], row[-1]) for row in rows if len(row) >= 4)


def _containers(kubectl: Kubectl) -> tuple[str, tuple[str, ...]]:
    """kind's name of the cluster and its nodes, when all are containers here; else empty.

    A cluster of another machine may have nodes of the same names, but not with the same machine ids.
    """
    listed = kubectl.ended("get", "nodes", "--output=json")
    nodes = json.loads(listed.stdout)["items"] if listed.ok else []
    ids = {node["metadata"]["name"]: node["status"]["nodeInfo"]["machineID"] for node in nodes}
    clusters = _clusters()
    if not ids or not clusters.keys() >= ids.keys():
        return "", ()
    environment = client_environment()
    for name, machine in ids.items():
        if docker("exec", name, "cat", "/etc/machine-id", environment=environment).text.strip() != machine:
            return "", ()
    return clusters[next(iter(ids))], tuple(sorted(ids))


def _clusters() -> Mapping[str, str]:
    """Node -> cluster, of everything that kind has made in this Docker engine."""
    words = ("ps", f"--filter=label={LABEL}", f'--format={{{{.Names}}}} {{{{.Label "{LABEL}"}}}}')
    rows = (line.split() for line in docker(*words, environment=client_environment()).text.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _last(said: bytes) -> str:
    """The last line of what a program said."""
    return (said.decode(errors="replace").strip().splitlines() or [""])[-1]
