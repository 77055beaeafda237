"""Bring a project up: servers beside each other, then its migrations, then its backend."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.engines import Program, certificates
from pytest_saas_validate.engines.local import edge
from pytest_saas_validate.engines.local.database import NAME, DatabaseTemplate
from pytest_saas_validate.engines.local.environments import Environment
from pytest_saas_validate.engines.local.folders import Folders
from pytest_saas_validate.engines.local.ports import Ports
from pytest_saas_validate.engines.local.postgres import Postgres, Server, find_postgres
from pytest_saas_validate.engines.local.services import Service, answers, wait
from pytest_saas_validate.engines.local.stack import LocalStack, Place, base_environment
from pytest_saas_validate.engines.local.valkey import valkey
from pytest_saas_validate.engines.variables import AUDIENCE, HOSTS, ORIGIN, fill
from pytest_saas_validate.process import Run, Workspace, run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backend, Database

_MIGRATE_SECONDS = 120.0


@dataclass
class Boot:
    """One boot. Every address and password is decided before the first process starts."""

    project: Project
    backend: Backend
    programs: Sequence[Program]
    workspace: Workspace
    environment: Environment
    folders: Folders
    ports: Ports = field(default_factory=Ports)

    @cached_property
    def port(self) -> Mapping[str, int]:
        """A port for everything that listens."""
        names = ["backend", "cache", "database", "edge", *(program.name for program in self.programs)]
        return {name: self.ports.take() for name in names}

    @cached_property
    def postgres(self) -> Postgres | None:
        """PostgreSQL, when the project has a database."""
        return find_postgres(self.workspace) if self.project.spec.database else None

    @cached_property
    def server(self) -> Server | None:
        """The database's server."""
        if self.postgres is None:
            return None
        socket = self.folders.for_socket()
        self.postgres.own(socket)
        log = self.folders.root / "database.log"
        return Server(self.postgres, self.folders.for_data(), socket, self.port["database"], log)

    @cached_property
    def redis_password(self) -> str:
        """Part of ${redis_url}."""
        return secrets.token_hex(16)

    def stack(self) -> LocalStack:
        """The stack, ready; raises BootError with the end of every log, and then nothing is left."""
        stack = LocalStack(
            workspace=self.workspace,
            folders=self.folders,
            facts=self._facts(),
            places=self._places(),
            ports=self.ports,
        )
        try:
            with stack.explained():
                self._start(stack)
        except BaseException:
            stack.close()
            raise
        return stack

    def _start(self, stack: LocalStack) -> None:
        for program in self.programs:
            stack.launch_program(program, self.port[program.name])
        cache = self.folders.new("cache")
        stack.add(valkey(cache, stack.log("cache"), self.port["cache"], self.redis_password))
        template = self._template()
        if template and self.server:
            template.place(self.server)
            stack.add(self.server.service())
        wait(list(stack.running.values()))
        if template and self.server:
            template.set_passwords(self.server)
        stack.add(self._backend(stack))
        if edge.available():
            front = self.folders.new("edge")
            ports = (self.port["edge"], self.port["backend"])
            stack.add(edge.edge(self.workspace, front, stack.log("edge"), *ports))
        wait([stack.running[name] for name in ("backend", "edge") if name in stack.running])

    def _template(self) -> DatabaseTemplate | None:
        spec = self.project.spec.database
        if spec is None or self.postgres is None:
            return None
        return DatabaseTemplate(
            workspace=self.workspace,
            postgres=self.postgres,
            project=self.project,
            spec=spec,
            variables=self.variables,
            migrate=lambda: self._migrate(spec),
            environment=self.environment.digest,
        )

    def _migrate(self, spec: Database) -> Run | None:
        """Run the project's migrations with nothing but what its table gives them."""
        if not self.backend.migrate:
            return None
        given = fill(self.project, "database.environment", spec.environment, self.variables)
        env = {**self._base(), **given}
        return run(self.backend.migrate, cwd=self._path(), env=env, timeout=_MIGRATE_SECONDS)

    def _backend(self, stack: LocalStack) -> Service:
        port = self.port["backend"]
        argv = [str(self.environment.python), "-m", "uvicorn", self.backend.app]
        argv += ["--factory"] if self.backend.factory else []
        argv += ["--host", "127.0.0.1", "--port", str(port), "--no-server-header"]
        argv += ["--forwarded-allow-ips", "127.0.0.1"]
        return Service(
            name="backend",
            argv=argv,
            cwd=self._path(),
            log=stack.log("backend"),
            port=port,
            ready=answers(port, self.backend.live, self.backend.ready),
            environment=stack.places["backend"].environment,
        )

    def _places(self) -> dict[str, Place]:
        """Where commands run; an unknown name in the table's environments is found here, before any start."""
        given = fill(self.project, "backend.environment", self.backend.environment, self.variables)
        places = {"backend": Place(self._path(), {**self._base(), **given})}
        if self.server is not None:
            environment = {**base_environment(self.folders.root), **self.server.environment(NAME)}
            places["database"] = Place(self.folders.root, environment)
        backup = self.project.spec.backup
        if backup is not None:
            given = fill(self.project, "backup.environment", backup.environment, self.variables)
            tool = {**self._base(), "PYTHON": str(self.environment.python), **given}
            places["backup"] = Place(self.project.root, tool)
        return places

    def _base(self) -> Mapping[str, str]:
        """With the environment's and PostgreSQL's programs first on the PATH."""
        first = [self.environment.python.parent]
        if self.postgres is not None:
            first.append(self.postgres.bin)
        return base_environment(self.folders.root, *first)

    def _path(self) -> Path:
        return self.project.root / self.backend.path

    def _facts(self) -> dict[str, str]:
        facts = {name: self.variables[name] for name in ("database", "origin", "audience")}
        facts |= {"issuer": self.variables.get("issuer", ""), "host": HOSTS[0]}
        if edge.available():
            facts["ca"] = os.fspath(certificates.made(self.workspace) / "ca.pem")
        return facts

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What the table may write as ${name}."""
        variables = {
            **{f"{role}_password": secrets.token_hex(16) for role in ("app", "migrator", "backup")},
            "database_host": "127.0.0.1",
            "database_port": str(self.port["database"]),
            "database": NAME,
            "redis_url": f"redis://:{self.redis_password}@127.0.0.1:{self.port['cache']}/0",
            "audience": AUDIENCE,
            "origin": ORIGIN,
            "hosts": ",".join(HOSTS),
            "backup_dir": str(self.folders.new("backups")),
        }
        if "issuer" in self.port:
            variables["issuer"] = f"http://127.0.0.1:{self.port['issuer']}"
        if "sentry" in self.port:
            variables["sentry_dsn"] = f"http://public@127.0.0.1:{self.port['sentry']}/1"
        return variables
