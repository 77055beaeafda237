"""The engine `kind`: the project's own manifests on a real cluster, made for the run or there before it."""

from __future__ import annotations

import hashlib
import posixpath
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.engines import BootError, Program, Stack
from pytest_saas_validate.evidence.manifests_images import image as parts_of
from pytest_saas_validate.evidence.manifests_images import recipe_parts
from pytest_saas_validate.evidence.manifests_tree import matching, taken
from pytest_saas_validate.process import Workspace, run
from pytest_saas_validate.process.docker import client_environment, docker
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes
from pytest_saas_validate.tools import Kustomize

_OLDEST = (0, 27)  # its nodes know Pod Security and sidecars as the manifests mean them
_HOW = {
    "kind": "install kind (https://kind.sigs.k8s.io)",
    "kubectl": "install kubectl (https://kubernetes.io/docs/tasks/tools)",
    "docker": "install Docker Engine",
}


@dataclass(frozen=True)
class KindEngine:
    """Boots a project from its overlay; the first boot of a run makes the cluster and builds the images.

    `node` is the image of the cluster's nodes (empty: kind's own), `mirrors` maps an image's name to the one
    to use instead. With `kubeconfig` no cluster is made: the one of the file's current context is used, and
    nothing in it is changed but the namespaces that the run makes there, and which images kind's nodes have.
    """

    mirrors: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    name: str = "kind"
    kubeconfig: Path | None = None

    def unavailable(self, project: Project) -> str:
        """See `Engine.unavailable`."""
        if project.spec.kubernetes is None:
            return "pyproject.toml has no table [tool.pytest-saas-validate.kubernetes]"
        mirrored = {parts_of(name).name for name in self.mirrors}
        builds = not mirrored >= project.spec.kubernetes.images.keys()
        return self.missing or (_no_program("docker") or _no_docker() if builds else "")

    @cached_property
    def missing(self) -> str:
        """See `Engine.missing`; programs are looked for, the Docker engine and a given cluster asked once."""
        if self.kubeconfig is None:
            lacks = _no_program("kind", "kubectl", "docker") or _no_docker() or _no_kind()
        else:
            lacks = _no_program("kubectl") or _no_cluster(self.kubeconfig)
        return lacks or Kustomize.found().reason

    def digest(self, project: Project) -> str:
        """See `Engine.digest`: the manifests, what their images are built from, and the table."""
        spec = project.spec
        table = (spec.kubernetes, spec.backend, spec.database, spec.identity, spec.routes, spec.backup)
        inputs = sorted(_inputs(project, spec.kubernetes)) if spec.kubernetes else []
        facts = repr((table, sorted(self.mirrors.items()), self.node, project.digest(*inputs)))
        return hashlib.sha256(facts.encode()).hexdigest()

    def boot(self, project: Project, programs: Sequence[Program], workspace: Workspace) -> Stack:
        """See `Engine.boot`."""
        from pytest_saas_validate.engines.kind.boot import Boot
        from pytest_saas_validate.engines.kind.cluster import own_cluster
        from pytest_saas_validate.engines.kind.existing import existing_cluster

        spec = project.spec.kubernetes
        reason = self.unavailable(project)
        if spec is None or reason:
            raise BootError(reason)
        if self.kubeconfig is None:
            cluster = own_cluster(workspace, self.node)
        else:
            cluster = existing_cluster(workspace, self.kubeconfig)
        return Boot(project, spec, programs, workspace, cluster, self.mirrors).stack()


def _no_program(*programs: str) -> str:
    path = client_environment().get("PATH")
    absent = [program for program in programs if shutil.which(program, path=path) is None]
    return f"{absent[0]} is not on PATH; {_HOW[absent[0]]}" if absent else ""


def _no_docker() -> str:
    words = ("version", "--format", "{{.Server.Version}}")
    answer = docker(*words, environment=client_environment(), timeout=20)
    return "" if answer.ok else "the Docker engine does not answer; start it"


def _no_kind() -> str:
    found = run(("kind", "version", "--quiet"), env=client_environment(), timeout=20).text.strip()
    numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
    wanted = ".".join(map(str, _OLDEST))
    return "" if numbers >= _OLDEST else f"kind is {found or 'broken'}; version {wanted} or newer is needed"


def _no_cluster(kubeconfig: Path) -> str:
    """Why a cluster that is there cannot be used; kind is needed only where kind made it."""
    from pytest_saas_validate.engines.kind.existing import look_up

    try:
        cluster = look_up(kubeconfig)
    except BootError as problem:
        return str(problem)
    return (_no_program("kind") or _no_kind()) if cluster.name else ""


def _inputs(project: Project, spec: Kubernetes) -> set[str]:
    """Folders and files that decide what a stack is; what is deployed too, which a server is asked about."""
    overlays = [path for pattern in spec.overlays for path in matching(project.files, pattern)]
    built = {part for recipe in spec.images.values() for part in recipe_parts(recipe)}
    return {*taken(project.files, [posixpath.normpath(spec.overlay), *overlays]), *built}
