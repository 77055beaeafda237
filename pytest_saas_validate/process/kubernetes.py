"""What a run has in a cluster that was there before it: namespaces, and images on the nodes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.process.docker import client_environment as docker_environment
from pytest_saas_validate.process.docker import docker
from pytest_saas_validate.process.ledger import Ledger
from pytest_saas_validate.process.runner import run

NAMESPACE = "namespace"  # the kind of a ledger's line: one namespace, as long as it has the label
NODE_IMAGE = "node-image"  # the kind of a ledger's line: one image in nodes that are containers
NAMESPACE_LABEL = "pytest-saas-validate.run"  # on every namespace that may be touched
_GONE_SECONDS = 300.0  # its pods are given the time that they ask for, on a machine that may be busy
_CRICTL = ("crictl", "--timeout=60s")  # of its own it gives up after two seconds
_CLIENT = ("PATH", "HOME", "NO_PROXY", "HTTPS_PROXY", "no_proxy", "https_proxy")
# What the programs read that a cloud's kubeconfig gets its tokens from.
_CLOUD = ("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "KUBERNETES_EXEC_INFO")


@dataclass(frozen=True)
class Access:
    """The way to a cluster. The context is named: another may become the current one of the file."""

    kubeconfig: Path
    context: str = ""  # empty: the current one

    @property
    def argv(self) -> tuple[str, ...]:
        """What every command begins with."""
        chosen = (f"--context={self.context}",) if self.context else ()
        return ("kubectl", f"--kubeconfig={self.kubeconfig}", *chosen)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that kubectl needs; for a context, which is somebody's, those of clouds too."""
        cloud = {name: value for name, value in os.environ.items() if name.startswith(_CLOUD)}
        return {**client_environment(), **(cloud if self.context else {})}


def client_environment() -> dict[str, str]:
    """The variables of this process that kubectl needs, and no other."""
    return {name: os.environ[name] for name in _CLIENT if name in os.environ}


def announce_namespace(ledger: Ledger, access: Access, name: str) -> str:
    """Write down, before it exists, that a namespace with this run's label will; returns the line's id."""
    way = {"kubeconfig": str(access.kubeconfig), "context": access.context}
    return ledger.plan(NAMESPACE, name=name, run=ledger.run_id, environment=client_environment(), **way)


def deletion(name: str, run_id: str) -> tuple[str, ...]:
    """Words of kubectl that delete a namespace of this name if it has the label of this run."""
    label, named = f"--selector={NAMESPACE_LABEL}={run_id}", f"--field-selector=metadata.name={name}"
    return ("delete", "namespace", label, named)


def remove_namespace(entry: Mapping[str, Any]) -> list[str]:
    """Remove the namespace of a line and wait until it is gone; returns what is left."""
    access = Access(Path(entry["kubeconfig"]), entry["context"])
    words = (*access.argv, *deletion(entry["name"], entry["run"]), f"--timeout={_GONE_SECONDS:.0f}s")
    # A cloud's variables hold keys, which are never written down: those of this process have to do.
    environment = {**access.environment, **entry["environment"]}
    ended = run(words, env=environment, timeout=_GONE_SECONDS + 10)
    return [] if ended.ok else [f"namespace {entry['name']}: {ended.explain()}"]


def announce_image(ledger: Ledger, nodes: Sequence[str], image: str) -> str:
    """Write down that an image will be put on nodes, which are containers; returns the line's id."""
    return ledger.plan(NODE_IMAGE, nodes=list(nodes), image=image, environment=docker_environment())


def has_image(node: str, image: str, environment: Mapping[str, str]) -> bool:
    """Whether a node, which is a container, has an image of this name."""
    return docker("exec", node, *_CRICTL, "inspecti", "--quiet", image, environment=environment).ok


def image_removal(node: str, *images: str) -> tuple[str, ...]:
    """Words of Docker that remove images from a node.

    The node forgets every name of what it removes: of use only for images that have no other one.
    """
    return ("exec", node, *_CRICTL, "rmi", *images)


def remove_image(entry: Mapping[str, Any]) -> list[str]:
    """Remove the image of a line from its nodes; returns what is left."""
    image, environment = entry["image"], entry["environment"]
    left = []
    for node in entry["nodes"]:
        if has_image(node, image, environment):
            ended = docker(*image_removal(node, image), environment=environment)
            left += [] if ended.ok else [f"image {image} on {node}: {ended.explain()}"]
    return left
