"""The file that is laid over a project's own: names, ports, labels, images, and our programs beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pytest_saas_validate.engines import Container
from pytest_saas_validate.engines.compose.readiness import one_shots
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.process.docker import RUN_LABEL, STACK_LABEL


class _Replaced(list[str]):
    """A list that replaces the project's instead of being appended to it."""


class _Dumper(yaml.SafeDumper):
    """Knows compose's own tag."""


_Dumper.add_representer(
    _Replaced, lambda dumper, value: dumper.represent_sequence("!override", list(value), flow_style=True)
)


@dataclass(frozen=True, kw_only=True)
class Override:
    """What differs from the project's own files in one stack."""

    project: str
    run: str
    config: Mapping[str, Any]  # the project's own, as compose resolved it
    images: Mapping[str, str]  # service -> the image to use instead
    ports: Mapping[str, int]  # service -> the port to publish; others publish none
    guests: tuple[Guest, ...] = ()

    def text(self) -> str:
        """YAML for compose 2.24 or newer."""
        content = {
            "name": self.project,
            "services": {**self._own(), **dict(self._guests())},
            "networks": {name: {"labels": self._labels()} for name in self.config.get("networks", {})},
            "volumes": {name: {"labels": self._labels()} for name in self.config.get("volumes", {})},
            "configs": dict(self._files()),
        }
        return yaml.dump(content, Dumper=_Dumper, sort_keys=True)

    @property
    def started(self) -> list[str]:
        """The project's services that belong to no profile."""
        return [name for name, service in self.config["services"].items() if not service.get("profiles")]

    def containers(self, facts: Mapping[str, Mapping[str, Any]]) -> list[Container]:
        """Every service as the files say; `facts` are what the engine says of those that it started."""
        jobs = one_shots(self.config)
        return [
            Container(
                service=name,
                facts=facts.get(name, {}),
                job=name in jobs,
                image="" if "build" in service else service["image"],
                published=tuple(_address(port) for port in service.get("ports", ())),
                named="container_name" in service,
            )
            for name, service in sorted(self.config["services"].items())
        ]

    def _labels(self) -> dict[str, str]:
        return {STACK_LABEL: self.project}

    def _own(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        for name, service in self.config["services"].items():
            own[name] = {"labels": self._labels(), "ports": _Replaced(self._published(name))}
            if name in self.images:
                own[name]["image"] = self.images[name]
            if "build" in service:
                own[name]["build"] = {"labels": {RUN_LABEL: self.run}}
        return own

    def _published(self, name: str) -> list[str]:
        """On a port of the loopback interface that the engine chooses."""
        return [f"127.0.0.1::{self.ports[name]}"] if name in self.ports else []

    def _guests(self) -> Iterable[tuple[str, Any]]:
        for guest in self.guests:
            yield (
                guest.service,
                {
                    "image": guest.image,
                    "entrypoint": list(guest.command),
                    "command": [],
                    "environment": {name: _literal(value) for name, value in guest.environment.items()},
                    "configs": [
                        {"source": _source(guest, at), "target": path}
                        for at, path in enumerate(sorted(guest.files))
                    ],
                    "networks": sorted(self.config.get("networks", {})),
                    "ports": [f"127.0.0.1::{guest.port}"],
                    "healthcheck": {"disable": True},
                    "init": True,
                    "labels": self._labels(),
                },
            )

    def _files(self) -> Iterable[tuple[str, Any]]:
        for guest in self.guests:
            for at, path in enumerate(sorted(guest.files)):
                yield _source(guest, at), {"content": _literal(guest.files[path])}


def _source(guest: Guest, at: int) -> str:
    return f"{guest.service}-{at}"


def _literal(text: str) -> str:
    """A text in which compose finds nothing to interpolate."""
    return text.replace("$", "$$")


def _address(port: Mapping[str, Any]) -> str:
    """A published port as the project's file gives it; without an address it is every one of the machine."""
    return f"{port.get('host_ip') or '0.0.0.0'}:{port.get('published', '')}"
