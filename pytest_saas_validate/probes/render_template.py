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
from pytest_saas_validate.probes.render_variables import (
    Shapes,
    Text,
    answered,
    default,
    fullest,
    plain_paths,
    texts,
)
from pytest_saas_validate.project import File, Project, read_files

HOOKS = ("pre_prompt", "pre_gen_project", "post_gen_project")
_REMOVES = re.compile(r"\brmtree\b|\bunlink\(|\bos\.remove\(|\brm -|\brmdir\(|\bremovedirs\(")
_DATED = re.compile(r"\{%-?\s*now\b.*?%\}")


def _effects(renders: Renders) -> Effects:
    shapes = Shapes()
    full = fullest(renders)
    pairs = tuple(
        Pair(option.name, option.feature or "", shapes.of(renders.project(a)), shapes.of(renders.project(b)))
        for option in renders.options
        for a, b in _pairs(option, renders, full)
    )
    sources = read_files(renders.template)
    seen = {shape.combo: shape for pair in pairs for shape in (pair.one, pair.other)}
    removed = sorted({p for p in plain_paths(sources) for s in seen.values() if p not in s.digests})
    hooks = tuple(name for name in sources if name.startswith("hooks/") and Path(name).stem in HOOKS)
    prunes = any("post_gen" in name and _REMOVES.search(sources[name].text or "") for name in hooks)
    effects = {text.name: _changes(text, renders, full, shapes) for text in texts(renders.template)}
    return Effects(
        pairs=pairs,
        inert=tuple(name for name, changes in effects.items() if changes is False),
        removed=tuple(removed),
        hooks=hooks,
        prunes=prunes,
        strays=tuple(_strays(renders.template, sources, hooks)),
        unreached=tuple(
            f"{n}: no other answer that it accepts was found" for n, c in effects.items() if c is None
        ),
    )


def _pairs(option: Option, renders: Renders, full: Combo) -> Iterator[tuple[Combo, Combo]]:
    """Combinations of this run that differ in this option only; when there are none, two are made."""
    groups: dict[tuple[tuple[str, str], ...], list[Combo]] = {}
    for combo in renders.combos:
        rest = tuple(item for item in combo.answers if item[0] != option.name)
        groups.setdefault(rest, []).append(combo)
    if all(len(group) == 1 for group in groups.values()):
        made = [
            combine(renders.options, {**full.mapping, option.name: c}, renders.features)
            for c in option.choices
        ]
        groups = {(): made}
    for group in groups.values():
        if option.feature:
            group = sorted(group, key=lambda combo: combo.mapping[option.name] != option.on)
        yield from itertools.combinations(group, 2)


def _changes(text: Text, renders: Renders, full: Combo, shapes: Shapes) -> bool | None:
    """Whether another answer gives another project; None when every one that was tried is refused."""
    base = renders.project(full)
    changed = None
    for project in answered(renders, full, text):
        changed = project.root.name != base.root.name or shapes.of(project).digests != shapes.of(base).digests
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
        first, second = renders.project(combo), renders.again(combo)
        if first.root == second.root or not second.files:
            raise ProbeError(f"{combo.id} was not baked a second time")
        differences += differing(first, second)
    dated = [
        Fault(
            f"{name}:{text.count(chr(10), 0, match.start()) + 1}",
            f"prints the day of the bake: {match.group()}",
        )
        for name, file in read_files(renders.template).items()
        for text in (file.text or "",)
        for match in _DATED.finditer(text)
    ]
    return Rebaked(tuple(combo.id for combo in combos), tuple(dict.fromkeys(differences)), tuple(dated))


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
