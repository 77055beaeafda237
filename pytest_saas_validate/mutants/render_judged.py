"""Defects that public judges find, planted in any project."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.tools import find


def file(id: str, title: str, tool: str, path: str, text: str, *, also: str = "") -> Mutant:
    """A file of its own that breaks one rule."""

    @mutant(id, title, fires=id.partition("-")[0], also={also} - {""}, at="project")
    def plant(edit: Edit) -> None:
        if tool and not find(tool).path:
            raise NotPlantable(f"{tool} is not here")
        edit.write(path, text, executable=text.startswith("#!"))

    return plant


_WORKFLOW = ".github/workflows/planted.yml"
_STEPS = "on: push\njobs:\n  planted:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo planted\n"
SCHEMA = "check-jsonschema"
RUNNER = file(
    "TR025-workflow",
    "a job of a workflow has no runner",
    SCHEMA,
    _WORKFLOW,
    _STEPS.replace("    runs-on: ubuntu-24.04\n", ""),
)
SERVICE = file(
    "TR025-compose",
    "a service of a compose file has a key that is none",
    SCHEMA,
    "planted/compose.yml",
    "services:\n  planted:\n    image: scratch\n    restrat: always\n",
)
UPDATES = file(
    "TR025-dependabot",
    "dependabot is told of an ecosystem that is none",
    SCHEMA,
    ".github/dependabot.yml",
    "version: 2\nupdates:\n  - package-ecosystem: pypi\n    directory: /\n    schedule: {interval: weekly}\n",
)
OPERATOR = file(
    "TR002-expression",
    "an expression of a workflow cannot be read",
    "",
    _WORKFLOW,
    _STEPS.replace("echo planted", "echo ${{ github.ref = 'main' }}"),
)
CONTEXT = file(
    "TR002-context",
    "an expression of a workflow names what there is not",
    "",
    _WORKFLOW,
    _STEPS.replace("echo planted", "echo ${{ gihtub.ref }}"),
)
CLOSED = file(
    "TR002-open",
    "an expression of a workflow is never closed",
    "",
    _WORKFLOW,
    _STEPS.replace("echo planted", "echo ${{ github.ref }"),
)
STAGE = file(
    "TR026-stage",
    "two stages of an image have one name",
    "hadolint",
    "planted/Dockerfile",
    "FROM scratch AS planted\nFROM scratch AS planted\n",
)
PORT = file(
    "TR026-port",
    "an image exposes a port that is none",
    "hadolint",
    "planted/Dockerfile",
    "FROM scratch\nEXPOSE 80800\n",
)
WORDS = file(
    "TR027-words",
    "a script takes its arguments apart",
    "shellcheck",
    "planted.sh",
    '#!/bin/sh\nset -eu\nfor one in $@; do\n    echo "$one"\ndone\n',
)
MIXED = file(
    "TR027-mixed",
    "a script mixes a text and all of its arguments",
    "shellcheck",
    "planted.sh",
    '#!/bin/bash\nset -eu\nlogger "planted: $@"\n',
)
NAME = file(
    "TR028-name",
    "a module uses a name that it does not import",
    "ruff",
    "planted.py",
    "def planted() -> str:\n    return os.sep\n",
)
EXPORT = file(
    "TR028-export",
    "a module promises a name that it does not have",
    "ruff",
    "planted.py",
    '__all__ = ["planted"]\n',
)


@mutant("TR024-long", "documents are longer than anybody reads", fires="TR024", at="project")
def long(edit: Edit) -> None:
    """All in one file."""
    edit.write("planted.md", "Planted.\n" * (edit.spec.limits.document_lines + 1))


@mutant("TR024-many", "there are more documents than anybody reads", fires="TR024", at="project")
def many(edit: Edit) -> None:
    """Each of them is short."""
    for number in range(20):
        edit.write(f"planted/{number}.md", "Planted.\n" * (edit.spec.limits.document_lines // 20 + 1))
