"""Which answers a finding names: words that stay when the template gets another variable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.combos import read_by_file
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.project import Project

TOGETHER = "free texts"  # answered at once, however many there are


@dataclass(frozen=True)
class Naming:
    """Names the free texts of one template."""

    template: Path
    free: tuple[str, ...]  # those that are answered together

    @cached_property
    def _reads(self) -> Mapping[str, frozenset[str]]:
        return read_by_file(self.template, frozenset(self.free))

    def told(
        self, faults: Iterable[Fault], label: str, names: Collection[str], who: str, project: Project
    ) -> Iterator[Fault]:
        """Each with those answers that its file reads, and the file of the template that it is made of; with
        `who` answered where that is not seen."""
        for fault in faults:
            source = _origin(fault, project)
            read = [name for name in names if name in self._reads.get(source, ())]
            words = f"with {', '.join(read) or who} = {label}: {fault.message}"
            yield Fault(fault.where, words, source)


def _origin(fault: Fault, project: Project) -> str:
    """The file of the template that the file of a fault is made of; empty when a hook made it."""
    made = (project.origins[name] for name in project.origins if f"{fault.where}:".startswith(f"{name}:"))
    return next(made, "")
