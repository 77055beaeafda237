"""Defects of images, compose files and the front: edits of what the project says of its containers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import yaml

from pytest_saas_validate.evidence.render_images import builds
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant

_ON = "containers"
Service = dict[str, Any]


def _compose(edit: Edit) -> tuple[str, dict[str, Any]]:
    """The first compose file of the table and its content."""
    if edit.spec.compose is None:
        raise NotPlantable("the project names no compose files")
    name = edit.spec.compose.files[0]
    return name, yaml.safe_load(edit.text(name))


def _service(
    id: str,
    title: str,
    logical: str,
    change: Callable[[Service], object],
    fires: str | Iterable[str],
    also: Iterable[str] = (),
) -> Mutant:
    """A mutant that changes one service."""

    @mutant(id, title, fires=fires, also=also, on=_ON, at="project")
    def plant(edit: Edit) -> None:
        name, content = _compose(edit)
        own = edit.spec.compose.services if edit.spec.compose else {}
        service = content["services"].get(own.get(logical, logical))
        if service is None:
            raise NotPlantable(f"{name} has no service {logical}")
        change(service)
        edit.write(name, yaml.safe_dump(content, sort_keys=False))

    return plant


def _recipe(edit: Edit, service: str) -> str:
    """The path of the Dockerfile of a service."""
    for build in builds(edit.files):
        if build.where.endswith(f": {service}"):
            return build.dockerfile
    raise NotPlantable(f"no compose file builds {service}")


def _layer(id: str, title: str, line: str) -> Mutant:
    """A mutant that adds an instruction at the end of the backend's recipe."""

    @mutant(id, title, fires="ST005", also=("TR006",), on=_ON, at="project")
    def plant(edit: Edit) -> None:
        path = _recipe(edit, "backend")
        edit.write(path, f"{edit.text(path).rstrip()}\n{line}\n")

    return plant


def _front(
    id: str, title: str, old: str, new: str, fires: str | Iterable[str], also: Iterable[str] = ()
) -> Mutant:
    """A mutant that changes the first line like `old` of the front's configuration, and nothing else."""

    @mutant(id, title, fires=fires, also=also, on=_ON, at="project")
    def plant(edit: Edit) -> None:
        folder = _recipe(edit, "frontend").rpartition("/")[0]
        for path, file in edit.files.items():
            if path.startswith(f"{folder}/") and ".conf" in path and re.search(old, file.text or "", re.M):
                edit.write(path, re.sub(old, new, edit.text(path), count=1, flags=re.M))
                return
        raise NotPlantable(f"no configuration below {folder} has a line like {old}")

    return plant


@mutant("ST001-floating", "an image has no version", fires="ST001", on=_ON, at="project")
def floating(edit: Edit) -> None:
    """Of a service that is never started, so that nothing has to be pulled."""
    name, content = _compose(edit)
    content["services"]["saas-later"] = {"image": "registry.example/later", "profiles": ["saas-later"]}
    edit.write(name, yaml.safe_dump(content, sort_keys=False))


FIXED_NAME = _service(
    "ST001-fixed-name",
    "a container's name is fixed",
    "cache",
    lambda service: service.update(container_name="the-only-cache"),
    "ST001",
)
UNSET = _service(
    "ST001-unset",
    "a variable that nobody sets becomes an empty string",
    "backend",
    lambda service: service["environment"].update(GREETING="${NOBODY_SETS_THIS_VARIABLE}"),
    "ST001",
)
ALWAYS_HEALTHY = _service(
    "ST002-always",
    "a health check cannot fail",
    "backend",
    lambda service: service["healthcheck"].update(test=["CMD-SHELL", "exit 0"]),
    "ST002",
)
UNCHECKED = _service(
    "ST002-none",
    "a service has no health check",
    "frontend",
    lambda service: service.update(healthcheck={"disable": True}),
    "ST002",
)
ROOT = _service(
    "ST003-root",
    "a container runs as root",
    "backend",
    lambda service: service.update(user="0:0"),
    "ST003",
)
WRITABLE = _service(
    "ST003-writable",
    "a container's root file system can be written to",
    "frontend",
    lambda service: service.update(read_only=False),
    "ST003",
)
CAPABLE = _service(
    "ST003-capable",
    "a container keeps the default capabilities and may gain privileges",
    "cache",
    lambda service: (service.pop("cap_drop", None), service.pop("security_opt", None)),
    "ST003",
)
PUBLISHED = _service(
    "ST003-published",
    "a port is published to every network of the machine",
    "backend",
    lambda service: service.update(ports=["8000:8000"]),
    "ST003",
)
DEAF = _service(
    "ST004-deaf",
    "a service is asked to end by a signal that it does not know",
    "backend",
    lambda service: service.update(stop_signal="SIGWINCH", stop_grace_period="2s"),
    "ST004",
)
SECRET_VARIABLE = _layer(
    "ST005-variable", "a secret is in an image's environment", "ENV SERVICE_API_TOKEN=planted-7c1d40aa93"
)
SECRET_STEP = _layer(
    "ST005-step",
    "a secret is in a step of an image's history",
    'RUN python -c "pass" --password=planted-7c1d40aa93',
)
FRONT_LOSES = _front(
    "SH039-lost",
    "the front takes a header away from the application's answers",
    r"^(\s*)proxy_pass ",
    r"\1proxy_hide_header Referrer-Policy;\n\1proxy_pass ",
    ("SH001", "SH039"),
    also=("SH015", "SH023"),
)
FRONT_BARE = _front(
    "SH039-bare",
    "the front's own pages lack a header that the application's have",
    r"^.*add_header X-Content-Type-Options.*$",
    "",
    ("SH001", "SH039"),
)
FRONT_TWICE = _front(
    "SH002-front-twice",
    "the front adds a header that the application has sent",
    r"^.*add_header X-Frame-Options.*$",
    "add_header X-Frame-Options DENY always;",
    "SH002",
    also=("SH039",),
)
