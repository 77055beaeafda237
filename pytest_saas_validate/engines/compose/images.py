"""The images of a project: built once in a run for all stacks whose files are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pytest_saas_validate.engines.built import announced, tag
from pytest_saas_validate.engines.compose.command import Compose
from pytest_saas_validate.process import Workspace, once
from pytest_saas_validate.project import Project


@dataclass(frozen=True)
class Images:
    """Names for what a project builds; `mirrors` names another image for one that it takes from elsewhere."""

    project: Project
    workspace: Workspace
    config: Mapping[str, Any]
    mirrors: Mapping[str, str]

    def names(self) -> dict[str, str]:
        """Service -> the image to use instead of the one that its file names."""
        services = self.config["services"]
        built = {name: self._tag(service["build"]) for name, service in self._building()}
        own = {services[name]["image"]: tag for name, tag in built.items() if "image" in services[name]}
        instead = {**self.mirrors, **own}
        taken = {
            name: instead[service["image"]]
            for name, service in services.items()
            if name not in built and service.get("image") in instead
        }
        return built | taken

    def build(self, compose: Compose) -> None:
        """Build what this run has not built yet; raises BootError with the builder's words."""
        names = {self._tag(service["build"]): name for name, service in self._building()}
        announced(self.workspace)
        for image, name in sorted(names.items()):
            once(self.workspace.shared, f"image-{image}", partial(_build, compose, name))

    def _building(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((name, found) for name, found in self.config["services"].items() if "build" in found)

    def _tag(self, build: Mapping[str, Any]) -> str:
        """Names the recipe and every file that it can see."""
        given = {key: value for key, value in build.items() if key not in ("context", "labels")}
        context = Path(build["context"])
        inside = context.is_relative_to(self.project.root)
        path = context.relative_to(self.project.root).as_posix() if inside else "."
        told = json.dumps(given, sort_keys=True, default=str).replace(str(self.project.root), "")
        digest = hashlib.sha256(f"{path}\0{told}\0{self.project.digest(path)}".encode()).hexdigest()
        return tag(self.workspace, digest)


def _build(compose: Compose, service: str) -> bool:
    compose.words("build", "--quiet", service)
    return True
