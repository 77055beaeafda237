"""A running compose project."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_saas_validate.engines import BootError, Container, Image, Program
from pytest_saas_validate.engines.built import announced
from pytest_saas_validate.engines.compose.command import Compose
from pytest_saas_validate.engines.compose.guests import wait_for
from pytest_saas_validate.engines.compose.override import Override
from pytest_saas_validate.engines.compose.readiness import wait
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process import Run, Workspace, run
from pytest_saas_validate.process.docker import (
    RUN_LABEL,
    STACK_LABEL,
    client_environment,
    docker,
    remove_labelled,
)

_SCHEMES = {"edge": "https"}


@dataclass
class ComposeStack:
    """What `ComposeEngine.boot` returns; see the protocol `Stack` for its members."""

    compose: Compose
    override: Override
    file: Path
    services_by_name: Mapping[str, str]
    workspace: Workspace
    entry: str  # of the ledger
    complaints: Sequence[str] = ()
    engine: str = "compose"
    owned: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _environments: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _closed: bool = False

    @property
    def name(self) -> str:
        """Of the compose project."""
        return self.override.project

    @property
    def services(self) -> frozenset[str]:
        """The logical names that the project has, and our programs."""
        return frozenset(self.services_by_name) | {guest.name for guest in self.override.guests}

    def has(self, name: str) -> bool:
        """Whether a logical name is here."""
        return name in self.services

    def url(self, name: str) -> str:
        """The published loopback port; KeyError for a name that publishes none."""
        if name not in self._ports:
            service, inside = self._published(name)
            found = self.compose.get_service_port(service, inside)
            if not found:
                raise BootError(f"service {service} publishes no port")
            self._ports[name] = found
        return f"{_SCHEMES.get(name, 'http')}://127.0.0.1:{self._ports[name]}"

    def inner_url(self, name: str) -> str:
        """Service name and port."""
        service, inside = self._published(name)
        return f"{_SCHEMES.get(name, 'http')}://{service}:{inside}"

    def env(self, service: str) -> Mapping[str, str]:
        """The container's environment, the image's part included."""
        if service not in self._environments:
            pairs = self._inspect(service)["Config"]["Env"] or []
            self._environments[service] = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return self._environments[service]

    def exec(
        self,
        service: str,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Run:
        """`docker exec`; a service of a profile gets a container that waits for commands."""
        given = dict(environment or {})
        if service == "database":
            own = self.env(service)
            given |= {"PGUSER": own.get("POSTGRES_USER", "postgres"), "PGDATABASE": self.facts["database"]}
        # By name only: a value would be seen in the list of processes.
        names = [word for name in given for word in ("--env", name)]
        words = ["docker", "exec", "--interactive", *names, self._id(service), *argv]
        return run(words, env={**client_environment(), **given}, stdin=stdin, timeout=timeout)

    def stop(self, service: str) -> None:
        """`docker compose stop`: SIGTERM, and SIGKILL after the service's own grace."""
        self.compose.words("stop", self._service(service))

    def start(self, service: str) -> None:
        """`docker compose start`; returns when it is healthy again; raises BootError with the logs."""
        with self.explained():
            self.compose.words("start", self._service(service))
            wait(self.compose, [self._service(service)], ())
        self._ports.pop(service, None)

    def attach(self, program: Program) -> None:
        """One more container of the backend's image."""
        image = self._inspect("backend")["Config"]["Image"]
        guest = Guest.of(program, image)
        self.override = replace(self.override, guests=(*self.override.guests, guest))
        self.write()
        with self.explained():
            self.compose.start_only(guest.service)
            self.wait_for_guests()

    def wait_for_guests(self) -> None:
        """Return when our programs serve; raises BootError."""
        wait_for(self.compose, self.override.guests, self.url)

    def address_of(self, name: str) -> str:
        """The inner addresses of a guest, separated by commas: one for each network."""
        networks = self._inspect(name)["NetworkSettings"]["Networks"]
        return ",".join(sorted(network["IPAddress"] for network in networks.values()))

    def logs(self, service: str | None = None, tail: int = 200) -> str:
        """`docker compose logs`, scrubbed."""
        chosen = [self._service(service)] if service else []
        words = ("logs", "--no-color", "--no-log-prefix" if service else "--timestamps=false")
        return scrub(self.compose.words(*words, "--tail", str(tail), *chosen).stdout.decode(errors="replace"))

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Inside, a BootError gets the state of every container and the end of every log."""
        try:
            yield
        except BootError as problem:
            states = [
                f"{name}: {found.State} {found.Health or ''} {found.ExitCode or ''}".rstrip()
                for name, found in sorted(self.compose.containers().items())
            ]
            words = "\n".join([str(problem), *states, self.logs(tail=40)])
            raise BootError(words) from problem

    def write(self) -> None:
        """Write the file that is laid over the project's; it holds the front's private key."""
        self.file.touch(mode=0o600)
        self.file.write_text(self.override.text(), encoding="utf-8")

    def containers(self) -> Sequence[Container]:
        """`docker inspect` of every service; those of profiles are not started."""
        return self.override.containers(self._inspected(self.override.started))

    def image(self, service: str) -> Image:
        """`docker image inspect` and `docker history`."""
        name = self._inspect(service)["Config"]["Image"]
        facts = json.loads(self._docker("image", "inspect", name))[0]
        history = self._docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", name)
        return Image(environment=tuple(facts["Config"]["Env"] or ()), history=tuple(history.splitlines()))

    def idle(self, service: str, *argv: str) -> Run:
        """`docker compose run` with the command in the program's place."""
        words = ("run", "--rm", "--no-deps", "--no-TTY", "--quiet", "--entrypoint", argv[0])
        return self.compose.ended(*words, self._service(service), *argv[1:])

    @property
    def operations(self) -> None:
        """None: containers are neither admitted nor replaced."""

    def keep(self) -> Sequence[str]:
        """Leave it to its user: where it listens, and commands that look into it and remove it."""
        self._closed = True
        self.workspace.ledger.release(self.entry)
        self.workspace.ledger.release(announced(self.workspace))
        addresses = [f"{name}: {self.url(name)}" for name in sorted(self.services) if self._listens(name)]
        images = f"docker image ls --quiet --filter label={RUN_LABEL}={self.workspace.run_id}"
        return [
            *addresses,
            f"docker compose -p {self.name} ps",
            f"docker compose -p {self.name} logs --follow",
            f"docker compose -p {self.name} down --volumes --remove-orphans",
            f"docker image rm --force $({images})",
        ]

    def close(self) -> None:
        """Remove its containers, networks and volumes; safe to call twice. Images stay until the run ends."""
        if self._closed:
            return
        self._closed = True
        if not remove_labelled(STACK_LABEL, self.name, client_environment()):
            self.workspace.ledger.release(self.entry)

    def _service(self, name: str) -> str:
        """What compose calls a logical name; KeyError when it is not here."""
        guests = {guest.name: guest.service for guest in self.override.guests}
        own: dict[str, str] = {service: service for service in self.override.config["services"]}
        return {**own, **guests, **self.services_by_name}[name]

    def _published(self, name: str) -> tuple[str, int]:
        service = self._service(name)
        guests = {guest.service: guest.port for guest in self.override.guests}
        return service, {**self.override.ports, **guests}[service]

    def _listens(self, name: str) -> bool:
        try:
            return bool(self._published(name))
        except KeyError:
            return False

    def _id(self, name: str) -> str:
        """The container of a logical name; for a service of a profile one is started that does nothing."""
        service = self._service(name)
        if service not in self._ids:
            if service in self.override.config["services"] and service not in self.override.started:
                words = ("run", "--detach", "--no-deps", "--entrypoint", "sleep", service, "infinity")
                self._ids[service] = self.compose.words(*words).stdout.decode().split()[-1]
            else:
                found = {other: str(container.ID) for other, container in self.compose.containers().items()}
                self._ids = {**found, **self._ids}
        if service not in self._ids:
            raise BootError(f"service {service} has no container")
        return self._ids[service]

    def _inspect(self, name: str) -> Mapping[str, Any]:
        return self._inspected([name])[name]

    def _inspected(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """What the engine says of each container, asked once for all of them."""
        found = json.loads(self._docker("inspect", *map(self._id, names)))
        return dict(zip(names, found, strict=True))

    @staticmethod
    def _docker(*words: str) -> str:
        found = docker(*words, environment=client_environment())
        if not found.ok:
            raise BootError(found.explain())
        return found.text
