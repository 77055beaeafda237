"""Who reaches whom on a cluster: a pod with the labels of each workload tries every port of the others."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.guest import PORT
from pytest_saas_validate.engines.kind.guests import of_container, of_pod
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Object, pod_template
from pytest_saas_validate.engines.kind.peers import Peer, peers
from pytest_saas_validate.engines.operations import ELSEWHERE, GUEST, STRANGER, Connections

if TYPE_CHECKING:
    from pytest_saas_validate.engines.kind.stack import KindStack

_LISTENER, _CALLER = "listener", "caller"
_OURS = "pytest-saas-validate.caller"  # a label of the pods that call
_SECONDS = 60.0
_SETTLED = 2.0  # seconds between two equal answers: a network learns of new pods and policies late
_ROUNDS = 8
_LISTEN = f"""
import socket
both = socket.has_dualstack_ipv6()
family = socket.AF_INET6 if both else socket.AF_INET
server = socket.create_server(("", {PORT}), family=family, dualstack_ipv6=both)
while True:
    server.accept()[0].close()
"""
# There are many at once, and they do nothing most of the time.
_FRUGAL = {"requests": {"cpu": "1m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
_SLEEP = "import time; time.sleep(3600)"
# A dropped packet says nothing, so each attempt needs its time-out; all are made at once.
_TRY = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reached(place):
    host, port = place.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 2).close()
        return True
    except OSError:
        return False
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(sys.argv[1:], pool.map(reached, sys.argv[1:])))))
"""
_Reached = Mapping[tuple[str, str], bool]


@dataclass(frozen=True)
class Caller:
    """A pod that opens connections in somebody's name."""

    source: str
    kubectl: Kubectl
    pod: str

    def tries(self, places: Sequence[str]) -> Mapping[str, bool]:
        """Whether each "ADDRESS:PORT" can be reached; raises BootError when the pod cannot be asked."""
        words = ("exec", "--quiet", self.pod, "--", "python", "-I", "-c", _TRY, *places)
        found: dict[str, bool] = json.loads(self.kubectl.words(*words).stdout)
        return found


@dataclass(frozen=True)
class Network:
    """The pods that call, in the stack's namespace and in `elsewhere`, which is removed by its maker."""

    stack: KindStack
    elsewhere: str

    def connections(self) -> Connections:
        """Who reaches whom; raises BootError when pods do not start or do not reach each other at all."""
        outside = self.stack.kubectl.within(self.elsewhere)
        outside.apply([self._pod(_LISTENER, self.elsewhere, _LISTEN), self._pod(_CALLER, self.elsewhere)])
        listener = [f"{_running(outside, _LISTENER)['status']['podIP']}:{PORT}"]
        _running(outside, _CALLER)
        stranger = Caller(ELSEWHERE, outside, _CALLER)
        if not self._enforced(stranger, listener):
            return Connections(enforced=False, reached={})
        try:
            reached = self._settled([stranger, *self._callers()], listener)
        finally:
            words = ("delete", "pod", f"--selector={_OURS}", "--now", "--wait=false")
            self.stack.kubectl.ended(*words)
        silent = [name for name, peer in self._peers.items() if peer.lasting and not peer.ports]
        return Connections(enforced=True, reached=reached, silent=tuple(silent))

    def _enforced(self, stranger: Caller, listener: Sequence[str]) -> bool:
        """Whether a policy of our own keeps two pods of ours apart, which reach each other without it."""
        if not _becomes(stranger, listener, True):
            raise BootError("two pods of one namespace without policies do not reach each other")
        stranger.kubectl.apply([self._denial()])
        if not _becomes(stranger, listener, False):
            return False
        stranger.kubectl.words("delete", "networkpolicy", _LISTENER)
        if not _becomes(stranger, listener, True):
            raise BootError("a connection stays forbidden after the policy that forbade it is gone")
        return True

    def _callers(self) -> list[Caller]:
        """For each workload of the project, for nobody and for a guest, in the stack's namespace."""
        kubectl, namespace = self.stack.kubectl, self.stack.namespace
        labels: dict[str, Mapping[str, str]] = {
            STRANGER: {},
            **{name: peer.labels for name, peer in self._peers.items()},
        }
        if self.stack.labels:
            labels[GUEST] = self.stack.labels
        pods = {source: f"saas-calls-as-{at}" for at, source in enumerate(labels)}
        kubectl.apply([self._pod(pods[source], namespace, labels=found) for source, found in labels.items()])
        for pod in pods.values():
            _running(kubectl, pod)
        return [Caller(source, kubectl, pod) for source, pod in pods.items()]

    def _settled(self, callers: Sequence[Caller], listener: Sequence[str]) -> _Reached:
        """What two readings in a row agree on; raises BootError when they never do."""
        targets = {**dict(self._targets()), ELSEWHERE: listener}
        last: _Reached = {}
        for _ in range(_ROUNDS):
            with ThreadPoolExecutor(len(callers)) as pool:
                readings = pool.map(lambda caller: _reading(caller, targets), callers)
                found = dict(pair for pairs in readings for pair in pairs)
            if found == last:
                return found
            last = found
            time.sleep(_SETTLED)
        raise BootError("who reaches whom changes from one attempt to the next")

    def _targets(self) -> Iterator[tuple[str, list[str]]]:
        """The addresses and ports of each workload's own pods."""
        pods = [pod for pod in self.stack.kubectl.get("pods")["items"] if _OURS not in _labels_of(pod)]
        for name, peer in self._peers.items():
            addresses = [
                pod["status"]["podIP"]
                for pod in pods
                if peer.labels and peer.labels.items() <= _labels_of(pod).items()
                if pod["status"].get("podIP") and pod["status"]["phase"] == "Running"
            ]
            places = [f"{address}:{port}" for address in addresses for port in sorted(peer.ports)]
            if places:
                yield name, places

    @cached_property
    def _peers(self) -> Mapping[str, Peer]:
        return peers(self.stack.manifests, self.stack.workloads)

    def _pod(
        self, name: str, namespace: str, program: str = _SLEEP, labels: Mapping[str, str] | None = None
    ) -> Object:
        """A pod of the backend's image. It is never ready, so that no Service sends it anything."""
        like = pod_template(self.stack.object("backend"))["spec"]
        model = self.stack.container("backend")
        container = {
            "name": name,
            "image": model["image"],
            "command": ["python", "-I", "-c", program],
            "readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 3600},
            **of_container(model),
            "resources": _FRUGAL,
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {**(labels or {}), _OURS: "yes"}},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 0,
                **of_pod(like),
                "containers": [container],
            },
        }

    def _denial(self) -> Object:
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": _LISTENER, "namespace": self.elsewhere},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
        }


def _reading(caller: Caller, targets: Mapping[str, Sequence[str]]) -> list[tuple[tuple[str, str], bool]]:
    """A target is reached by one of its ports; nobody is its own target."""
    others = {name: places for name, places in targets.items() if name != caller.source}
    found = caller.tries([place for places in others.values() for place in places])
    return [((caller.source, name), any(found[place] for place in places)) for name, places in others.items()]


def _becomes(caller: Caller, places: Sequence[str], wanted: bool) -> bool:
    """Whether two attempts in a row, of several, end as wanted: one may be late."""
    row = 0
    for _ in range(_ROUNDS):
        row = row + 1 if all(reached is wanted for reached in caller.tries(places).values()) else 0
        if row == 2:
            return True
        time.sleep(_SETTLED / 4)
    return False


def _labels_of(pod: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = pod["metadata"].get("labels") or {}
    return found


def _running(kubectl: Kubectl, pod: str) -> Object:
    """The pod once it runs; raises BootError."""
    deadline = time.monotonic() + _SECONDS
    while True:
        found: Object = kubectl.get("pod", pod)
        if found["status"].get("phase") == "Running" and found["status"].get("podIP"):
            return found
        if time.monotonic() > deadline:
            raise BootError(f"pod {pod} does not run after {_SECONDS:g} s: {found['status']}")
        time.sleep(0.2)
