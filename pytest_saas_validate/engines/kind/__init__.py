"""The engine `kind`: the project's own manifests on a real cluster. Needs kind, kubectl and Docker."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pytest_saas_validate.engines import BootError, Program, Stack
from pytest_saas_validate.evidence.manifests_images import recipe_parts
from pytest_saas_validate.process import Workspace, run
from pytest_saas_validate.process.docker import client_environment, docker
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes

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
    to use instead.
    """

    mirrors: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    name: str = "kind"

    def unavailable(self, project: Project) -> str:
        """See `Engine.unavailable`."""
        if project.spec.kubernetes is None:
            return "pyproject.toml has no table [tool.pytest-saas-validate.kubernetes]"
        return self.missing

    @cached_property
    def missing(self) -> str:
        """See `Engine.missing`; programs are looked for, and the Docker engine is asked once."""
        environment = client_environment()
        for program, how in _HOW.items():
            if shutil.which(program, path=environment.get("PATH")) is None:
                return f"{program} is not on PATH; {how}"
        if not docker("version", "--format", "{{.Server.Version}}", environment=environment, timeout=20).ok:
            return "the Docker engine does not answer; start it"
        found = run(("kind", "version", "--quiet"), env=environment, timeout=20).text.strip()
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
        if numbers < _OLDEST:
            wanted = ".".join(map(str, _OLDEST))
            return f"kind is {found or 'broken'}; version {wanted} or newer is needed"
        return ""

    def digest(self, project: Project) -> str:
        """See `Engine.digest`: the manifests, what their images are built from, and the table."""
        spec = project.spec
        table = (spec.kubernetes, spec.backend, spec.database, spec.identity, spec.routes, spec.backup)
        inputs = sorted(_inputs(spec.kubernetes)) if spec.kubernetes else []
        facts = repr((table, sorted(self.mirrors.items()), self.node, project.digest(*inputs)))
        return hashlib.sha256(facts.encode()).hexdigest()

    def boot(self, project: Project, programs: Sequence[Program], workspace: Workspace) -> Stack:
        """See `Engine.boot`."""
        from pytest_saas_validate.engines.kind.boot import Boot
        from pytest_saas_validate.engines.kind.cluster import own_cluster

        spec = project.spec.kubernetes
        reason = self.unavailable(project)
        if spec is None or reason:
            raise BootError(reason)
        cluster = own_cluster(workspace, self.node)
        return Boot(project, spec, programs, workspace, cluster, self.mirrors).stack()


def _inputs(spec: Kubernetes) -> set[str]:
    """Folders and files that decide what a stack is: an overlay may take anything beside it."""
    built = {part for recipe in spec.images.values() for part in recipe_parts(recipe)}
    return {spec.overlay.partition("/")[0], *built}
