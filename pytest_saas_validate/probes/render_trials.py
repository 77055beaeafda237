"""Answers tried one after the other on one combination: what becomes of each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake import BakeError, Escape
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.probes import Renders
from pytest_saas_validate.probes.render_compared import Before
from pytest_saas_validate.probes.render_naming import Naming
from pytest_saas_validate.probes.render_template import differing
from pytest_saas_validate.probes.render_variables import Text, compared
from pytest_saas_validate.project import Project

_NO_NAME = "OutputDirExistsException"  # cookiecutter itself refuses a project without a name
_ABSOLUTE = re.compile(r"/(?:[^/\s'\"]+/){2,}")


@dataclass
class Trials:
    """Gives answers, and keeps what came of them. `escaped` is what a path out of the project ends with."""

    renders: Renders
    combo: Combo
    variables: tuple[Text, ...]
    escaped: str
    refused: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    crashed: list[Fault] = field(default_factory=list)
    broken: list[Fault] = field(default_factory=list)
    outside: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = Before(self.renders.project(self.combo))
        self.compared = compared(self.renders.template)
        self.naming = Naming(self.renders.template, self.free)

    @property
    def wrong(self) -> int:
        """How much was found so far."""
        return len(self.crashed) + len(self.broken) + len(self.outside)

    @property
    def free(self) -> tuple[str, ...]:
        """The names of those whose default is no other's answer: they can be answered together."""
        return tuple(text.name for text in self.variables if not text.derived)

    @property
    def outcome(self) -> dict[str, tuple[Any, ...]]:
        """What came of them, by the fields of the evidence."""
        names = ("refused", "accepted", "crashed", "broken", "outside")
        return {name: tuple(getattr(self, name)) for name in names}

    @cached_property
    def home(self) -> Path:
        """The folder above every output folder of a second bake."""
        return self.renders.again(self.combo).root.resolve().parent.parent

    def attempt(
        self, label: str, answers: Mapping[str, str], *, who: str = "", twice: bool = False
    ) -> Sequence[str]:
        """Give all of these answers at once; leave out what is refused, until a project comes out.

        Returns the names whose answers it came out with. `who` names those that answer, if not one by one.
        """
        pending = dict(answers)
        while pending:
            names = who or ", ".join(pending)
            where = f"{names} = {label}"
            try:
                project = self.renders.again(self.combo, **pending)
            except Escape:
                self.outside.append(Fault(where, "renders to a place outside of the project"))
                return ()
            except BakeError as problem:
                self._look_outside(where, None)
                blamed = self.blamed(str(problem), pending)
                if not blamed and len(pending) > 1 and _sentence(str(problem)):  # it does not say of which
                    alone = [self.attempt(label, {name: value}) for name, value in pending.items()]
                    return [name for names in alone for name in names]
                if not blamed:
                    words = f"neither refused with a sentence nor rendered: {last(problem)}"
                    self.crashed.append(Fault(where, words))
                    return ()
                self.refused += [f"{name} = {label}" for name in blamed]
                pending = {name: value for name, value in pending.items() if name not in blamed}
                continue
            self.accepted.append(where)
            if self._look_outside(where, project):
                break
            found = [*self._new(pending, project), *(self._changes(pending, project) if twice else ())]
            self.broken += self.naming.told(found, label, pending, names, project)
            break
        return list(pending)

    def blamed(self, words: str, pending: Mapping[str, str]) -> list[str]:
        """Which of the answers a hook's sentences name, themselves or by what is derived from them."""
        if _NO_NAME in words.partition("\n")[0]:
            return [name for name, value in pending.items() if not value]
        said = _sentence(words)
        if said and len(pending) == 1:
            return list(pending)
        named = {text for text in self.variables if re.search(rf"\b{re.escape(text.name)}\b", said)}
        direct = [name for name in pending if any(text.name == name for text in named)]
        return direct or [name for name in pending if any(text.made_of(name) for text in named)]

    def _new(self, answers: Mapping[str, str], project: Project) -> Iterator[Fault]:
        """What is wrong with these answers only."""
        olds: dict[str, frozenset[str]] = {}  # several variables may have one default
        for text in self.variables:
            if text.name in answers and _telling(text) and text.name not in self.compared:
                olds[text.default] = olds.get(text.default, frozenset()) | {answers[text.name]}
        return self.base.new(project, olds)

    def _changes(self, answers: Mapping[str, str], first: Project) -> Iterator[Fault]:
        """What another bake makes otherwise; saying an answer of the combination again keeps them apart."""
        said = dict(self.combo.answers[:1])
        if said:
            yield from differing(first, self.renders.anew(self.combo, **answers, **said))

    def _look_outside(self, where: str, project: Project | None) -> bool:
        """Whether something was written beside the output folder, which is taken away at once."""
        places = [self.home, *list(self.home.parents)[:3]]
        found = [folder / self.escaped for folder in places if (folder / self.escaped).exists()]
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        root = project.root.resolve() if project is not None else self.home / "folder" / "project"
        if found or self.home not in root.parents or root.parent == self.home:
            self.outside.append(Fault(where, "was written beside the output folder"))
            return True
        if root.parent.parent != self.home:
            self.outside.append(Fault(where, "made more than one folder"))
        return False


def _sentence(words: str) -> str:
    """What a hook said that ended by itself; empty when it broke, or when it was none."""
    head, _, said = words.partition("\n")
    return "" if "Hook" not in head or "Traceback" in said else said.strip()


def last(problem: BaseException) -> str:
    """Without where this run keeps things: equal in another run."""
    lines = str(problem).strip().splitlines()
    said = lines[-1].rpartition(" does not render: ")[2] if lines else type(problem).__name__
    return _ABSOLUTE.sub(".../", said)[:200]


def _telling(text: Text) -> bool:
    """Whether a place that holds the default holds it because of this variable."""
    return not text.derived and len(text.default) >= 4
