"""The engine `local`: real servers that come as wheels, on the loopback interface. Needs no Docker."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_saas_validate.engines import BootError, Program, Stack
from pytest_saas_validate.process import Workspace, cache_root
from pytest_saas_validate.project import Project

_PYTHONS = ("locked", "current")


@dataclass(frozen=True)
class LocalEngine:
    """Boots a project from its table.

    `environment` "locked" builds the project's Python from its locks, "current" takes the interpreter that
    runs pytest. A cold boot builds environment and database; a known one takes about three seconds.
    """

    environment: str = "locked"
    name: str = "local"

    @property
    def missing(self) -> str:
        """See `Engine.missing`."""
        from pytest_saas_validate.engines.local import environments, valkey

        if self.environment not in _PYTHONS:
            return f"environment {self.environment!r} is unknown; there are {', '.join(_PYTHONS)}"
        if sys.platform != "linux" and importlib.util.find_spec("psutil") is None:
            return "psutil is not installed; pip install 'pytest-saas-validate[local]'"
        return valkey.why_not() or (environments.why_not() if self.environment == "locked" else "")

    def unavailable(self, project: Project) -> str:
        """See `Engine.unavailable`; raises SpecError for a table that cannot be read."""
        if project.spec.backend is None:
            return "pyproject.toml has no table [tool.pytest-saas-validate.backend]"
        from pytest_saas_validate.engines.local import postgres

        return self.missing or (postgres.why_not(cache_root()) if project.spec.database else "")

    def digest(self, project: Project) -> str:
        """See `Engine.digest`: the backend, the database's setup, the table, and the Python that runs it."""
        spec = project.spec
        paths = [spec.backend.path] if spec.backend else []
        paths += [spec.database.setup] if spec.database and spec.database.setup else []
        table = (spec.backend, spec.database, spec.identity, spec.routes, spec.backup)
        content = project.digest(*paths) if paths else ""
        facts = repr((table, self.environment, sys.version, content))
        return hashlib.sha256(facts.encode()).hexdigest()

    def boot(self, project: Project, programs: Sequence[Program], workspace: Workspace) -> Stack:
        """See `Engine.boot`."""
        from pytest_saas_validate.engines.local.boot import Boot
        from pytest_saas_validate.engines.local.environments import current, locked
        from pytest_saas_validate.engines.local.folders import Folders

        backend = project.spec.backend
        reason = self.unavailable(project)
        if backend is None or reason:
            raise BootError(reason)
        environment = current() if self.environment == "current" else locked(project, workspace)
        folders = Folders(workspace, workspace.sub(f"stacks/{os.urandom(3).hex()}"))
        boot = Boot(project, backend, programs, workspace, environment, folders)
        try:
            return boot.stack()
        except BaseException:
            folders.remove()
            boot.ports.close()
            raise
