"""TR: what only several renders of one template can show."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.evidence.render import Effects, Hostile, Rebaked
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
    for pair in effects.pairs:
        if pair.one.digests == pair.other.digests:
            answers = f"{pair.one.answers[pair.option]!r} and {pair.other.answers[pair.option]!r}"
            yield Finding(
                where=f"{_SOURCE}: {pair.option}",
                message=f"{answers} give the same project ({pair.one.combo} and {pair.other.combo})",
            )
    for name in effects.inert:
        yield Finding(where=f"{_SOURCE}: {name}", message="another answer gives the same project")


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
    for fault in (*rebaked.differences, *rebaked.dated):
        yield Finding(where=fault.where, message=fault.message)


@check(
    "TR009",
    severity=Severity.HIGH,
    title="Hostile answers are refused with a sentence, or rendered rightly",
    why="the first user with a quote in a name gets a project that does not parse, or whose answer is "
    "executed or written outside of its folder",
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
    why="a hook that does not run prunes nothing, so that every combination ships every feature while the "
    "hook's own tests stay green",
    remedy="name the hook pre_gen_project or post_gen_project, in hooks/; list each switch's files in it",
    wants=Effects,
    subject=Subject.TEMPLATE,
)
def hooks(effects: Effects) -> Iterator[Finding]:
    """Hook files, and the names of the files of each pair of renders that differ in one switch."""
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
        if not on - off:
            yield Finding(where=where, message=f"switched on, it brings no file {combos}")
        for name in sorted(off - on):
            yield Finding(where=where, message=f"switched off, it brings {name} {combos}")
