"""How evidence is gathered: one `Probe` for each kind of evidence, found by scanning this package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from pytest_saas_validate.bake import Way
from pytest_saas_validate.combos import Combo, Feature, Option
from pytest_saas_validate.engines import Stack
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.project import Project


class Unavailable(Exception):
    """Evidence cannot be gathered here because something is not installed; says what and how to get it."""


class ProbeError(Exception):
    """Evidence could not be gathered although it should have been; says what went wrong."""


class Effect(StrEnum):
    """What a probe does to a stack, mildest first: `disrupts` shares it and runs last (it stops services and
    starts them again), `destroys` gets a stack of its own."""

    READS = "reads"
    WRITES = "writes"
    DISRUPTS = "disrupts"
    DESTROYS = "destroys"


class Renders(Protocol):
    """A template and its renders, each baked when first asked for."""

    @property
    def template(self) -> Path:
        """The folder that holds cookiecutter.json."""
        ...

    @property
    def options(self) -> tuple[Option, ...]:
        """The template's options."""
        ...

    @property
    def features(self) -> Mapping[str, Feature]:
        """What the table says of its features."""
        ...

    @property
    def combos(self) -> tuple[Combo, ...]:
        """The combinations of this run."""
        ...

    @property
    def hooks(self) -> bool:
        """Whether the template's hooks are run."""
        ...

    def project(self, combo: Combo) -> Project:
        """The render of a combination; raises BakeError."""
        ...

    def again(self, combo: Combo, **extra: str) -> Project:
        """A second bake of it, with further variables answered; raises BakeError."""
        ...

    def anew(self, combo: Combo, **extra: str) -> Project:
        """The same with nothing in common with the first that may be by chance; raises BakeError."""
        ...

    def otherwise(self, combo: Combo, way: Way) -> Project:
        """A bake of it whose hooks are run another way; raises BakeError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Gathers one kind of evidence.

    `gather` takes `(renders)` when the subject is the template, `(project, features)` when it is a
    project, and `(project, stack)` when it is a stack. It returns the complete value, or raises
    `Unavailable` (not here) or anything else (an error). `inputs` names the paths that decide the
    evidence and `table` the parts of the project's table that do; None and () mean the whole project, or
    everything that the stack is made of. `beyond` tells what else decides it, from the folder of the project
    or template, and `outside` which files do that are none of the project's. `together` gathers of many
    projects at once, where one program can judge all of them. `seconds` is about what it costs for one
    template: the longest is begun first.
    """

    evidence: type
    subject: Subject
    gather: Callable[..., Any]
    effect: Effect = Effect.READS
    inputs: Callable[[Project], Sequence[str]] | None = None
    table: tuple[str, ...] = ()
    beyond: Callable[[Path], object] | None = None
    outside: Callable[[Project], object] | None = None
    together: Callable[[Sequence[Project], Mapping[str, Feature]], Sequence[Any]] | None = None
    seconds: float = 0.0

    def decisive(self, project: Project) -> str:
        """Names the inputs of a project: equal names give equal evidence. Worked out once for a project."""
        if self.evidence not in project.derived:
            project.derived[self.evidence] = self._decisive(project)
        return project.derived[self.evidence]

    def _decisive(self, project: Project) -> str:
        names = self.inputs(project) if self.inputs else (".",)
        files = project.digest(*names) if names else ""  # no path would mean every one
        told = [getattr(project.spec, part) for part in self.table] if self.table else project.given
        beyond = self.beyond(project.root) if self.beyond else ""
        outside = self.outside(project) if self.outside else ""
        return f"{files}{told!r}{beyond!r}{outside!r}"


def owned(stack: Stack, what: str) -> None:
    """Refuse to destroy in a stack that this run did not start; raises ProbeError."""
    if not stack.owned:
        raise ProbeError(f"{what} destroys data and was refused: this run did not start these servers")


@cache
def probes() -> dict[type, Probe]:
    """The probe of each kind of evidence."""
    found: dict[type, Probe] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Probe):
                found[value.evidence] = value
    return found
