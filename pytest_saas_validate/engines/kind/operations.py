"""What an operator does to a project on a cluster, by kubectl."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.existing import claim
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Manifests, Object, containers, pod_template
from pytest_saas_validate.engines.kind.network import Network
from pytest_saas_validate.engines.kind.readiness import ills, wait
from pytest_saas_validate.engines.operations import Connections, Objection
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process.kubernetes import NAMESPACE_LABEL, deletion

if TYPE_CHECKING:
    from pytest_saas_validate.engines.kind.stack import KindStack

_LEVEL = "pod-security.kubernetes.io"
_NOBODYS = "registry.invalid/nobody/builds:this"  # .invalid is nobody's, by RFC 2606
_SECONDS = 120.0
_PAUSE = 0.3
_UNKNOWN = "no matches for kind"
_REFUSAL = re.compile(
    rf"^(Error from server \((?!ServiceUnavailable|Timeout)|error: .*|.*{_UNKNOWN})|is invalid: ", re.M
)


@dataclass(frozen=True)
class KindOperations:
    """See the protocol `Operations`."""

    stack: KindStack

    def admit(self, objects: Sequence[Mapping[str, Any]]) -> Sequence[Objection]:
        """All at once; one by one only where something was said, to know of which."""
        labels = {f"{_LEVEL}/{mode}": "restricted" for mode in ("enforce", "warn")}
        with self.scratch("admission", labels) as namespace:
            moved = Manifests(tuple(map(dict, objects))).into(namespace, labels).objects
            server = self.stack.kubectl.within(namespace)
            if not _said(server, moved):
                return ()
            return [objection for each in moved for objection in _objections(server, each)]

    def renew(self, service: str) -> None:
        """See the protocol."""
        old = self._pods(service)
        self.stack.kubectl.words("rollout", "restart", self.stack.reference(service))
        self._settled(service, old)

    def spoil(self, service: str) -> str:
        """See the protocol."""
        container = pod_template(self.stack.object(service))["spec"]["containers"][0]["name"]
        self.stack.kubectl.words("set", "image", self.stack.reference(service), f"{container}={_NOBODYS}")
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            for pod in self.stack.pods(service):
                said = ills([pod])
                if said:
                    return scrub("; ".join(said.values()))
            time.sleep(_PAUSE)
        raise BootError(f"{service} was given an image that nobody has, and no pod said so")

    def undo(self, service: str) -> None:
        """See the protocol."""
        self.stack.kubectl.words("rollout", "undo", self.stack.reference(service))
        wait(self.stack.kubectl, _SECONDS)
        now = self.stack.kubectl.get(self.stack.reference(service))
        if _NOBODYS in {container["image"] for container in containers(now)}:
            raise BootError(f"{service} still asks for the image that nobody has")

    def repair(self, service: str) -> None:
        """See the protocol."""
        self.stack.kubectl.apply([self.stack.object(service)])
        wait(self.stack.kubectl)

    def connections(self) -> Connections:
        """See the protocol."""
        with self.scratch("network", {}) as namespace:
            return Network(self.stack, namespace).connections()

    @contextmanager
    def scratch(self, purpose: str, labels: Mapping[str, str]) -> Iterator[str]:
        """A namespace of this run beside the stack's; gone afterwards."""
        namespace = f"{self.stack.namespace}-{purpose}-{os.urandom(2).hex()}"
        run_id, kubectl = self.stack.workspace.run_id, self.stack.kubectl.within(namespace)
        about = {"name": namespace, "labels": {**labels, NAMESPACE_LABEL: run_id}}
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": about}
        claim(self.stack.cluster, self.stack.workspace.ledger, made)
        kubectl.apply([made])
        try:
            yield namespace
        finally:
            kubectl.ended(*deletion(namespace, run_id), "--wait=false")

    def _pods(self, service: str) -> frozenset[str]:
        return frozenset(pod["metadata"]["name"] for pod in self.stack.pods(service))

    def _settled(self, service: str, old: frozenset[str]) -> None:
        """Return when the new pods are ready and the old ones gone."""
        wait(self.stack.kubectl, _SECONDS)
        deadline = time.monotonic() + _SECONDS
        while old & self._pods(service):
            if time.monotonic() > deadline:
                raise BootError(f"pods of {service} that were replaced do not end within {_SECONDS:g} s")
            time.sleep(_PAUSE)


def _said(server: Kubectl, objects: Sequence[Object]) -> str:
    """What the API server says of objects without making them; BootError when it does not answer."""
    ended = server.dry_run(objects)
    said = ended.stderr.decode(errors="replace").strip()
    if not ended.ok and not _REFUSAL.search(said):
        raise BootError(ended.explain())
    return said


def _objections(server: Kubectl, each: Object) -> Iterator[Objection]:
    where = f"{each['kind']} {each['metadata'].get('name', '')}"
    for line in _said(server, [each]).splitlines():
        message = scrub(line.removeprefix("Warning: ")).strip()
        if message:
            yield Objection(where=where, message=message, unknown=_UNKNOWN in line)
