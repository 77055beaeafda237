"""Two bakes of a combination that differ in free answers: what is wrong in the second, and was not before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_leftover import leftovers
from pytest_saas_validate.evidence.render_python import read_python
from pytest_saas_validate.evidence.render_syntax import data_faults
from pytest_saas_validate.evidence.render_values import misread, values
from pytest_saas_validate.probes.render_scripts import read_scripts
from pytest_saas_validate.project import File, Project

_LINE = re.compile(r":\d+$")


@dataclass(frozen=True)
class Before:
    """The bake with the usual answers; its own faults are read once, for all that it is compared with."""

    project: Project

    @cached_property
    def faults(self) -> frozenset[tuple[str, str]]:
        """What is wrong without any strange answer."""
        project = self.project
        return frozenset(_named(fault) for fault in _read(project, project.files))

    @cached_property
    def by_origin(self) -> Mapping[str, str]:
        """File of the template -> file of this bake, where that is one only."""
        return {origin: name for name, origin in self.project.origins.items()}

    def twin(self, name: str, after: Project) -> str:
        """The file of this bake that a file of another one was made of the same source as; empty for none."""
        if name in self.project.files:
            return name
        return self.by_origin.get(after.origins.get(name, ""), "")

    def new(self, after: Project, answers: Mapping[str, frozenset[str]]) -> Iterator[Fault]:
        """Everything that is wrong in another bake only; `answers` maps usual ones to those that it got."""
        same = set(self.project.files.values())  # under another name too
        changed = {name: file for name, file in after.files.items() if file not in same}
        faults = list(_read(after, changed))
        for fault in faults:
            name, words = _named(fault)
            if (self.twin(name, after), words) not in self.faults:
                yield fault
        broken = {_named(fault)[0] for fault in faults}
        for name in sorted(changed.keys() - broken):
            twin = self.twin(name, after)
            if twin:
                old, new = values(twin, self.project.files[twin]), values(name, changed[name])
                yield from (Fault(f"{name}: {place}", said) for place, said in misread(answers, old, new))
        yield from (Fault(name, "is missing") for name in sorted(self._missing(after)))

    def _missing(self, after: Project) -> Iterator[str]:
        """Files that are not there under any name: a path may depend on an answer too."""
        sources = set(after.origins.values())
        made = [name for name in after.files if name not in after.origins and name not in self.project.files]
        for name in self.project.files.keys() - after.files.keys():
            origin = self.project.origins.get(name)
            if origin is None:  # a hook made it: another name of that kind is what it made instead
                suffix = PurePosixPath(name).suffix
                if not any(PurePosixPath(other).suffix == suffix for other in made):
                    yield name
            elif (
                origin not in sources and "{%" not in origin
            ):  # else an answer may decide whether it is there
                yield name


def _read(project: Project, files: Mapping[str, File]) -> Iterator[Fault]:
    """What is wrong with some files of a bake, by all readers."""
    options = tuple(option for option, _ in project.combo.answers)
    yield from data_faults(files)
    yield from read_python({n: f for n, f in files.items() if n.endswith((".py", ".pyi"))}).faults
    yield from read_scripts(files, project.root).faults
    for name, file in files.items():
        yield from (
            Fault(f"{name}:{n}", f"holds {x!r}") for n, x in leftovers(name, file.text or "", options)
        )


def _named(fault: Fault) -> tuple[str, str]:
    """File and words of a fault, without lines, which move."""
    return _LINE.sub("", fault.where), re.sub(r"\d+", "", fault.message)
