"""Images: what a name says, what the project builds and pulls, and what its backend reads."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_saas_validate.evidence.render_environment import Settings


@dataclass(frozen=True)
class Image:
    """The parts of an image's name."""

    name: str
    tag: str
    digest: str

    @property
    def last(self) -> str:
        """The name without registry and folders: these are the deployment's."""
        return self.name.rpartition("/")[2]

    @property
    def plain(self) -> bool:
        """Whether it names neither registry nor folder."""
        return "/" not in self.name


def image(text: str) -> Image:
    """The parts of a name as a pod gives it."""
    rest, _, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    return Image(head + slash + last, tag, digest)


def recipe_parts(recipe: str) -> tuple[str, str]:
    """The Dockerfile and the context of a recipe; without one it is the Dockerfile's folder."""
    dockerfile, _, context = recipe.partition(" ")
    return dockerfile, context.strip() or posixpath.dirname(dockerfile) or "."


@dataclass(frozen=True, kw_only=True)
class Recipes:
    """Which images a project builds, and which ones of others it names elsewhere."""

    built: Mapping[str, str]  # name -> Dockerfile
    others: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What the backend reads of its environment."""

    images: frozenset[str]  # that hold the backend, by their last names
    folder: str
    settings: Settings | None
    read: frozenset[str]  # every name that a file of the backend mentions
