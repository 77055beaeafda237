"""testcontainers' compose, with a clean environment, time limits, and errors that say why."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from testcontainers.compose import ComposeContainer, DockerCompose

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.process import Run, run

_SECONDS = 600.0  # a build with cold caches


@dataclass
class Compose(DockerCompose):
    """The compose files of one project.

    `environment` is all that the client gets: neither the caller's variables nor a `.env` file of the folder
    can steer what is interpolated.
    """

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        folder: Path,
        files: Sequence[str],
        environment: Mapping[str, str],
        profiles: Sequence[str] = (),
    ) -> Compose:
        """Compose in a project's folder; what its profiles hold is left out unless they are named."""
        return cls(
            context=folder,
            compose_file_name=list(files),
            wait=False,
            env_file=os.devnull,
            profiles=list(profiles) or None,
            environment=environment,
        )

    def words(self, *words: str) -> CompletedProcess[bytes]:
        """Run `docker compose` with these words; raises BootError with what it said."""
        return self._run_command([*self.docker_compose_command(), *words])

    def ended(self, *words: str) -> Run:
        """Run `docker compose` with these words, however it ends."""
        argv = [*self.docker_compose_command(), *words]
        return run(argv, cwd=Path(self.context), env=self.environment, timeout=_SECONDS)

    def _run_command(self, cmd: str | list[str], context: str | None = None) -> CompletedProcess[bytes]:
        argv = cmd.split() if isinstance(cmd, str) else cmd
        ended = run(argv, cwd=Path(context or self.context), env=self.environment, timeout=_SECONDS)
        if not ended.ok:
            raise BootError(ended.explain())
        return CompletedProcess(argv, ended.code, ended.stdout, ended.stderr)

    def start_only(self, *services: str) -> None:
        """Start these services and what they depend on, without waiting until they serve."""
        chosen, self.services = self.services, list(services)
        try:
            self.start()
        finally:
            self.services = chosen

    def containers(self) -> dict[str, ComposeContainer]:
        """Every container of the project by its service, those that ended included; 0.2 s."""
        return {found.Service: found for found in self.get_containers(include_all=True) if found.Service}
