"""Paths that configuration files name: each with its place, from where it counts, and what it is for."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_saas_validate.evidence.render_calls import COMPOSE, WORKFLOW, line_of, read
from pytest_saas_validate.evidence.render_images import join
from pytest_saas_validate.evidence.render_syntax import without_comments
from pytest_saas_validate.project import File
from pytest_saas_validate.spec import TABLE

# What actions read before anything is built; others take what a step before them made.
_STEP_INPUT = re.compile(r"(^|[-_])(dockerfile|context|dependency-path|version-file|requirements)$")
_BUILDS = re.compile(r"^docker/")
_HASHED = re.compile(r"hashFiles\(([^)]*)\)")
_KUSTOMIZED = ("resources", "components", "bases", "crds", "configurations", "transformers", "generators")
_TABLE_KEYS = {
    "backend": ("path",),
    "database": ("setup",),
    "compose": ("files",),
    "alerts": ("config", "rules", "tests", "runbooks"),
    "backup": ("inputs",),
}


@dataclass(frozen=True)
class Named:
    """A path as it is written, and where it leads."""

    where: str
    written: str
    path: str
    purpose: str


def named_paths(files: Mapping[str, File]) -> Iterator[Named]:
    """Every path that a configuration file surely means as one of this project."""
    for name, file in files.items():
        text, base, home = file.text or "", posixpath.basename(name), posixpath.dirname(name)
        found: Iterator[tuple[str, str, str]] = iter(())
        if COMPOSE.search(name):
            found = compose_paths(read(text), home)
        elif WORKFLOW.search(name):
            found = _workflow(read(text), text)
        elif base in ("kustomization.yaml", "kustomization.yml"):
            found = _kustomization(read(text), home)
        elif base == "pyproject.toml":
            found = _python_project(text, home)
        elif re.fullmatch(r"tsconfig[\w.-]*\.json", base):
            found = _typescript(text, home)
        elif base.endswith(".ini"):
            found = ((p, join(home, p.strip()), "the migrations") for p in _script_location(text))
        for written, path, purpose in found:
            if not re.search(r"[${}]|://|^~|^/", written):
                yield Named(f"{name}:{line_of(text, written)}", written, path, purpose)


def compose_paths(document: Mapping[str, Any], home: str) -> Iterator[tuple[str, str, str]]:
    """What a compose file in the folder `home` names: as written, below the project's root, and what for."""
    for service, body in (document.get("services") or {}).items():
        if not isinstance(body, dict):
            continue
        build = body.get("build")
        context = build if isinstance(build, str) else (build or {}).get("context") if build else None
        if context:
            yield str(context), join(home, str(context)), f"the build context of {service}"
            if isinstance(build, dict) and "dockerfile" in build:
                written = str(build["dockerfile"])
                yield written, join(home, str(context), written), f"the Dockerfile of {service}"
        for volume in body.get("volumes") or ():
            short = isinstance(volume, str)
            source = volume.partition(":")[0] if short else volume.get("source", "")
            if str(source).startswith("."):
                yield str(source), join(home, str(source)), f"a mount of {service}"
        listed = body.get("env_file") or ()
        for entry in [listed] if isinstance(listed, str | dict) else listed:
            path = entry if isinstance(entry, str) else entry.get("path", "")
            if isinstance(entry, str) or entry.get("required", True):
                yield str(path), join(home, str(path)), f"the environment of {service}"
        extended = body.get("extends")
        if isinstance(extended, dict) and extended.get("file"):
            yield str(extended["file"]), join(home, str(extended["file"])), f"what {service} extends"
    for kind in ("secrets", "configs"):
        for key, body in (document.get(kind) or {}).items():
            if isinstance(body, dict) and body.get("file"):
                yield str(body["file"]), join(home, str(body["file"])), f"{kind} {key}"


def _workflow(document: Mapping[str, Any], text: str) -> Iterator[tuple[str, str, str]]:
    def walk(node: Any) -> Iterator[tuple[str, str, str]]:
        if isinstance(node, list):
            for value in node:
                yield from walk(value)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key == "working-directory" or (key == "uses" and str(value).startswith("./")):
                    yield str(value), join(str(value)), "a folder"
                elif key == "with" and isinstance(value, dict) and "artifact" not in str(node.get("uses")):
                    for option, said in value.items():
                        builds = option == "file" and _BUILDS.match(str(node.get("uses")))
                        if (builds or _STEP_INPUT.search(str(option))) and isinstance(said, str):
                            for line in said.split():
                                yield line, join(line), f"{option} of {node.get('uses')}"
                yield from walk(value)

    yield from walk(document)
    for call in _HASHED.findall(text):
        for pattern in re.findall(r"'([^']+)'", call):
            yield pattern, join(pattern), "hashFiles"


def _kustomization(document: Mapping[str, Any], home: str) -> Iterator[tuple[str, str, str]]:
    for key in _KUSTOMIZED:
        for path in document.get(key) or ():
            if isinstance(path, str) and "\n" not in path:
                yield path, join(home, path), key
    for key in ("patches", "patchesJson6902", "replacements"):
        for patch in document.get(key) or ():
            if isinstance(patch, dict) and patch.get("path"):
                yield str(patch["path"]), join(home, str(patch["path"])), key
    for key in ("configMapGenerator", "secretGenerator"):
        for generator in document.get(key) or ():
            for path in (*(generator.get("files") or ()), *(generator.get("envs") or ())):
                plain = str(path).rpartition("=")[2]
                yield str(path), join(home, plain), key


def _python_project(text: str, home: str) -> Iterator[tuple[str, str, str]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    tool = document.get("tool", {})
    options = tool.get("pytest", {}).get("ini_options", {})
    lists = {
        "pytest's testpaths": options.get("testpaths"),
        "pytest's pythonpath": options.get("pythonpath"),
        "mypy's files": tool.get("mypy", {}).get("files"),
        "ruff's src": tool.get("ruff", {}).get("src"),
        "the readme": document.get("project", {}).get("readme"),
    }
    table = tool.get(TABLE, {})
    for part, keys in _TABLE_KEYS.items():
        for key in keys:
            lists[f"{TABLE}.{part}.{key}"] = table.get(part, {}).get(key)
    for purpose, value in lists.items():
        for path in [value] if isinstance(value, str) else value if isinstance(value, list) else ():
            if isinstance(path, str):
                yield path, join(home, path), purpose


def _typescript(text: str, home: str) -> Iterator[tuple[str, str, str]]:
    document = read(without_comments(text), json.loads)
    extended = document.get("extends", ())
    for path in [extended] if isinstance(extended, str) else extended:
        if str(path).startswith("."):
            yield str(path), join(home, str(path)), "extends"
    for key in ("include", "files"):
        for path in document.get(key) or ():
            yield str(path), join(home, str(path)), key


def _script_location(text: str) -> Iterator[str]:
    for match in re.finditer(r"^\s*script_location\s*=\s*(?:%\(here\)s/)?(\S+)", text, re.M):
        yield match.group(1)
