"""Evidence about answers that break careless templates."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.bake import BakeError, Escape
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.render import Fault, Hostile
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, Renders
from pytest_saas_validate.probes.render_compared import Before
from pytest_saas_validate.probes.render_naming import Naming
from pytest_saas_validate.probes.render_template import differing
from pytest_saas_validate.probes.render_variables import Text, barest, compared, fullest, texts
from pytest_saas_validate.project import Project

_ESCAPED = "saasvalidateescaped"  # the same in every kind of slug
# Legal in most templates: tried together first, one by one only when something is wrong with all of them.
_LEGAL = {
    "an apostrophe": "O'Brien & Sons",
    "other scripts": "Zoë 東京 café",
    "a leading digit": "3rd rail",
    "YAML syntax": "key: [a, # b",
}
_TOGETHER = "3rd O'Brien & Zoë 東京: [a, # b"
_WORDS = ("yes", "123", "null")  # what readers of YAML take for something else than text
_RISKY = {
    "double quotes": 'The "best" notes',
    "a backslash": "back\\slash \\n notes",
    "great length": "a very long name " * 6 + "of notes",  # a folder may still be called so
    "nothing": "",
    "a path": f"../../{_ESCAPED}",
    "a line break": "two\nlines",
    "a substitution": "$(id) `id` ${HOME}",
    "a tag": "</title><b>notes</b>",
}
_FORGOTTEN = (
    "other scripts",
    "a number",
    "a word of YAML",
    "great length",
    "nothing",
    "a path",
    "a line break",
)
_NO_NAME = "OutputDirExistsException"  # cookiecutter itself refuses a project without a name
_ABSOLUTE = re.compile(r"/(?:[^/\s'\"]+/){2,}")
_VANISH = "vanish.example"


@dataclass
class _Trials:
    """Tries answers one after the other on one combination."""

    renders: Renders
    combo: Combo
    variables: tuple[Text, ...]
    refused: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    crashed: list[Fault] = field(default_factory=list)
    broken: list[Fault] = field(default_factory=list)
    outside: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = Before(self.renders.project(self.combo))
        self.compared = compared(self.renders.template)
        self.naming = Naming(self.renders.template, self.variables)

    @property
    def wrong(self) -> int:
        """How much was found so far."""
        return len(self.crashed) + len(self.broken) + len(self.outside)

    @cached_property
    def home(self) -> Path:
        """The folder above every output folder of a second bake."""
        return self.renders.again(self.combo).root.resolve().parent.parent

    def attempt(self, label: str, answers: Mapping[str, str], *, twice: bool = False) -> Sequence[str]:
        """Give all of these answers at once; leave out what is refused, until a project comes out.

        Returns the names whose answers it came out with.
        """
        pending = dict(answers)
        while pending:
            where = f"{self.naming.given(pending)} = {label}"
            try:
                project = self.renders.again(self.combo, **pending)
            except Escape:
                self.outside.append(Fault(where, "renders to a place outside of the project"))
                return ()
            except BakeError as problem:
                self._look_outside(where, None)
                blamed = self._blamed(str(problem), pending)
                if not blamed and len(pending) > 1 and _sentence(str(problem)):  # it does not say of which
                    alone = [self.attempt(label, {name: value}) for name, value in pending.items()]
                    return [name for names in alone for name in names]
                if not blamed:
                    words = f"neither refused with a sentence nor rendered: {_last(problem)}"
                    self.crashed.append(Fault(where, words))
                    return ()
                self.refused += [f"{name} = {label}" for name in blamed]
                pending = {name: value for name, value in pending.items() if name not in blamed}
                continue
            self.accepted.append(where)
            if self._look_outside(where, project):
                break
            self._judge(label, pending, project)
            if twice:
                self._again(label, pending, project)
            break
        return list(pending)

    def _blamed(self, words: str, pending: Mapping[str, str]) -> list[str]:
        """Which of the answers a hook's sentences name, themselves or by what is derived from them."""
        if _NO_NAME in words.partition("\n")[0]:
            return [name for name, value in pending.items() if not value]
        said = _sentence(words)
        if said and len(pending) == 1:
            return list(pending)
        named = {text for text in self.variables if re.search(rf"\b{re.escape(text.name)}\b", said)}
        direct = [name for name in pending if any(text.name == name for text in named)]
        return direct or [name for name in pending if any(text.made_of(name) for text in named)]

    def _judge(self, label: str, answers: Mapping[str, str], project: Project) -> None:
        olds: dict[str, frozenset[str]] = {}  # several variables may have one default
        for text in self.variables:
            if text.name in answers and _telling(text) and text.name not in self.compared:
                olds[text.default] = olds.get(text.default, frozenset()) | {answers[text.name]}
        self.broken += self.naming.told(self.base.new(project, olds), label, answers, project)

    def _again(self, label: str, answers: Mapping[str, str], first: Project) -> None:
        """Bake it once more; saying an answer of the combination again keeps it apart from the first."""
        said = dict(self.combo.answers[:1])
        if said:
            second = self.renders.again(self.combo, **answers, **said)
            self.broken += self.naming.told(differing(first, second), label, answers, first)

    def _look_outside(self, where: str, project: Project | None) -> bool:
        """Whether something was written beside the output folder, which is taken away at once."""
        places = [self.home, *list(self.home.parents)[:3]]
        found = [folder / _ESCAPED for folder in places if (folder / _ESCAPED).exists()]
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        root = project.root.resolve() if project is not None else self.home / "folder" / "project"
        if found or self.home not in root.parents or root.parent == self.home:
            self.outside.append(Fault(where, "was written beside the output folder"))
            return True
        if root.parent.parent != self.home:
            self.outside.append(Fault(where, "made more than one folder"))
        return False

    def vanish(self, text: Text, features: Sequence[str]) -> None:
        """An answer that belongs to a switched-off feature must leave no trace."""
        where = f"{text.name} although {', '.join(features)} is off"
        try:
            project = self.renders.again(self.combo, **{text.name: f"https://quartz@{_VANISH}/1"})
        except BakeError as problem:
            if self._blamed(str(problem), {text.name: _VANISH}):
                self.refused.append(where)
            else:
                self.crashed.append(Fault(where, _last(problem)))
            return
        self.accepted.append(where)
        self.broken += [
            Fault(name, f"holds the answer to {where}", project.origins.get(name, ""))
            for name, file in project.files.items()
            if _VANISH in (file.text or "")
        ]


def _sentence(words: str) -> str:
    """What a hook said that ended by itself; empty when it broke, or when it was none."""
    head, _, said = words.partition("\n")
    return "" if "Hook" not in head or "Traceback" in said else said.strip()


def _last(problem: BaseException) -> str:
    """Without where this run keeps things: equal in another run."""
    lines = str(problem).strip().splitlines()
    said = lines[-1].rpartition(" does not render: ")[2] if lines else type(problem).__name__
    return _ABSOLUTE.sub(".../", said)[:200]


def _telling(text: Text) -> bool:
    """Whether a place that holds the default holds it because of this variable."""
    return not text.derived and len(text.default) >= 4


def _within(feature: str, variable: str) -> bool:
    """Whether a variable's name says that it belongs to a feature, word by word."""
    return f"_{feature}_" in f"_{variable}_"


def _try_all(trials: _Trials, names: Sequence[str]) -> None:
    free = trials.attempt("several at once", dict.fromkeys(names, _TOGETHER), twice=True)
    if trials.wrong or not free:
        for label, value in _LEGAL.items():
            trials.attempt(label, dict.fromkeys(names, value))
        free = free or names
    words = {name: _WORDS[index % len(_WORDS)] for index, name in enumerate(free)}
    words |= {text.name: _WORDS[-1] for text in trials.variables if text.opposite and text.name in words}
    trials.attempt("a word of YAML", words)
    for label, value in _RISKY.items():
        trials.attempt(label, dict.fromkeys(free, value))
    for name in names:
        if name not in free:
            _try_format(trials, name)


def _try_format(trials: _Trials, name: str) -> None:
    """A variable with a format refuses an apostrophe: then only what formats forget is tried."""
    strict = not trials.attempt("an apostrophe", {name: _LEGAL["an apostrophe"]})
    for label, value in {**_LEGAL, "a number": "123", "a word of YAML": "null", **_RISKY}.items():
        if label in _FORGOTTEN or not strict:
            trials.attempt(label, {name: value})


def _hostile(renders: Renders) -> Hostile:
    variables = texts(renders.template)
    if not variables:
        return Hostile((), (), (), (), (), ("the template has no free text",))
    full = _Trials(renders, fullest(renders), variables)
    _try_all(full, [text.name for text in variables if not text.derived])
    for text in variables:
        if text.derived:
            _try_format(full, text.name)
    bare = _Trials(renders, barest(renders), variables)
    for text in variables:
        owners = [name for name in sorted(fullest(renders).features) if _within(name, text.name)]
        if owners:
            bare.vanish(text, owners)
    both = (full, bare)
    return Hostile(
        refused=tuple(x for t in both for x in t.refused),
        accepted=tuple(x for t in both for x in t.accepted),
        crashed=tuple(x for t in both for x in t.crashed),
        broken=tuple(x for t in both for x in t.broken),
        outside=tuple(x for t in both for x in t.outside),
    )


HOSTILE = Probe(evidence=Hostile, subject=Subject.TEMPLATE, gather=_hostile, seconds=3.0)
