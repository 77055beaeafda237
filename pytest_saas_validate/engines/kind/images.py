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
from pytest_saas_validate.process.kubernetes import announce_image, has_image
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

        `images` are those of the manifests. What this machine has not is left to the nodes to pull, and so
        is everything where the nodes are not containers of this machine. On the nodes of a cluster that was
        there before, a name that they know is left as it is; what is built for this run is removed from
        them with the run, and what comes from elsewhere stays, as if they had pulled it.
        """
        for image in sorted(images):
            used = self.instead(image)
            recipe = self.recipes.get(parts_of(image).name, "")
            built = bool(recipe) and image not in self.mirrors
            if built and not cluster.name:
                raise BootError(
                    f"image {image} is built here and cannot be brought to the cluster of context "
                    f"{cluster.context}, whose nodes are not kind's on this machine; push it, and map it: "
                    f'[tool.pytest-saas-validate.images] "{image}" = "REGISTRY/NAME:TAG"'
                )
            if built:
                announced(self.workspace)
                once(self.workspace.shared, f"image-{used}", partial(self._build, recipe, used))
            if cluster.name:
                once(self.workspace.shared, f"loaded-{used}", partial(self._load, cluster, used, built))

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

    def _load(self, cluster: Cluster, image: str, built: bool) -> bool:
        """Whether it was loaded; what is not here, or not whole, is the registry's unless it was built here.

        With its image store of containerd Docker has of an image for many platforms only its own, and kind
        wants all.
        """
        environment = client_environment()
        if not docker("image", "inspect", image, environment=environment).ok:
            return False
        words = [f"--name={cluster.name}", image]
        if cluster.owner:
            nodes = [node for node in cluster.nodes if not has_image(node, image, environment)]
            if not nodes:
                return False
            if built:
                announce_image(self.workspace.ledger, nodes, image)
            words.append(f"--nodes={','.join(nodes)}")
        ended = kind("load", "docker-image", *words, timeout=_LOAD_SECONDS)
        if built and not ended.ok:
            raise BootError(ended.explain())
        return ended.ok
