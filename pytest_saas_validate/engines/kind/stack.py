"""A project that runs in a namespace of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_saas_validate.engines import BootError, Container, Image, Program
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.engines.kind import keeping
from pytest_saas_validate.engines.kind.cluster import Cluster
from pytest_saas_validate.engines.kind.execution import execute
from pytest_saas_validate.engines.kind.forward import Forward
from pytest_saas_validate.engines.kind.guests import guest_objects, wait_for
from pytest_saas_validate.engines.kind.idle import idle_pod
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Manifests, Object, pod_template
from pytest_saas_validate.engines.kind.operations import KindOperations
from pytest_saas_validate.engines.kind.parts import main_container, service_of
from pytest_saas_validate.engines.kind.readiness import wait, wait_gone
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process import Run, Workspace
from pytest_saas_validate.process.kubernetes import deletion

_SCHEMES = {"edge": "https"}
_JOBS = ("Job", "CronJob")


@dataclass
class KindStack:
    """What `KindEngine.boot` returns; see the protocol `Stack` for its members."""

    kubectl: Kubectl
    cluster: Cluster
    workloads: Mapping[str, str]  # logical name -> workload
    manifests: Manifests
    labels: Mapping[str, str]
    workspace: Workspace
    folder: Path
    images: frozenset[str] = frozenset()  # those of the project's own programs
    guests: tuple[Guest, ...] = ()
    complaints: Sequence[str] = ()
    engine: str = "kind"
    owned: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    _forwards: dict[str, Forward] = field(default_factory=dict)
    _idle: set[str] = field(default_factory=set)
    _environments: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _closed: bool = False

    @property
    def namespace(self) -> str:
        """Where everything of it lies."""
        return self.kubectl.namespace

    @property
    def services(self) -> frozenset[str]:
        """The logical names that the project has, and our programs."""
        return frozenset(self.workloads) | {guest.name for guest in self.guests}

    def url(self, name: str) -> str:
        """A forwarded loopback port; KeyError for a name that has no Service."""
        if name not in self._forwards:
            service, inside = self._service(name)
            log = self.folder / f"forward-{name}.log"
            self._forwards[name] = Forward(
                self.kubectl, f"service/{service}", inside, self.workspace.ledger, log
            )
        return f"{_SCHEMES.get(name, 'http')}://127.0.0.1:{self._forwards[name].open()}"

    def inner_url(self, name: str) -> str:
        """Service name and port."""
        service, inside = self._service(name)
        return f"{_SCHEMES.get(name, 'http')}://{service}:{inside}"

    def env(self, service: str) -> Mapping[str, str]:
        """The environment in the container, the image's part and every reference included."""
        if service not in self._environments:
            ended = self.exec(service, "env", "-0")
            if not ended.ok:
                raise BootError(f"the environment of {service} cannot be read\n{ended.explain()}")
            pairs = [pair.split("=", 1) for pair in ended.text.split("\0") if "=" in pair]
            self._environments[service] = {pair[0]: pair[1] for pair in pairs}
        return self._environments[service]

    def exec(
        self,
        service: str,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Run:
        """`kubectl exec`; a workload that runs at times gets a pod that waits for commands."""
        given = dict(environment or {})
        if service == "database" and argv[:1] != ("env",):
            own = self.env(service)
            given |= {"PGUSER": own.get("POSTGRES_USER", "postgres"), "PGDATABASE": self.facts["database"]}
        # kubectl has no other way to hand variables over; all are of this run alone.
        words = ("env", *(f"{name}={value}" for name, value in given.items()), *argv) if given else argv
        pod, container = self._pod(service)
        return execute(self.kubectl, pod, container, *words, stdin=stdin, timeout=timeout)

    def stop(self, service: str) -> None:
        """Scale to nothing; returns when the last pod is gone."""
        self._scale(service, 0)
        wait_gone(self.kubectl, self._selector(service))
        if service in self._forwards:
            self._forwards[service].close()

    def start(self, service: str) -> None:
        """Scale back; returns when it is ready, on the same local port; raises BootError with the logs."""
        with self.explained():
            self._scale(service, self.object(service)["spec"].get("replicas", 1))
            wait(self.kubectl)
            if service in self._forwards:
                self._forwards[service].open()

    def attach(self, program: Program) -> None:
        """One more pod of the backend's image."""
        like = pod_template(self.object("backend"))
        guest = Guest.of(program, self.container("backend")["image"])
        with self.explained():
            self.kubectl.apply(guest_objects(guest, self.namespace, self.labels, like))
            wait_for(self.kubectl, [guest], self.workloads["backend"])
        self.guests = (*self.guests, guest)

    def address_of(self, name: str) -> str:
        """The address of a guest's pod; empty when it is not here."""
        guest = next((guest for guest in self.guests if guest.name == name), None)
        if guest is None:
            return ""
        address: str = self.kubectl.get("pod", guest.service)["status"]["podIP"]
        return address

    def logs(self, service: str | None = None, tail: int = 200) -> str:
        """The logs of every pod, those of its earlier containers included, and the events; scrubbed."""
        chosen = [f"--selector={self._selector(service)}"] if service else []
        found = self.kubectl.ended("get", "pods", "--output=name", *chosen).text.split()
        parts = []
        for pod in found:
            ended = self.kubectl.ended("logs", pod, "--all-containers", f"--tail={tail}", "--ignore-errors")
            parts.append(ended.text if service else f"{pod}\n{ended.text}")
        if not service:
            events = self.kubectl.ended("get", "events", "--sort-by=.lastTimestamp").text
            parts.append(f"events\n{events[-8000:]}")
        return scrub("\n".join(parts))

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Inside, a BootError gets the state of every pod, the end of every log, and the events."""
        try:
            yield
        except BootError as problem:
            states = self.kubectl.ended("get", "pods", "--output=wide").text
            raise BootError("\n".join([str(problem), states, self.logs(tail=40)])) from problem

    def containers(self) -> Sequence[Container]:
        """None: what is said of containers is said of pods here."""
        return ()

    def image(self, service: str) -> Image:
        """Refused: the engine of containers shows it."""
        raise NotImplementedError(f"{service}: images are judged on the engine compose")

    def idle(self, service: str, *argv: str) -> Run:
        """Refused: the engine of containers shows it."""
        raise NotImplementedError(f"{service}: health checks are judged on the engine compose")

    @property
    def operations(self) -> KindOperations:
        """By kubectl."""
        return KindOperations(self)

    def keep(self) -> Sequence[str]:
        """Leave it to its user, with its cluster when that is the run's: commands that look and remove."""
        self._closed = True
        return keeping.keep(self.cluster, self.workspace, self.namespace, self.manifests, self.workloads)

    def close(self) -> None:
        """Remove the namespace and the ways into it; safe to call twice."""
        for forward in self._forwards.values():
            forward.close()
        if self._closed:
            return
        self._closed = True
        self.kubectl.ended(*deletion(self.namespace, self.workspace.run_id), "--wait=false")

    def object(self, name: str) -> Object:
        """What the stack was told of a workload."""
        return self.manifests.workloads[self.workloads[name]]

    def container(self, name: str) -> Object:
        """The container of a workload's pods that its name stands for."""
        return main_container(pod_template(self.object(name)), self.images)

    def reference(self, name: str) -> str:
        """How kubectl calls a workload: "deployment/backend"."""
        return f"{self.object(name)['kind'].lower()}/{self.workloads[name]}"

    def pods(self, name: str) -> Sequence[Object]:
        """The pods with a workload's labels, those that are ending included."""
        found: Sequence[Object] = self.kubectl.get("pods", f"--selector={self._selector(name)}")["items"]
        return found

    def _scale(self, service: str, replicas: int) -> None:
        self.kubectl.words("scale", self.reference(service), f"--replicas={replicas}")

    def _selector(self, name: str) -> str:
        """The labels of a workload's pods."""
        each = self.object(name)
        labels: Mapping[str, str] = (
            each["spec"]["selector"]["matchLabels"]
            if "selector" in each["spec"]
            else pod_template(each)["metadata"]["labels"]
        )
        return ",".join(f"{label}={value}" for label, value in labels.items())

    def _service(self, name: str) -> tuple[str, int]:
        for guest in self.guests:
            if guest.name == name:
                return guest.service, guest.port
        return service_of(self.manifests, self.workloads[name])

    def _pod(self, name: str) -> tuple[str, str]:
        """A running pod of a workload, and its container."""
        each = self.object(name)
        container: str = self.container(name)["name"]
        if each["kind"] in _JOBS:
            return self._waiting(name), container
        for pod in self.pods(name):
            if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]:
                return f"pod/{pod['metadata']['name']}", container
        raise BootError(f"{name} has no running pod")

    def _waiting(self, name: str) -> str:
        """A pod of a job's template in which nothing runs until it is told to."""
        pod = f"saas-idle-{self.workloads[name]}"
        if name not in self._idle:
            self.kubectl.apply([idle_pod(pod, self.namespace, pod_template(self.object(name)))])
            wait(self.kubectl, pods=[pod])
            self._idle.add(name)
        return f"pod/{pod}"
