"""The engine `compose`: the project's own containers, from its own files. Needs Docker with compose."""

from __future__ import annotations

import hashlib
import importlib.util
import posixpath
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pytest_saas_validate.engines import BootError, Program, Stack
from pytest_saas_validate.evidence.render_calls import read
from pytest_saas_validate.evidence.render_paths import compose_paths
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.process.docker import client_environment, docker
from pytest_saas_validate.project import Project

_OLDEST = (2, 24)  # knows !override


@dataclass(frozen=True)
class ComposeEngine:
    """Boots a project from its compose files. `mirrors` maps an image's name to the one to use instead.

    A boot takes about fifteen seconds; the first one of a run builds the images before.
    """

    mirrors: Mapping[str, str] = field(default_factory=dict)
    name: str = "compose"

    def unavailable(self, project: Project) -> str:
        """See `Engine.unavailable`."""
        if project.spec.compose is None:
            return "pyproject.toml has no table [tool.pytest-saas-validate.compose]"
        return self.missing

    @cached_property
    def missing(self) -> str:
        """See `Engine.missing`; the Docker engine is asked once."""
        if importlib.util.find_spec("testcontainers") is None:
            return "testcontainers is not installed; pip install 'pytest-saas-validate[compose]'"
        environment = client_environment()
        if shutil.which("docker", path=environment.get("PATH")) is None:
            return "docker is not on PATH; install Docker Engine with its compose plugin"
        answer = docker("version", "--format", "{{.Server.Version}}", environment=environment, timeout=20)
        if not answer.ok:
            said = (answer.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
            return f"the Docker engine does not answer ({said}); start it"
        found = docker("compose", "version", "--short", environment=environment, timeout=20).text.strip()
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
        if numbers < _OLDEST:
            wanted = ".".join(map(str, _OLDEST))
            return f"docker compose is {found or 'not installed'}; version {wanted} or newer is needed"
        return ""

    def digest(self, project: Project) -> str:
        """See `Engine.digest`: the compose files, what they build from, mount or read, and the table."""
        spec = project.spec
        files = spec.compose.files if spec.compose else ()
        paths = sorted({*files, *(path for name in files for path in _sources(project, name))})
        table = (spec.compose, spec.backend, spec.database, spec.identity, spec.routes, spec.backup)
        facts = repr((table, sorted(self.mirrors.items()), project.digest(*paths) if paths else ""))
        return hashlib.sha256(facts.encode()).hexdigest()

    def boot(self, project: Project, programs: Sequence[Program], workspace: Workspace) -> Stack:
        """See `Engine.boot`."""
        from pytest_saas_validate.engines.compose.boot import Boot

        spec = project.spec.compose
        reason = self.unavailable(project)
        if spec is None or reason:
            raise BootError(reason)
        return Boot(project, spec, programs, workspace, self.mirrors).stack()


def _sources(project: Project, name: str) -> Iterator[str]:
    """Folders and files of the project that a compose file builds from, mounts or reads."""
    file = project.files.get(name)
    if file is not None:
        home = posixpath.dirname(name)
        yield from (path for _, path, _ in compose_paths(read(file.text or ""), home))
