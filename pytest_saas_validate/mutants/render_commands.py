"""Defects of what commands, images and compose files refer to, planted in any project."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from pytest_saas_validate.evidence.render_calls import COMPOSE, WORKFLOW, read
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.render import document
from pytest_saas_validate.mutants.render_references import package
from pytest_saas_validate.project import File

_SERVICES = "services:\n  there:\n    image: busybox:1\n"
_WORKFLOW = "on: push\njobs:\n  there:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo there }]\n"
_HOOKS = "repos:\n  - repo: local\n    hooks: [{ id: there, name: there, entry: echo, language: system }]\n"


def named(edit: Edit, pattern: re.Pattern[str], what: str) -> str:
    name = next((name for name in edit.files if pattern.search(name)), "")
    if not name:
        raise NotPlantable(f"no {what}")
    return name


def said(id: str, title: str, text: str, *, beside: tuple[re.Pattern[str], str, str] | None = None) -> Mutant:
    """A command in a document that calls what is not there; `beside` is made when nothing like it is."""

    @mutant(id, title, fires="TR014", at="project")
    def plant(edit: Edit) -> None:
        name = document(edit)
        if beside is not None:
            pattern, path, content = beside
            edit.there(lambda name, file: bool(pattern.search(name)), path, content)
        edit.write(name, f"{edit.text(name).rstrip()}\n\n```sh\n{text}\n```\n")

    return plant


MAKE = said("TR014-make", "a document calls a make target that is not there", "make planted-target")
NPM = said("TR014-npm", "a document calls an npm script that is not there", "cd . && npm run planted-script")
MODULE = said(
    "TR014-module",
    "a document calls a module that is not there",
    "python -m planted_module up",
    beside=(re.compile(r"^planted/locked\.txt$"), "planted/locked.txt", "planted-one==1.2\n"),
)
HOOK = said("TR014-hook", "a document runs a hook that is not there", "pre-commit run planted-hook")
SERVICE = said(
    "TR014-service",
    "a document starts a service that is not there",
    "docker compose run --rm planted-service",
    beside=(COMPOSE, "planted/compose.yml", _SERVICES),
)


def _jobs(text: str) -> list[dict[str, Any]]:
    jobs = read(text).get("jobs")
    return [job for job in jobs.values() if isinstance(job, dict)] if isinstance(jobs, dict) else []


def _step(edit: Edit, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the first job with steps of a workflow."""

    def with_steps(name: str, file: File) -> bool:
        return bool(WORKFLOW.search(name)) and any("steps" in job for job in _jobs(file.text or ""))

    name = edit.there(with_steps, ".github/workflows/planted.yml", _WORKFLOW)
    workflow = yaml.safe_load(edit.text(name))
    change(next(job for job in workflow["jobs"].values() if "steps" in job))
    if True in workflow:  # what YAML 1.1 makes of `on`
        workflow["on"] = workflow.pop(True)
    edit.write(name, yaml.safe_dump(workflow, sort_keys=False))


@mutant(
    "TR014-workflow",
    "a workflow calls a make target that is not there",
    fires="TR014",
    at="project",
)
def workflow_step(edit: Edit) -> None:
    """The target went with a switch, the step hangs on another one."""
    _step(edit, lambda job: job["steps"].append({"run": "echo start\nmake planted-target\n"}))


@mutant("TR014-needs", "a job needs one that is not there", fires="TR014", at="project")
def needs(edit: Edit) -> None:
    """It was renamed."""
    _step(edit, lambda job: job.update(needs=["planted-job"]))


@mutant(
    "TR014-recipe", "a Makefile calls a module of the project that is not there", fires="TR014", at="project"
)
def recipe(edit: Edit) -> None:
    """It was renamed, the recipe was not."""
    folder, _, name = package(edit).rpartition("/")
    edit.write("planted/Makefile", f"all:\n\tcd ../{folder or '.'} && python -m {name}.planted_module\n")


@mutant("TR014-entry", "a package's command starts what is not there", fires="TR014", at="project")
def entry(edit: Edit) -> None:
    """The module was renamed, the declaration was not."""
    module = f"{package(edit).rpartition('/')[2]}.planted_module"
    edit.write("planted/pyproject.toml", f'[project.scripts]\nplanted = "{module}:main"\n')


@mutant("TR014-wanted", "a target needs what nothing makes", fires="TR014", at="project")
def wanted(edit: Edit) -> None:
    """The prerequisite went with a switch."""
    edit.write("planted/Makefile", ".PHONY: all\nall: planted-part\n\techo planted\n")


@mutant("TR014-phony", "a target is declared and not there", fires="TR014", at="project")
def phony(edit: Edit) -> None:
    """Its rule went with a switch."""
    edit.write("planted/Makefile", ".PHONY: all planted-part\nall:\n\techo planted\n")


@mutant("TR007-script", "a hook calls a script that is not there", fires="TR007", at="project")
def hook_script(edit: Edit) -> None:
    """It went with a switch."""
    edit.write("planted/run.sh", "#!/bin/sh\nset -eu\nsh planted/absent.sh\n", executable=True)


def image(id: str, title: str, text: str, *, ignore: str = "") -> Mutant:
    """A Dockerfile of its own, which nothing builds."""

    @mutant(id, title, fires="TR015", at="project")
    def plant(edit: Edit) -> None:
        edit.write("planted/there.txt", "there\n")
        edit.write("planted/Dockerfile", text)
        if ignore:
            edit.write("planted/.dockerignore", ignore)

    return plant


COPY = image(
    "TR015-copy", "an image copies what is not there", "FROM scratch\nCOPY there.txt absent.txt /srv/\n"
)
IGNORED = image(
    "TR015-ignored",
    "an ignore file keeps away what an image copies",
    "FROM scratch\nCOPY there.txt /srv/\n",
    ignore="*\n!Dockerfile\n",
)
MOUNTED = image(
    "TR015-mount",
    "an image reads a lock that is not in its context",
    "FROM scratch\nRUN --mount=type=bind,source=.,target=/locks \\\n    pip install -r /locks/absent.lock\n",
)
STAGE = image(
    "TR015-stage", "an image copies from a stage that is not there", "FROM scratch\nCOPY --from=built /a /a\n"
)
THROUGH = image(
    "TR015-through",
    "an image copies from a stage what that stage never got",
    "FROM scratch AS build\nWORKDIR /srv\nCOPY . .\nFROM scratch\nCOPY --from=build /srv/absent.conf /etc/\n",
)


def _compose(edit: Edit, change: Callable[[dict[str, Any]], None]) -> None:
    """One more service in the first compose file, behind a profile: nothing starts it."""
    usual = re.compile(r"^services:\n  \w", re.M)
    name = edit.there(
        lambda name, file: bool(COMPOSE.search(name) and usual.search(file.text or "")),
        "planted/compose.yml",
        _SERVICES,
    )
    planted: dict[str, Any] = {"image": "busybox:1", "profiles": ["planted"]}
    change(planted)
    text = yaml.safe_dump({"planted": planted}, sort_keys=False)
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    edit.write(
        name, re.sub(r"^services:\n", lambda _: f"services:\n{lines}", edit.text(name), count=1, flags=re.M)
    )


def service(id: str, title: str, fires: str, **given: Any) -> Mutant:
    @mutant(id, title, fires=fires, at="project")
    def plant(edit: Edit) -> None:
        _compose(edit, lambda planted: planted.update(given))

    return plant


CONTEXT = service(
    "TR015-context", "a service is built from a folder that is not there", "TR015", build="./planted"
)
VOLUME = service(
    "TR015-volume", "a service mounts what is not there", "TR015", volumes=["./planted:/planted:ro"]
)
NETWORK = service(
    "TR015-network", "a service uses a network that is not declared", "TR015", networks=["planted"]
)
DEPENDS = service("TR015-depends", "a service depends on one that is not there", "TR015", depends_on=["gone"])
NO_HOST = service(
    "TR016-host", "a service asks a host that is none", "TR016", environment={"API_URL": "http://gone:8000/"}
)


@mutant("TR015-hook", "a hook looks at files that are not there", fires="TR015", at="project")
def hook_files(edit: Edit) -> None:
    """Their folder was renamed."""
    name = edit.there(lambda name, file: name == ".pre-commit-config.yaml", ".pre-commit-config.yaml", _HOOKS)
    config = yaml.safe_load(edit.text(name))
    config["repos"][0]["hooks"][0]["files"] = "^planted/"
    edit.write(name, yaml.safe_dump(config, sort_keys=False))


@mutant("TR015-config", "a configuration names a folder that is not there", fires="TR015", at="project")
def configured(edit: Edit) -> None:
    """It was renamed."""
    edit.write("planted/pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["checks"]\n')
