"""Which images a project builds and names, and what its backend reads: from its files, nothing is run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.manifests_images import Recipes, Variables, image, recipe_parts
from pytest_saas_validate.evidence.render_calls import COMPOSE, DOCKERFILE, read
from pytest_saas_validate.evidence.render_environment import readers, settings
from pytest_saas_validate.evidence.render_images import builds
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)", re.M | re.I)
# They name variables without reading them.
_SILENT = re.compile(r"(^|/)(tests?|__tests__)/|(^|/)test_[^/]*$|\.ya?ml$|(^|/)pyproject\.toml$")


@dataclass(frozen=True)
class _Recipe:
    name: str
    dockerfile: str
    context: str

    @property
    def homes(self) -> frozenset[str]:
        """The folders that it belongs to."""
        own = posixpath.dirname(self.dockerfile)
        return frozenset(posixpath.normpath(folder or ".") for folder in (own, self.context))


def _recipes_of(project: Project) -> Iterator[_Recipe]:
    """How the table and the compose files build each image."""
    for name, recipe in (project.spec.kubernetes or Kubernetes()).images.items():
        yield _Recipe(image(name).name, *recipe_parts(recipe))
    told = {build.where: build for build in builds(project.files)}
    for where, body in _services(project):
        if where in told and body.get("image"):
            yield _Recipe(image(str(body["image"])).name, told[where].dockerfile, told[where].context)


def _services(project: Project) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, file in project.files.items():
        if COMPOSE.search(name):
            for service, body in (read(file.text or "").get("services") or {}).items():
                if isinstance(body, dict):
                    yield f"{name}: {service}", body


def _recipes(project: Project, features: Mapping[str, Feature]) -> Recipes:
    pulled = {str(body["image"]) for _, body in _services(project) if body.get("image")}
    for name, file in project.files.items():
        if DOCKERFILE.search(name):
            pulled.update(_FROM.findall(file.text or ""))
    built = {recipe.name: recipe.dockerfile for recipe in _recipes_of(project)}
    return Recipes(built=built, others=frozenset(image(each).name for each in pulled))


def _variables(project: Project, features: Mapping[str, Feature]) -> Variables:
    """Raises ProbeError when nothing tells the backend's image: no pod could be compared."""
    backend = project.spec.backend
    folder = posixpath.normpath(backend.path) if backend else ""
    images = {image(recipe.name).last for recipe in _recipes_of(project) if folder in recipe.homes}
    if not backend or not images:
        raise ProbeError(
            "nothing tells which image holds the backend; "
            "add it to [tool.pytest-saas-validate.kubernetes.images] with the path of its Dockerfile"
        )
    own = {name: file for name, file in project.below(folder) if not _SILENT.search(name)}
    return Variables(
        images=frozenset(images), folder=folder, settings=settings(project.files), read=readers(own)
    )


RECIPES = Probe(evidence=Recipes, subject=Subject.PROJECT, gather=_recipes)
VARIABLES = Probe(evidence=Variables, subject=Subject.PROJECT, gather=_variables)
