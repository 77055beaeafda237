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
from pytest_saas_validate.engines.kind.manifests import Manifests, Object, containers
from pytest_saas_validate.engines.kind.network import Network
from pytest_saas_validate.engines.kind.readiness import ills, wait
from pytest_saas_validate.engines.operations import Connections, NotDone, Objection
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process.kubernetes import NAMESPACE_LABEL, deletion

if TYPE_CHECKING:
    from pytest_saas_validate.engines.kind.stack import KindStack

_LEVEL = "pod-security.kubernetes.io"
_NOBODYS = "registry.invalid/nobody/builds:this"  # .invalid is nobody's, by RFC 2606
_SECONDS = 120.0
_PAUSE = 0.3
_WARNING, _UNKNOWN = "Warning: ", "no matches for kind"
# Everything else that ends an `apply` badly is no answer of the API server about an object.
_REFUSAL = re.compile(
    r"Error from server \((Invalid|Forbidden|BadRequest|NotFound|Conflict|UnprocessableEntity)\)|"
    rf"The \S+ \".*\" is invalid|error: (error validating .*ValidationError|.*{_UNKNOWN}|unable to decode)"
)
_LOGGED = re.compile(r"[EWIF]\d{4} ")  # by the client's own libraries


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
            said = _said(server, moved)
            found = [objection for each in moved for objection in _objections(server, each)] if said else []
        if said and not found:
            raise BootError(f"the API server said of all objects together, and of none alone: {said[0]}")
        return found

    def renew(self, service: str) -> None:
        """See the protocol."""
        old = {pod["metadata"]["uid"]: pod for pod in self.stack.pods(service)}
        self._told("rollout", "restart", self.stack.reference(service))
        self._rolled_out(service)
        grace = max(
            (pod["spec"].get("terminationGracePeriodSeconds") or 0 for pod in old.values()), default=0
        )
        deadline = time.monotonic() + grace + _SECONDS
        while old.keys() & {pod["metadata"]["uid"] for pod in self.stack.pods(service)}:
            if time.monotonic() > deadline:
                raise NotDone(f"pods that were replaced are there {grace + _SECONDS:g} s later")
            time.sleep(_PAUSE)

    def spoil(self, service: str) -> str:
        """See the protocol."""
        container = self.stack.container(service)["name"]
        self.stack.kubectl.words("set", "image", self.stack.reference(service), f"{container}={_NOBODYS}")
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            said = ills([pod for pod in self.stack.pods(service) if _spoiled(pod)])
            if said:
                return scrub("; ".join(said.values()))
            time.sleep(_PAUSE)
        raise BootError(f"{service} was given an image that nobody has, and no pod said so")

    def undo(self, service: str) -> None:
        """See the protocol."""
        self._told("rollout", "undo", self.stack.reference(service))
        self._rolled_out(service)
        if _spoiled(self.stack.kubectl.get(self.stack.reference(service))):
            raise NotDone("it still asks for the image that nobody has")

    def repair(self, service: str) -> None:
        """See the protocol. A StatefulSet does not end a broken pod by itself."""
        self.stack.kubectl.apply([self.stack.object(service)])
        broken = [pod["metadata"]["name"] for pod in self.stack.pods(service) if _spoiled(pod)]
        if broken:
            self.stack.kubectl.words("delete", "pod", *broken, "--now", "--ignore-not-found")
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

    def _rolled_out(self, service: str) -> None:
        limit = f"--timeout={_SECONDS:.0f}s"
        self._told("rollout", "status", self.stack.reference(service), limit, timeout=_SECONDS + 30)

    def _told(self, *words: str, timeout: float = _SECONDS) -> None:
        """Run a command; raises NotDone when it ends badly although the API server answers."""
        ended = self.stack.kubectl.ended(*words, timeout=timeout)
        if ended.ok:
            return
        if self.stack.kubectl.ended("get", "--raw=/readyz").ok:
            raise NotDone(scrub(ended.stderr.decode(errors="replace").strip()))
        raise BootError(ended.explain())


def _spoiled(each: Object) -> bool:
    """Whether a pod, or who makes some, has the image that nobody has."""
    return _NOBODYS in {container["image"] for container in containers(each)}


def _said(server: Kubectl, objects: Sequence[Object]) -> Sequence[str]:
    """Warnings and refusals of the API server, without making anything; BootError when it does not answer."""
    ended = server.dry_run(objects)
    found: list[str] = []
    for line in ended.stderr.decode(errors="replace").splitlines():
        if _REFUSAL.match(line) or line.startswith(_WARNING):
            found.append(line.removeprefix(_WARNING))
        elif found and line.strip() and not _LOGGED.match(line):
            found[-1] += f" {line.strip()}"
    if not ended.ok and not any(_REFUSAL.match(line) for line in found):
        raise BootError(ended.explain())
    return [scrub(line) for line in found]


def _objections(server: Kubectl, each: Object) -> Iterator[Objection]:
    where = f"{each['kind']} {each['metadata'].get('name', '')}"
    for message in _said(server, [each]):
        yield Objection(where=where, message=message, unknown=_UNKNOWN in message)
