"""The images of a project on a cluster: built once in a run, and put where its nodes find them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.built import announced, tag
from pytest_saas_validate.engines.kind.cluster import Cluster, kind
from pytest_saas_validate.evidence.manifests_images import image as parts_of
from pytest_saas_validate.evidence.manifests_images import recipe_parts
from pytest_saas_validate.process import Workspace, once
from pytest_saas_validate.process.docker import RUN_LABEL, client_environment, docker
from pytest_saas_validate.project import Project

_BUILD_SECONDS = 600.0
_LOAD_SECONDS = 300.0


@dataclass(frozen=True)
class Images:
    """`recipes` names how an image is built, `mirrors` another image for one that comes from elsewhere."""

    project: Project
    workspace: Workspace
    recipes: Mapping[str, str]  # image without tag -> "DOCKERFILE [CONTEXT]"
    mirrors: Mapping[str, str]

    def instead(self, image: str) -> str:
        """The name under which a stack uses an image."""
        recipe = self.recipes.get(parts_of(image).name)
        if image in self.mirrors or not recipe:
            return self.mirrors.get(image, image)
        dockerfile, context = recipe_parts(recipe)
        inputs = self.project.digest(context, dockerfile)
        digest = hashlib.sha256(f"{recipe}\0{inputs}".encode()).hexdigest()
        return tag(self.workspace, digest)

    def bring(self, images: Iterable[str], cluster: Cluster) -> None:
        """Build what the project makes, and load what this machine has; raises BootError.

        `images` are those of the manifests. What this machine has not is left to the nodes to pull.
        """
        announced(self.workspace)
        for image in sorted(images):
            used = self.instead(image)
            recipe = self.recipes.get(parts_of(image).name, "")
            if recipe and image not in self.mirrors:
                once(self.workspace.shared, f"image-{used}", partial(self._build, recipe, used))
            once(self.workspace.shared, f"loaded-{used}", partial(_load, cluster.name, used))

    def _build(self, recipe: str, tag: str) -> bool:
        dockerfile, context = recipe_parts(recipe)
        root = self.project.root
        label = f"--label={RUN_LABEL}={self.workspace.run_id}"
        words = (
            "build",
            "--quiet",
            f"--tag={tag}",
            label,
            f"--file={root / dockerfile}",
            str(root / context),
        )
        built = docker(*words, environment=client_environment(), timeout=_BUILD_SECONDS)
        if not built.ok:
            raise BootError(f"{dockerfile} does not build\n{built.explain()}")
        return True


def _load(cluster: str, image: str) -> bool:
    """Whether it was loaded; an image that this machine has not is the registry's."""
    if not docker("image", "inspect", image, environment=client_environment()).ok:
        return False
    ended = kind("load", "docker-image", f"--name={cluster}", image, timeout=_LOAD_SECONDS)
    if not ended.ok:
        raise BootError(ended.explain())
    return True
