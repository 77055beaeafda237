"""Where overlays lie, and which files kustomize takes to build one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pytest_saas_validate.evidence.render_calls import read
from pytest_saas_validate.project import File

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def kustomization(files: Mapping[str, File], folder: str) -> str:
    """The path of a folder's kustomization; empty when it has none."""
    return next((path for name in NAMES if (path := posixpath.join(folder, name)) in files), "")


def matching(files: Mapping[str, File], pattern: str) -> tuple[str, ...]:
    """The folders with a kustomization that a pattern names; an asterisk stands for one name."""
    wanted = posixpath.normpath(pattern).split("/")
    folders = {posixpath.dirname(name) for name in files if posixpath.basename(name) in NAMES}
    return tuple(sorted(folder for folder in folders if _fits(folder.split("/"), wanted)))


def _fits(parts: list[str], wanted: list[str]) -> bool:
    return len(parts) == len(wanted) and all(
        fnmatchcase(part, word) for part, word in zip(parts, wanted, strict=True)
    )


def taken(files: Mapping[str, File], overlays: Iterable[str]) -> tuple[str, ...]:
    """Every folder and file that decides what these overlays build, as far as it lies in the project."""
    folders = {posixpath.dirname(name) for name in files}
    found: set[str] = set()
    left = list(overlays)
    while left:
        path = left.pop()
        if path in found or path.startswith(".."):
            continue
        found.add(path)
        own = kustomization(files, path)
        for word in scalars(read(files[own].text or "")) if own else ():
            place = posixpath.normpath(posixpath.join(path, word.rpartition("=")[2]))
            if place in files or place in folders:
                left.append(place)
    return tuple(sorted(found))


def scalars(value: Any) -> Iterator[str]:
    """Every text of one line that a value holds, at any depth; keys are none."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from scalars(each)
    elif isinstance(value, str) and value and "\n" not in value:
        yield value
