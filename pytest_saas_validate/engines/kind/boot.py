"""Bring a project's manifests up in a namespace of its own: images, our programs, then the project itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pytest_saas_validate.engines import BootError, Program, certificates, edge
from pytest_saas_validate.engines.guest import Guest, addressed
from pytest_saas_validate.engines.kind.cluster import Cluster
from pytest_saas_validate.engines.kind.existing import claim, refuse_cluster_wide
from pytest_saas_validate.engines.kind.guests import guest_objects, remove, wait_for
from pytest_saas_validate.engines.kind.images import Images
from pytest_saas_validate.engines.kind.manifests import Manifests, Object, pod_template, secret_objects
from pytest_saas_validate.engines.kind.parts import main_container, service_of
from pytest_saas_validate.engines.kind.readiness import wait
from pytest_saas_validate.engines.kind.stack import KindStack
from pytest_saas_validate.engines.variables import fill, known, told
from pytest_saas_validate.evidence.manifests_images import image as parts_of
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.process.kubernetes import NAMESPACE_LABEL
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes

_LOGICAL = ("backend", "frontend", "database", "cache", "backup")


@dataclass
class Boot:
    """One boot of one project."""

    project: Project
    spec: Kubernetes
    programs: Sequence[Program]
    workspace: Workspace
    cluster: Cluster
    mirrors: Mapping[str, str]
    namespace: str = field(default_factory=lambda: f"saas-{os.urandom(5).hex()}")

    def stack(self) -> KindStack:
        """The stack, ready; raises BootError with logs and events, and then nothing of it is left."""
        refuse_cluster_wide(self.cluster, self.spec.overlay, self.source)
        self.images.bring(self.source.images, self.cluster)
        stack = KindStack(
            kubectl=self.cluster.kubectl(self.namespace),
            cluster=self.cluster,
            workloads=self.workloads,
            manifests=self.manifests,
            labels=self.spec.labels,
            workspace=self.workspace,
            folder=self.workspace.sub(f"stacks/{self.namespace}"),
            images=self._built,
        )
        try:
            claim(self.cluster, self.workspace.ledger, self.manifests.named("Namespace")[self.namespace])
            with stack.explained():
                self._start(stack)
        except BaseException:
            stack.close()
            raise
        return stack

    def _start(self, stack: KindStack) -> None:
        """The namespace, our programs, whose addresses the project is told, then the project."""
        stack.kubectl.apply([each for each in self.manifests.objects if _first(each)])
        stack.guests = self._guests()
        ours = [made for guest in stack.guests for made in self._objects(guest)]
        stack.kubectl.apply(ours)
        no_edge = self._serving(stack)
        variables = {**self.variables, "edge_address": stack.address_of(edge.NAME)}
        told = self._told(variables)
        stack.manifests = told
        secrets = secret_objects(self.namespace, self._filled("secrets", self.spec.secrets, variables))
        self._nothing_missing(secrets)
        rest = [each for each in told.objects if not _first(each)]
        stack.complaints = stack.kubectl.apply([*secrets, *rest])
        wait(stack.kubectl)
        stack.facts = {**self._facts(stack), **no_edge}

    def _serving(self, stack: KindStack) -> Mapping[str, str]:
        """Wait for our programs; without the front if it does not start, and then the fact why."""
        fronts = [guest for guest in stack.guests if guest.name == edge.NAME]
        programs = tuple(guest for guest in stack.guests if guest not in fronts)
        wait_for(stack.kubectl, programs, self.workloads["backend"])
        try:
            wait_for(stack.kubectl, fronts, self.workloads.get("frontend", ""))
        except BootError as problem:
            # Whatever the frontend's image is made of, the rest of the project can be judged.
            remove(stack.kubectl, fronts)
            stack.guests = programs
            return {"no_edge": str(problem).partition("\n")[0]}
        return {}

    def _told(self, variables: Mapping[str, str]) -> Manifests:
        config = self._filled("config", self.spec.config, variables)
        environment = self._filled("environment", self.spec.environment, variables)
        return self.manifests.with_config(config).with_environment(environment)

    def _filled(self, table: str, values: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
        return fill(self.project, f"kubernetes.{table}", values, variables)

    def _facts(self, stack: KindStack) -> Mapping[str, str]:
        facts = told(self.variables, stack.env("backend"))
        if edge.NAME in stack.services:
            facts["ca"] = str(certificates.made(self.workspace) / "ca.pem")
        return facts

    @cached_property
    def images(self) -> Images:
        """What the manifests name, built and loaded."""
        return Images(self.project, self.workspace, self.spec.images, self.mirrors)

    @cached_property
    def _built(self) -> frozenset[str]:
        """What the project's own images are called here."""
        own = [image for image in self.source.images if parts_of(image).name in self.spec.images]
        return frozenset(map(self.images.instead, own))

    @cached_property
    def source(self) -> Manifests:
        """What the overlay builds."""
        return Manifests.built(self.project.root, self.spec.overlay)

    @cached_property
    def manifests(self) -> Manifests:
        """The same in our namespace and with our images."""
        labels = {NAMESPACE_LABEL: self.workspace.run_id}
        return self.source.into(self.namespace, labels).with_images(self.images.instead)

    @cached_property
    def workloads(self) -> Mapping[str, str]:
        """Logical name -> workload; raises BootError for one that the overlay lacks."""
        there = self.source.workloads
        named = {**{name: name for name in _LOGICAL if name in there}, **self.spec.workloads}
        for name, workload in {"backend": "backend", **named}.items():
            if workload not in there:
                raise BootError(
                    f"{self.spec.overlay}: there is no workload {workload!r} ({name}); it has "
                    f"{', '.join(sorted(there))}; say which one it is: "
                    f"[tool.pytest-saas-validate.kubernetes.workloads] {name} = NAME"
                )
        return named

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What the table may write as ${name}."""
        return known(self.programs)

    def _guests(self) -> tuple[Guest, ...]:
        image = self._image("backend")
        guests = [Guest.of(program, image) for program in addressed(self.programs, self.variables)]
        if "frontend" in self.workloads and certificates.available():
            service, port = service_of(self.manifests, self.workloads["frontend"])
            upstream = f"{service}.{self.namespace}.svc.cluster.local:{port}"
            made = certificates.made(self.workspace)
            guests.append(edge.guest(self._image("frontend"), upstream, self.cluster.resolver, made))
        return tuple(guests)

    def _objects(self, guest: Guest) -> tuple[Object, Object, Object]:
        like = self._template("frontend" if guest.name == edge.NAME else "backend")
        return guest_objects(guest, self.namespace, self.spec.labels, like)

    def _template(self, name: str) -> Object:
        return pod_template(self.manifests.workloads[self.workloads[name]])

    def _image(self, name: str) -> str:
        image: str = main_container(self._template(name), self._built)["image"]
        return image

    def _nothing_missing(self, secrets: Sequence[Object]) -> None:
        """Raise BootError for a Secret that a pod needs and nobody makes: it would wait for it for ever."""
        made: dict[str, set[str]] = {}
        for each in (*secrets, *self.manifests.named("Secret").values()):
            keys = {*(each.get("data") or {}), *(each.get("stringData") or {})}
            made.setdefault(each["metadata"]["name"], set()).update(keys)
        for workload, name, key in self.manifests.secrets():
            if name not in made or (key and key not in made[name]):
                raise BootError(
                    f"{workload} needs {key or 'the keys'} of Secret {name}; give it: "
                    f'[tool.pytest-saas-validate.kubernetes.secrets] "{name}/{key or "KEY"}" = VALUE'
                )


def _first(each: Object) -> bool:
    """What our programs need before the project is there: the namespace, and what images are pulled with."""
    return each["kind"] == "Namespace" or str(each.get("type", "")).startswith("kubernetes.io/dockerc")
