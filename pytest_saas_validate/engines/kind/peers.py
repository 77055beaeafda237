"""The workloads of a project as peers in a network: their names, labels and ports, as its manifests say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_saas_validate.engines.kind.manifests import Manifests, Object, containers, pod_template
from pytest_saas_validate.engines.kind.parts import selects
from pytest_saas_validate.evidence.manifests import LASTING

_NAME = "app.kubernetes.io/name"


@dataclass(frozen=True)
class Peer:
    """Everything with the labels of one workload's pods."""

    labels: Mapping[str, str]
    ports: frozenset[int]  # of TCP
    lasting: bool  # runs until it is asked to end


def peers(manifests: Manifests, workloads: Mapping[str, str]) -> Mapping[str, Peer]:
    """Name -> peer; the name is logical (as in `workloads`), else the label app.kubernetes.io/name, else its
    own."""
    logical = {workload: name for name, workload in workloads.items()}
    found = {}
    for name, each in manifests.workloads.items():
        labels = pod_template(each).get("metadata", {}).get("labels") or {}
        called = logical.get(name) or labels.get(_NAME) or name
        ports = frozenset(_ports(each, labels, manifests))
        found[called] = Peer(labels=labels, ports=ports, lasting=each["kind"] in LASTING)
    return found


def _ports(each: Object, labels: Mapping[str, str], manifests: Manifests) -> Iterator[int]:
    """What its containers name, and where its Services lead: to name a port is optional."""
    own = [port for container in containers(each) for port in _tcp(container)]
    named = {port["name"]: int(port["containerPort"]) for port in own if "name" in port}
    yield from (int(port["containerPort"]) for port in own)
    for service in manifests.named("Service").values():
        if not selects(service, labels):
            continue
        for port in _tcp(service["spec"]):
            target = port.get("targetPort", port["port"])
            if target in named or str(target).isdigit():
                yield named[target] if target in named else int(target)


def _tcp(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (port for port in holder.get("ports") or () if port.get("protocol", "TCP") == "TCP")
