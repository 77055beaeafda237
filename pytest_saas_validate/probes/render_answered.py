"""Evidence about free texts: whether answers are taken everywhere, and whether they should be choices."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.evidence.render import Fault, Partial, Switchlike
from pytest_saas_validate.evidence.render_partial import distinctive, stands
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, Renders
from pytest_saas_validate.probes.render_variables import Shapes, Text, answered, fullest, texts
from pytest_saas_validate.project import File, Project

_SOURCE = "cookiecutter.json"
_UNKNOWN = "perhaps"  # no spelling of yes or no
_LANGUAGE = re.compile(r"lang|locale|country|region", re.I)  # no is Norwegian, on is in Ontario


def _partial(renders: Renders) -> Partial:
    base = renders.project(fullest(renders))
    raw = _copied(renders.template)
    faults: list[Fault] = []
    unreached: list[str] = []
    for text in texts(renders.template):
        old = base.variables.get(text.name, "")
        other = _other(renders, text, old) if distinctive(old) else None
        if other is None:
            unreached.append(f"{text.name}: its default may stand anywhere, or no other answer is accepted")
        elif any(old in value for name, value in other.variables.items() if name != text.name):
            unreached.append(f"{text.name}: its default is part of another variable")
        else:
            found = stands(old, _rendered(base, raw), _rendered(other, raw))
            said = f"{text.name} is {other.variables[text.name]!r}, and its default {old!r} stands"
            faults += [Fault(fault.where, f"{said}: {fault.message}") for fault in found]
    return Partial(tuple(faults), tuple(unreached))


def _other(renders: Renders, text: Text, old: str) -> Project | None:
    """The first render with another answer, without the old one in it."""
    for project in answered(renders, fullest(renders), text):
        if old not in project.variables.get(text.name, old):
            return project
    return None


def _copied(template: Path) -> tuple[str, ...]:
    """The patterns of what is copied as it is."""
    known = json.loads((template / _SOURCE).read_text(encoding="utf-8"))
    return tuple(str(pattern) for pattern in known.get("_copy_without_render", ()))


def _rendered(project: Project, raw: tuple[str, ...]) -> Mapping[str, File]:
    return {
        name: file
        for name, file in project.files.items()
        if not any(fnmatch.fnmatch(_inside(project, name), pattern) for pattern in raw)
    }


def _inside(project: Project, name: str) -> str:
    """Its path below the project's folder inside the template."""
    return project.origins.get(name, name).partition("/")[2]


def _switchlike(renders: Renders) -> Switchlike:
    return Switchlike(
        tuple(
            fault
            for text in texts(renders.template)
            if text.opposite and not _LANGUAGE.search(text.name)
            for fault in _taken(renders, text)
        )
    )


def _taken(renders: Renders, text: Text) -> Iterator[Fault]:
    """What a word that is neither yes nor no does; nothing when it is refused."""
    combo, shapes = fullest(renders), Shapes()
    try:
        made = shapes.of(renders.again(combo, **{text.name: _UNKNOWN})).digests
    except BakeError:
        return
    means = "is written into the project"
    if made == shapes.of(renders.project(combo)).digests:
        means = f"counts as {text.default}"
    else:
        for other in answered(renders, combo, text):
            if other.variables.get(text.name) == text.opposite and made == shapes.of(other).digests:
                means = f"counts as {text.opposite}"
            break
    words = f"is free text with the default {text.default!r}; {_UNKNOWN!r} is taken silently and {means}"
    yield Fault(f"{_SOURCE}: {text.name}", words)


PARTIAL = Probe(evidence=Partial, subject=Subject.TEMPLATE, gather=_partial, seconds=0.3)
SWITCHLIKE = Probe(evidence=Switchlike, subject=Subject.TEMPLATE, gather=_switchlike, seconds=0.1)
