"""TR: whether what commands name is there, in every combination."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.render import Rendered
from pytest_saas_validate.evidence.render_calls import MAKEFILE, WORKFLOW, calls, commands, line_of, read
from pytest_saas_validate.evidence.render_entries import entries
from pytest_saas_validate.evidence.render_makefile import read_makefile
from pytest_saas_validate.evidence.render_there import There
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "TR014",
    severity=Severity.HIGH,
    title="Commands name make targets, npm scripts, modules, hooks, jobs and services that are there",
    why="a newcomer's first command fails, and a workflow with an unknown job in `needs` is refused whole, "
    "so that no push is tested",
    remedy="mend the name, or make the command depend on the same switch as what it calls",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def called(rendered: Rendered) -> Iterator[Finding]:
    """Commands in workflows, Makefiles, hooks, scripts, documents, images and compose files; what Makefiles
    make of what; which jobs a workflow waits for; what the commands and plugins of a pyproject.toml start."""
    there = There(rendered.files)
    for call in calls(rendered.files):
        for command in commands(call):
            for message in dict.fromkeys(there.problems(command)):
                yield Finding(where=command.where, message=message)
    for name, file in rendered.files.items():
        if MAKEFILE.search(name):
            yield from _makefile(name, rendered)
        elif WORKFLOW.search(name):
            yield from _jobs(name, file.text or "")
        elif posixpath.basename(name) == "pyproject.toml":
            yield from _entries(name, file.text or "", there)


def _entries(name: str, text: str, there: There) -> Iterator[Finding]:
    for entry in entries(text):
        problem = there.lost(entry)
        if problem:
            where = f"{name}:{line_of(text, entry.written)}"
            yield Finding(where=where, message=f"{entry.name} starts {entry.written}: {problem}")


def _makefile(name: str, rendered: Rendered) -> Iterator[Finding]:
    made, home = read_makefile(name, rendered.files), posixpath.dirname(name)
    for number, path in made.absent:
        yield Finding(where=f"{name}:{number}", message=f"includes {path}, which is not there")
    if made.open or name.endswith(".mk"):
        return
    for number, target, wanted in made.wanted:
        place = posixpath.normpath(posixpath.join(home, wanted))
        if not made.makes(wanted) and place not in rendered.files:
            yield Finding(where=f"{name}:{number}", message=f"{target} needs {wanted}, which nothing makes")
    for number, target in made.phony:
        if not made.makes(target):
            yield Finding(where=f"{name}:{number}", message=f"declares {target} phony without a rule")


def _jobs(name: str, text: str) -> Iterator[Finding]:
    jobs = read(text).get("jobs")
    if not isinstance(jobs, dict):
        return
    for job, body in jobs.items():
        asked = body.get("needs") if isinstance(body, dict) else None
        needs = [asked] if isinstance(asked, str) else list(asked or ())
        for needed in needs:
            if needed not in jobs:
                where = f"{name}:{line_of(text, f'{job}:')}"
                yield Finding(where=where, message=f"job {job} needs {needed}, which is no job here")
        told = set(re.findall(r"\bneeds\.([\w-]+)\.", json.dumps(body))) - {"*"}
        for needed in sorted(told - set(needs)):
            where = f"{name}:{line_of(text, f'needs.{needed}.')}"
            yield Finding(where=where, message=f"job {job} reads needs.{needed}, and does not need it")
