"""TR: what only several renders of one template can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_saas_validate.evidence.render import Effects, Hostile, Pair, Rebaked
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_SOURCE = "cookiecutter.json"


@check(
    "TR004",
    severity=Severity.MEDIUM,
    title="Every option has an effect",
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
    remedy="take the time, the chance or the machine out of the template and its hooks",
    wants=Rebaked,
    subject=Subject.TEMPLATE,
)
def identical(rebaked: Rebaked) -> Iterator[Finding]:
    """Bytes and modes of two bakes of the default and the fullest answers, and tags that print the day."""
    for fault in (*rebaked.differences, *rebaked.dated):
        yield Finding(where=fault.where, message=fault.message)


@check(
    "TR009",
    severity=Severity.HIGH,
    title="Hostile answers are refused with a sentence, or rendered rightly",
    remedy="quote the value for the file's kind (tojson), or refuse it in pre_gen_project by name",
    wants=Hostile,
    subject=Subject.TEMPLATE,
)
def hostile(found: Hostile) -> Iterator[Finding]:
    """Free texts with quotes, backslashes, other scripts, great length, words of YAML, line breaks, paths."""
    for fault in (*found.crashed, *found.broken, *found.outside):
        yield Finding(where=fault.where, message=fault.message)


@check(
    "TR011",
    severity=Severity.HIGH,
    title="The hooks ran, and each switch brings files of its own and nothing when off",
    remedy="name the hook pre_gen_project or post_gen_project, in hooks/; list each switch's files in it",
    wants=Effects,
    subject=Subject.TEMPLATE,
)
def hooks(effects: Effects) -> Iterator[Finding]:
    """Hook files, and the names of the files of each pair of renders that differ in one switch of which file
    names, hooks that remove or paths with its words say that it decides them."""
    for fault in effects.strays:
        yield Finding(where=fault.where, message=fault.message)
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
