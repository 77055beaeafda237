"""TR: what only several renders of one template can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.render import (
    Eaten,
    Effects,
    Hostile,
    HostileAlone,
    Pair,
    Partial,
    Rebaked,
    Switchlike,
)
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_SOURCE = "cookiecutter.json"


@check(
    "TR004",
    severity=Severity.MEDIUM,
    title="Every option has an effect",
    why="whoever sets it believes that something was configured, and has the same project as everybody else",
    remedy="use the option, or remove it from cookiecutter.json",
    wants=Effects,
    subject=Subject.TEMPLATE,
)
def effect(effects: Effects) -> Iterator[Finding]:
    """Pairs of renders that differ in one answer, recorded answers left out; each free text, changed."""
    for option, pairs in _by_option(effects.pairs).items():
        for same in _alike(option, pairs):
            pair = next(p for p in pairs if {p.one.answers[option], p.other.answers[option]} <= same)
            *most, last = sorted(same, key=list(_answers(option, pairs)).index)
            yield Finding(
                where=f"{_SOURCE}: {option}",
                message=f"{', '.join(map(repr, most))} and {last!r} give the same project "
                f"({pair.one.combo} and {pair.other.combo})",
            )
    for name in effects.inert:
        yield Finding(where=f"{_SOURCE}: {name}", message="another answer gives the same project")


def _by_option(pairs: Iterable[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.option, []).append(pair)
    return found


def _answers(option: str, pairs: Iterable[Pair]) -> dict[str, None]:
    return dict.fromkeys(shape.answers[option] for pair in pairs for shape in (pair.one, pair.other))


def _alike(option: str, pairs: Sequence[Pair]) -> list[set[str]]:
    """Sets of answers that make no difference, whatever the other answers are."""
    apart = {
        frozenset((pair.one.answers[option], pair.other.answers[option]))
        for pair in pairs
        if pair.one.digests != pair.other.digests
    }
    groups: list[set[str]] = []
    for answer in _answers(option, pairs):
        group = next((g for g in groups if not any(frozenset((answer, o)) in apart for o in g)), None)
        if group is None:
            groups.append({answer})
        else:
            group.add(answer)
    return [group for group in groups if len(group) > 1]


@check(
    "TR005",
    severity=Severity.MEDIUM,
    title="A second bake is identical",
    why="an update of a project from its template cannot be told from noise: every bake changes files that "
    "nobody touched",
    remedy="take the time, the chance or the machine out of the template and its hooks",
    wants=Rebaked,
    subject=Subject.TEMPLATE,
)
def identical(rebaked: Rebaked) -> Iterator[Finding]:
    """Bytes and modes of two bakes of the default and the fullest answers, and tags that print the day."""
    yield from per_fault((*rebaked.differences, *rebaked.dated))


@check(
    "TR009",
    severity=Severity.HIGH,
    title="Hostile answers are refused with a sentence, or rendered rightly",
    why="the first user with a quote in a name gets a project that does not parse, or whose answer is "
    "executed or written outside of its folder",
    remedy="quote the value for the file's kind (tojson), or refuse it in pre_gen_project by name",
    wants=(Hostile, HostileAlone),
    subject=Subject.TEMPLATE,
)
def hostile(found: Hostile, alone: HostileAlone) -> Iterator[Finding]:
    """Free texts with quotes, backslashes, other scripts, great length, words of YAML, line breaks, paths."""
    for each in (found, alone):
        yield from per_fault((*each.crashed, *each.broken, *each.outside))


@check(
    "TR011",
    severity=Severity.HIGH,
    title="The hooks ran, and each switch brings files of its own and nothing when off",
    why="a hook that does not run prunes nothing, so that every combination ships every feature while the "
    "hook's own tests stay green",
    remedy="name the hook pre_gen_project or post_gen_project, in hooks/; list each switch's files in it",
    wants=Effects,
    subject=Subject.TEMPLATE,
)
def hooks(effects: Effects) -> Iterator[Finding]:
    """Hook files, and the names of the files of each pair of renders that differ in one switch of which file
    names, hooks that remove or paths with its words say that it decides them."""
    yield from per_fault(effects.strays)
    if effects.prunes and not effects.removed:
        post = next(name for name in effects.hooks if "post_gen" in name)
        yield Finding(
            where=post, message="removes files by its words, and no render lacks a file of the template"
        )
    for pair in effects.pairs:
        if not pair.feature:
            continue
        on, off = set(pair.one.digests), set(pair.other.digests)
        where = f"{_SOURCE}: {pair.option}"
        combos = f"({pair.one.combo} and {pair.other.combo})"
        if pair.promised and not on - off:
            yield Finding(where=where, message=f"switched on, it brings no file {combos}")
        for name in sorted(off - on):
            yield Finding(where=where, message=f"switched off, it brings {name} {combos}")


@check(
    "TR018",
    severity=Severity.MEDIUM,
    title="An answer is taken everywhere",
    why="the project goes by two names, and the one of the template's author is published",
    remedy="put the variable where its default is written out",
    wants=Partial,
    subject=Subject.TEMPLATE,
)
def everywhere(partial: Partial) -> Iterator[Finding]:
    """Every render with another answer, for a default that nothing else can mean."""
    yield from per_fault(partial.faults)


@check(
    "TR019",
    severity=Severity.MEDIUM,
    title="What is yes or no is chosen from a list",
    why="whoever types `Yes` or `1` gets a project without the feature, and no word of it",
    remedy='write a list of choices, ["no", "yes"], or a boolean; or refuse other words in pre_gen_project',
    wants=Switchlike,
    subject=Subject.TEMPLATE,
)
def chosen(switches: Switchlike) -> Iterator[Finding]:
    """Free texts whose default is yes or no, answered with another word."""
    yield from per_fault(switches.faults)


@check(
    "TR023",
    severity=Severity.HIGH,
    title="No file of the template is swallowed by its own repository",
    why="all bakes here are right, and everybody else gets a project that lacks it",
    remedy="anchor the pattern with a slash, except the file, or remove it where it is only yours",
    wants=Eaten,
    subject=Subject.TEMPLATE,
)
def eaten(found: Eaten) -> Iterator[Finding]:
    """Every file that a bake reads, against what a clone holds, by git."""
    yield from per_fault(found.faults)
