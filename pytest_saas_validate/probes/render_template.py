"""Evidence that takes several renders of one template."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_saas_validate.combos import Combo, Option, combine
from pytest_saas_validate.evidence.render import Effects, Fault, Pair, Rebaked
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Renders
from pytest_saas_validate.probes.render_promises import REMOVES, Promises
from pytest_saas_validate.probes.render_variables import (
    Shapes,
    Text,
    answered,
    barest,
    compared,
    default,
    fullest,
    plain_paths,
    texts,
    traced,
)
from pytest_saas_validate.project import File, Project, read_files

HOOKS = ("pre_prompt", "pre_gen_project", "post_gen_project")
_DATED = re.compile(r"\{%-?\s*now\b.*?%\}")
# A year beside it is when the work was published, and meant.
_COPYRIGHT = re.compile(r"copyright|\(c\)|©", re.I)
_YEAR = re.compile(r"['\"]%Y['\"]")
_CONTEXTS = 16  # combinations that are tried before an answer is said to make no difference


def _effects(renders: Renders) -> Effects:
    shapes = Shapes()
    full = fullest(renders)
    sources = read_files(renders.template)
    promises = Promises(renders, sources)
    pairs = tuple(
        pair for option in renders.options for pair in _of_option(option, renders, shapes, promises)
    )
    seen = {shape.combo: shape for pair in pairs for shape in (pair.one, pair.other)}
    seen |= {combo.id: shapes.of(renders.project(combo)) for combo in (default(renders), full)}
    removed = sorted({p for p in plain_paths(sources) for s in seen.values() if p not in s.digests})
    hooks = tuple(name for name in sources if name.startswith("hooks/") and Path(name).stem in HOOKS)
    prunes = renders.hooks and any(
        "post_gen" in name and REMOVES.search(sources[name].text or "") for name in hooks
    )
    effects = {text.name: _changes(text, renders, shapes) for text in texts(renders.template)}
    # Of what is compared with words, nobody knows which words together make a difference.
    effects |= {name: None for name in compared(renders.template) if effects.get(name) is False}
    return Effects(
        pairs=pairs,
        inert=tuple(name for name, changes in effects.items() if changes is False),
        removed=tuple(removed),
        hooks=hooks,
        prunes=prunes,
        strays=tuple(_strays(renders.template, sources, hooks)),
        unreached=tuple(
            f"{n}: no other answer was found that it accepts and that tells"
            for n, c in effects.items()
            if c is None
        ),
    )


def _of_option(option: Option, renders: Renders, shapes: Shapes, promises: Promises) -> Iterator[Pair]:
    """Renders that differ in this option only; more of them for answers that make no difference so far."""
    made: list[Pair] = []

    def pair(one: Combo, other: Combo) -> Pair:
        first, second = shapes.of(renders.project(one)), shapes.of(renders.project(other))
        return Pair(option.name, option.feature or "", first, second, promises.of(option, first))

    made += [pair(a, b) for a, b in _pairs(option, renders, fullest(renders))]
    yield from made
    on_first = sorted(option.choices, key=lambda choice: bool(option.feature) and choice != option.on)
    for answers in itertools.combinations(on_first, 2):
        known = [p for p in made if {s.answers[option.name] for s in (p.one, p.other)} == set(answers)]
        if all(p.one.digests == p.other.digests for p in known):
            others = (
                pair(*(_answered(base, option, answer, renders) for answer in answers))
                for base in _contexts(option, renders)
            )
            first = next(others)
            yield next(
                (p for p in itertools.chain((first,), others) if p.one.digests != p.other.digests), first
            )


def _answered(base: Combo, option: Option, answer: str, renders: Renders) -> Combo:
    return combine(renders.options, {**base.mapping, option.name: answer}, renders.features)


def _contexts(option: Option, renders: Renders) -> Iterator[Combo]:
    """The default, everything on, everything off, and from the fullest every other answer alone."""
    full = fullest(renders)
    alone = (
        _answered(full, other, choice, renders)
        for other in renders.options
        if other.name != option.name
        for choice in other.choices
    )
    found = dict.fromkeys((default(renders), full, barest(renders), *alone))
    yield from itertools.islice(found, _CONTEXTS)


def _pairs(option: Option, renders: Renders, full: Combo) -> Iterator[tuple[Combo, Combo]]:
    """Combinations of this run that differ in this option only; when there are none, two are made."""
    groups: dict[tuple[tuple[str, str], ...], list[Combo]] = {}
    for combo in renders.combos:
        rest = tuple(item for item in combo.answers if item[0] != option.name)
        groups.setdefault(rest, []).append(combo)
    if all(len(group) == 1 for group in groups.values()):
        groups = {(): [_answered(full, option, choice, renders) for choice in option.choices]}
    for group in groups.values():
        if option.feature:
            group = sorted(group, key=lambda combo: combo.mapping[option.name] != option.on)
        yield from itertools.combinations(group, 2)


def _changes(text: Text, renders: Renders, shapes: Shapes) -> bool | None:
    """Whether another answer gives another project; None when every one that was tried is refused."""
    changed = None
    for combo in dict.fromkeys((fullest(renders), default(renders), barest(renders))):
        base = renders.project(combo)
        for project in answered(renders, combo, text):
            same = shapes.of(project).digests == shapes.of(base).digests
            changed = project.root.name != base.root.name or not same
            if changed:
                return True
    return changed


def _strays(template: Path, sources: Mapping[str, File], hooks: tuple[str, ...]) -> Iterator[Fault]:
    for name in sources:
        path = Path(name)
        if path.parts[0] == "hooks" and name not in hooks and re.match(r"(pre|post)[_-]", path.stem):
            yield Fault(name, f"is never run: cookiecutter runs {', '.join(HOOKS)} only")
    for name in _hooks_beside(template):
        if f"hooks/{name}" not in hooks:
            yield Fault(f"../hooks/{name}", "is never run: it lies beside the template, not inside it")


def _hooks_beside(template: Path) -> list[str]:
    return sorted(path.name for path in (template.parent / "hooks").glob("*_gen_project.*"))


def _rebaked(renders: Renders) -> Rebaked:
    combos = list(dict.fromkeys((default(renders), fullest(renders))))
    differences: list[Fault] = []
    for combo in combos:
        first, second = renders.project(combo), renders.anew(combo)
        if first.root == second.root or not second.files:
            raise ProbeError(f"{combo.id} was not baked a second time")
        differences += traced(differing(first, second), renders.template, first, second)
    dated = [
        Fault(
            f"{name}:{text.count(chr(10), 0, match.start()) + 1}",
            f"prints the day of the bake: {match.group()}",
        )
        for name, file in read_files(renders.template).items()
        for text in (file.text or "",)
        for match in _DATED.finditer(text)
        if not (_YEAR.search(match.group()) and _COPYRIGHT.search(_line(text, match.start())))
    ]
    return Rebaked(tuple(combo.id for combo in combos), tuple(dict.fromkeys(differences)), tuple(dated))


def _line(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 :].partition("\n")[0]


def differing(first: Project, second: Project) -> Iterator[Fault]:
    """Every file that two bakes do not have alike."""
    for name in sorted({*first.files, *second.files}):
        one, other = first.files.get(name), second.files.get(name)
        if one is None or other is None:
            yield Fault(name, f"is only in the {'first' if one else 'second'} bake")
        elif one.executable != other.executable:
            yield Fault(name, "is executable in one bake only")
        elif one.content != other.content:
            rows = zip(one.content.splitlines(), other.content.splitlines(), strict=False)
            line = next((n for n, (a, b) in enumerate(rows, 1) if a != b), 0)
            yield Fault(f"{name}:{line}" if line else name, "differs between two bakes of the same answers")


EFFECTS = Probe(
    evidence=Effects, subject=Subject.TEMPLATE, gather=_effects, beyond=_hooks_beside, seconds=1.0
)
REBAKED = Probe(evidence=Rebaked, subject=Subject.TEMPLATE, gather=_rebaked, seconds=0.4)
