"""A template's free texts, and its renders as comparable shapes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.bake.provenance import Provenance
from pytest_saas_validate.combos import Combo, combine
from pytest_saas_validate.evidence.render import Fault, Shape
from pytest_saas_validate.evidence.render_answers import without_answers
from pytest_saas_validate.probes import Renders
from pytest_saas_validate.project import File, Project, read_files

_COMPARED = re.compile(
    r"cookiecutter\.(\w+)(?:\|\w+|\.\w+\(\))*\s*(?:==|!=|\bin\b)|(?:==|!=|\bin)\s*cookiecutter\.(\w+)"
)

# One of these is accepted by most rules for a name, a slug, an address or a key.
_OTHERS = ("Quartz Harbour", "quartz-harbour", "https://quartz@quartz.example/1", "q@quartz.example", "7")
_OPPOSITES = {"y": "n", "yes": "no", "true": "false", "on": "off"}
_SPELLED = (str.lower, str.title, str.upper)


@dataclass(frozen=True)
class Text:
    """A variable that is answered with free text."""

    name: str
    default: str

    @property
    def derived(self) -> bool:
        """Whether its default is made of other answers."""
        return "{{" in self.default

    @property
    def opposite(self) -> str:
        """The other word when its default is one of yes and no, spelled alike; else empty."""
        pairs = {**_OPPOSITES, **{no: yes for yes, no in _OPPOSITES.items()}}
        spell = next((spell for spell in _SPELLED if spell(self.default) == self.default), str)
        return spell(pairs.get(self.default.lower(), ""))

    @property
    def others(self) -> tuple[str, ...]:
        """Answers that may be taken in place of the default, best first."""
        return (self.opposite, *_OTHERS) if self.opposite else _OTHERS

    def made_of(self, other: str) -> bool:
        """Whether its default uses that variable."""
        named = rf"cookiecutter(?:\.{re.escape(other)}\b|\[\s*['\"]{re.escape(other)}['\"]\s*\])"
        return self.derived and bool(re.search(named, self.default))


def texts(template: Path) -> tuple[Text, ...]:
    """The free texts of a template, in its order; private variables are none."""
    variables = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    return tuple(Text(n, v) for n, v in variables.items() if isinstance(v, str) and not n.startswith("_"))


def answered(renders: Renders, combo: Combo, text: Text) -> Iterator[Project]:
    """The renders with each of the other answers that the template takes, made when asked for."""
    for other in text.others:
        try:
            yield renders.again(combo, **{text.name: other})
        except BakeError:
            continue


def compared(template: Path) -> frozenset[str]:
    """Variables that a template compares with words of its own: no place shows what they decide."""
    found = read_files(template).items()
    words = "\n".join(f"{name}\n{file.text or ''}" for name, file in found)
    return frozenset(one or other for one, other in _COMPARED.findall(words))


def default(renders: Renders) -> Combo:
    """What cookiecutter renders when nothing is said."""
    return combine(renders.options, {}, renders.features)


def fullest(renders: Renders) -> Combo:
    """Every switch on."""
    answers = {option.name: option.on for option in renders.options if option.feature}
    return combine(renders.options, answers, renders.features)


def barest(renders: Renders) -> Combo:
    """Every switch off."""
    answers = {
        option.name: next(choice for choice in option.choices if choice != option.on)
        for option in renders.options
        if option.feature
    }
    return combine(renders.options, answers, renders.features)


@dataclass
class Shapes:
    """Makes shapes; equal contents are digested once in the life of one of these."""

    _known: dict[tuple[str, File], str] = field(default_factory=dict)

    def of(self, project: Project) -> Shape:
        """The shape of a render, without the answers that it records."""
        digests = {name: self._digest(name, file) for name, file in project.files.items()}
        return Shape(project.combo.id, project.combo.mapping, project.features, digests)

    def _digest(self, name: str, file: File) -> str:
        key = (name, file)
        if key not in self._known:
            content = file.content if file.text is None else without_answers(name, file.text).encode()
            self._known[key] = hashlib.sha256(bytes([file.executable]) + content).hexdigest()
        return self._known[key]


def traced(faults: Iterable[Fault], template: Path, *renders: Project) -> Iterator[Fault]:
    """Each with its place in the template, by the first of these renders that has the file."""
    made = [Provenance(project, template) for project in renders]
    for fault in faults:
        sources = (each.source(fault.where) for each in made)
        yield replace(fault, source=next(filter(None, sources), ""))


def plain_paths(sources: Mapping[str, File]) -> Iterator[str]:
    """Files of the project folder inside a template whose names do not depend on any answer."""
    for name in sources:
        folder, _, path = name.partition("/")
        if "{{" in folder and "cookiecutter" in folder and path and not any(x in path for x in ("{{", "{%")):
            yield path
