"""TR: whether what images, compose files and configurations take from the project is there."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_saas_validate.evidence.render import Rendered
from pytest_saas_validate.evidence.render_calls import COMPOSE, line_of, read
from pytest_saas_validate.evidence.render_ignore import Ignored, parents
from pytest_saas_validate.evidence.render_images import Context, absent, builds
from pytest_saas_validate.evidence.render_paths import named_paths
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "TR015",
    severity=Severity.HIGH,
    title="Paths and names that Dockerfiles, compose files and configurations use are there",
    why="the image does not build, or the engine makes an empty folder where the file was to be mounted, "
    "and the service starts without it",
    remedy="mend the path, or make the line depend on the same switch as the file",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def taken(rendered: Rendered) -> Iterator[Finding]:
    """COPY, ADD and bind mounts against the build context and its ignore file, through stages; contexts,
    mounts, services, networks and volumes of compose files; paths in workflows, Kustomize, pyproject.toml,
    tsconfig, alembic.ini and hooks."""
    files = rendered.files
    for build in dict.fromkeys(builds(files)):
        if build.dockerfile in files:
            context = Context(build, files)
            for number, message in absent(build, files[build.dockerfile].text or "", context):
                yield Finding(where=f"{build.dockerfile}:{number}", message=message)
            for number, _ in context.idle():
                yield Finding(where=f"{context.ignore}:{number}", message="excepts what is not there")
        elif build.where and not build.dockerfile.endswith(tuple("*?")):
            yield Finding(where=build.where, message=f"is built by {build.dockerfile}, which is not there")
    places = {place for name in files for place in (name, *parents(name))}
    ignored = Ignored(files)
    for named in dict.fromkeys(named_paths(files)):
        wanted = named.path.replace("**/", "*")
        there = not wanted or wanted in places or any(fnmatch.fnmatchcase(place, wanted) for place in places)
        if not there and not ignored.covers(named.path):
            message = f"names {named.written} ({named.purpose}), which is not there"
            yield Finding(where=named.where, message=message)
    for name, file in files.items():
        if COMPOSE.search(name):
            yield from _services(name, file.text or "")
        elif posixpath.basename(name) == ".pre-commit-config.yaml":
            yield from _hooks(name, file.text or "", list(files))


def _services(name: str, text: str) -> Iterator[Finding]:
    document = read(text)
    services: Mapping[str, Any] = document.get("services") or {}
    if document.get("include"):
        return
    for service, body in services.items():
        if not isinstance(body, dict):
            continue
        where = f"{name}:{line_of(text, f'  {service}:')}"
        for needed in body.get("depends_on") or ():
            if needed not in services:
                yield Finding(where=where, message=f"{service} depends on {needed}, which is no service here")
        for kind in ("networks", "secrets", "configs"):
            for entry in body.get(kind) or ():
                used = entry.get("source", "") if isinstance(entry, dict) else entry
                if used not in (document.get(kind) or {}) and used != "default":
                    yield Finding(where=where, message=f"{service} uses {kind} {used}, not declared here")
        for volume in body.get("volumes") or ():
            used = volume.partition(":")[0] if isinstance(volume, str) and ":" in volume else ""
            if re.fullmatch(r"[A-Za-z][\w.-]*", used) and used not in (document.get("volumes") or {}):
                yield Finding(where=where, message=f"{service} uses volume {used}, not declared here")


def _hooks(name: str, text: str, files: list[str]) -> Iterator[Finding]:
    for repo in read(text).get("repos") or ():
        for hook in repo.get("hooks") or ():
            pattern = str(hook.get("files", ""))
            try:
                made = re.search(r"lock(file)?(\\?\.(json|ya?ml))?\$?$", pattern)  # by the first resolution
                fits = not pattern or made or any(re.search(pattern, file) for file in files)
            except re.error:
                continue
            if not fits:
                where = f"{name}:{line_of(text, pattern)}"
                yield Finding(where=where, message=f"hook {hook.get('id')}: {pattern} fits no file")
