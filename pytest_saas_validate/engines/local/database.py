"""The project's database: its roles and tables, made once per content and then copied."""

from __future__ import annotations

import ast
import configparser
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.local.postgres import Postgres, Server
from pytest_saas_validate.engines.local.services import wait
from pytest_saas_validate.process import Cache, Run, Workspace
from pytest_saas_validate.project import File, Project, digest_of
from pytest_saas_validate.spec import Database

NAME = "saas"
_NO_SETUP = """
CREATE ROLE :"migrator" LOGIN PASSWORD :'migrator_password';
CREATE ROLE :"app" LOGIN PASSWORD :'app_password';
CREATE ROLE :"backup" LOGIN PASSWORD :'backup_password';
CREATE DATABASE :"database" OWNER :"migrator";
"""


@dataclass(frozen=True)
class DatabaseTemplate:
    """Copies of the project's migrated database."""

    workspace: Workspace
    postgres: Postgres
    project: Project
    spec: Database
    variables: Mapping[str, str]
    migrate: Callable[[], Run | None]
    environment: str  # digest of the environment that runs the migrations

    def place(self, server: Server) -> None:
        """Fill the server's data folder; builds the template when its content is new. Raises BootError."""
        template = Cache(self.workspace, "databases").get(
            self.key(), lambda folder: self._build(folder, server)
        )
        self.postgres.copy(template / "data", server.data)

    def set_passwords(self, server: Server) -> None:
        """Give the roles the passwords of this stack."""
        sql = "".join(f"ALTER ROLE :\"{role}\" PASSWORD :'{role}_password';\n" for role in _ROLES)
        _must(server.psql(sql, self._psql_variables()), "setting the roles' passwords")

    def key(self) -> str:
        """Names everything that decides what is in the database."""
        backend = self.project.spec.backend
        facts = [self.postgres.version, self.environment, NAME, repr(self.spec)]
        facts.append(repr(backend.migrate) if backend else "")
        facts.append(digest_of(self.project.below(self.spec.setup)) if self.spec.setup else "")
        facts.append(digest_of(migration_files(self.project)))
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    def _build(self, folder: Path, server: Server) -> None:
        data = folder / "data"
        cluster = Cache(self.workspace, "clusters").get(
            f"postgresql-{self.postgres.version}", lambda path: self.postgres.initialise(path / "data")
        )
        self.postgres.copy(cluster / "data", data)
        service = Server(self.postgres, data, server.socket, server.port, server.log).service()
        service.launch(self.workspace.ledger)
        try:
            wait([service])
            self._set_up(server)
            migrated = self.migrate()
            if migrated is not None:
                _must(migrated, "the migrations")
        finally:
            service.stop()

    def _set_up(self, server: Server) -> None:
        if not self.spec.setup:
            _must(server.psql(_NO_SETUP, self._psql_variables()), "making roles and database")
            return
        file = self.project.files.get(self.spec.setup)
        if file is None or file.text is None:
            raise BootError(
                f"{self.project.root / 'pyproject.toml'}: database.setup names {self.spec.setup!r}, "
                "which is no text file of the project"
            )
        path = self.project.root / self.spec.setup
        _must(server.psql(f"\\i '{path}'\n", self._psql_variables()), self.spec.setup)

    def _psql_variables(self) -> dict[str, str]:
        names = ("database", *(f"{role}_password" for role in _ROLES))
        roles = {"migrator": self.spec.migrator, "app": self.spec.app, "backup": self.spec.backup}
        return {**roles, **{name: self.variables[name] for name in names}}


_ROLES = ("migrator", "app", "backup")


def migration_files(project: Project) -> Iterator[tuple[str, File]]:
    """The files that decide what the migrations do: Alembic's and what they import, else the backend's."""
    backend = project.spec.backend
    if backend is None:
        return
    below = dict(project.below(backend.path))
    scripts = _alembic_scripts(project, backend.path)
    if not scripts:
        yield from below.items()
        return
    waiting = [name for name in below if name == scripts[0] or name.startswith(scripts[1] + "/")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name, below[name]
        waiting += [found for found in _imports(below[name], name, backend.path) if found in below]


def _alembic_scripts(project: Project, backend: str) -> tuple[str, str] | None:
    """alembic.ini and its folder of scripts, relative to the project's root."""
    name = PurePosixPath(backend, "alembic.ini").as_posix()
    file = project.files.get(name)
    if file is None or file.text is None:
        return None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.text)
        location = parser.get("alembic", "script_location")
    except configparser.Error:
        return None
    folder = PurePosixPath(backend, location.replace("%(here)s/", "").replace("%(here)s", "."))
    return name, folder.as_posix()


def _imports(file: File, name: str, backend: str) -> Iterator[str]:
    """Paths that the imports of a Python file may mean, below the backend and beside the file."""
    if not name.endswith(".py") or file.text is None:
        return
    try:
        tree = ast.parse(file.text)
    except SyntaxError:
        return
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            modules.update([base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)])
    for folder in {PurePosixPath(backend), *PurePosixPath(name).parents}:
        for module in modules - {""}:
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                path = folder.joinpath(*parts[:end])
                yield f"{path}.py"
                yield f"{path}/__init__.py"


def _must(ended: Run, what: str) -> None:
    if not ended.ok:
        raise BootError(f"{what} failed: {ended.explain()}")
