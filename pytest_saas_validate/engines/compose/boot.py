"""Bring a project's containers up: images, then our programs beside them, then the project itself."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from pytest_saas_validate.engines import BootError, Program, certificates, edge
from pytest_saas_validate.engines.compose.command import Compose
from pytest_saas_validate.engines.compose.images import Images
from pytest_saas_validate.engines.compose.override import Override
from pytest_saas_validate.engines.compose.readiness import one_shots, wait
from pytest_saas_validate.engines.compose.stack import ComposeStack
from pytest_saas_validate.engines.guest import Guest, addressed
from pytest_saas_validate.engines.variables import fill, known, told
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.process.docker import STACK_LABEL, announce, client_environment
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Compose as Spec

_LOGICAL = ("backend", "frontend", "database", "cache", "backup")
_PUBLISHED = ("backend", "frontend")
_RESOLVER = "127.0.0.11"  # Docker's own, in every network but the default one
_MESSAGE = re.compile(r'level=warning msg="((?:[^"\\]|\\.)+)"')


@dataclass
class Boot:
    """One boot of one project."""

    project: Project
    spec: Spec
    programs: Sequence[Program]
    workspace: Workspace
    mirrors: Mapping[str, str]
    name: str = field(default_factory=lambda: f"saas-{os.urandom(5).hex()}")
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.workspace.sub(f"stacks/{self.name}")

    def stack(self) -> ComposeStack:
        """The stack, ready; raises BootError with the end of every log, and then nothing of it is left."""
        images = Images(self.project, self.workspace, self.config, self.mirrors)
        names = images.names()
        entry = announce(self.workspace.ledger, STACK_LABEL, self.name)
        override = Override(
            project=self.name,
            run=self.workspace.run_id,
            config=self.config,
            images=names,
            ports=dict(self._ports()),
            guests=self._guests(names),
        )
        stack = ComposeStack(
            compose=self._compose({}),
            override=override,
            file=self.folder / "override.yml",
            services_by_name=self.services,
            workspace=self.workspace,
            entry=entry,
            complaints=self.complaints,
        )
        try:
            stack.write()
            images.build(stack.compose)
            with stack.explained():
                self._start(stack)
        except BaseException:
            stack.close()
            raise
        return stack

    def _start(self, stack: ComposeStack) -> None:
        """Our programs first: what the project is told names their addresses."""
        guests = [guest.service for guest in stack.override.guests]
        if guests:
            stack.compose.start_only(*guests)
            stack.wait_for_guests()
        address = stack.address_of(edge.NAME) if stack.has(edge.NAME) else ""
        stack.compose = self._compose({"edge_address": address})
        stack.compose.start()
        wait(stack.compose, stack.override.started, one_shots(self.config))
        stack.facts = self._facts(stack)

    def _facts(self, stack: ComposeStack) -> Mapping[str, str]:
        facts = told(self.variables, stack.env("backend"))
        if stack.has(edge.NAME):
            facts["ca"] = str(certificates.made(self.workspace) / "ca.pem")
        return facts

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The project's own files as compose resolves them, all profiles included; raises BootError."""
        resolved: Mapping[str, Any] = json.loads(self._config.stdout)
        return resolved

    @cached_property
    def complaints(self) -> tuple[str, ...]:
        """What compose warned of while it read the project's files."""
        return tuple(_MESSAGE.findall(self._config.stderr.decode(errors="replace")))

    @cached_property
    def _config(self) -> CompletedProcess[bytes]:
        return self._compose({}, own=True, profiles=["*"]).words("config", "--format", "json")

    @cached_property
    def services(self) -> Mapping[str, str]:
        """Logical name -> service of the project; raises BootError for a name that its files lack."""
        known = self.config["services"]
        named = {**{name: name for name in _LOGICAL if name in known}, **self.spec.services}
        wrong = {name: service for name, service in named.items() if service not in known}
        if wrong:
            name, service = next(iter(wrong.items()))
            raise BootError(
                f"{self.project.root / 'pyproject.toml'}: compose.services.{name} names {service!r}; "
                f"there are {', '.join(sorted(known))}"
            )
        if "backend" not in named:
            raise BootError(
                f"{', '.join(self.spec.files)}: there is no service 'backend'; "
                "say which one it is: [tool.pytest-saas-validate.compose.services] backend = NAME"
            )
        return named

    def _compose(
        self, known: Mapping[str, str], *, own: bool = False, profiles: Sequence[str] = ()
    ) -> Compose:
        """Compose over the project's files, and ours unless only its `own` are meant."""
        files = [*self.spec.files, *([] if own else [str(self.folder / "override.yml")])]
        variables = {"edge_address": "", **self.variables, **known}
        given = fill(self.project, "compose.environment", self.spec.environment, variables)
        return Compose.of(self.project.root, files, {**client_environment(), **given}, profiles)

    def _ports(self) -> Mapping[str, int]:
        """The port of each published service: the first that its file publishes or exposes."""
        found = {}
        for name in _PUBLISHED:
            service = self.services.get(name)
            if service is None:
                continue
            content = self.config["services"][service]
            targets = [port["target"] for port in content.get("ports", ())] or content.get("expose", ())
            if not targets:
                raise BootError(f"service {service}: no port is published or exposed; add `expose`")
            found[service] = int(str(targets[0]).split("/")[0])
        return found

    def _guests(self, images: Mapping[str, str]) -> tuple[Guest, ...]:
        backend, frontend = self.services["backend"], self.services.get("frontend")
        image = self._image(backend, images)
        guests = [Guest.of(program, image) for program in addressed(self.programs, self.variables)]
        if frontend and certificates.available():
            upstream = f"{frontend}:{self._ports()[frontend]}"
            made = certificates.made(self.workspace)
            guests.append(edge.guest(self._image(frontend, images), upstream, _RESOLVER, made))
        return tuple(guests)

    def _image(self, service: str, images: Mapping[str, str]) -> str:
        found: str = images.get(service) or self.config["services"][service]["image"]
        return found

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What the table may write as ${name}."""
        return known(self.programs)
