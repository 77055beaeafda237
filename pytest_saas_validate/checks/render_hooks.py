"""TR: what a template's hooks need, repeat and leave behind."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.render import HookTrials
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "TR020",
    severity=Severity.MEDIUM,
    title="A second run of the hooks changes nothing",
    why="whoever updates a project (the hooks run each time) gets lines twice, or an update that fails "
    "half-way",
    remedy="let the hook look first: make, move and remove only what is still to be made, moved or removed",
    wants=HookTrials,
    subject=Subject.TEMPLATE,
)
def idempotent(trials: HookTrials) -> Iterator[Finding]:
    """Renders of the fullest and the barest answers, with the last hooks run twice."""
    yield from per_fault(trials.repeated)


@check(
    "TR021",
    severity=Severity.HIGH,
    title="Hooks need no network and no programs",
    why="generation fails on other machines, or silently makes another project there",
    remedy="do it in the hook's own language, or leave it to a command of the project that the user runs",
    wants=HookTrials,
    subject=Subject.TEMPLATE,
)
def dependent(trials: HookTrials) -> Iterator[Finding]:
    """The same renders, baked without a network and with the utilities of POSIX only."""
    yield from per_fault(trials.dependent)


@check(
    "TR022",
    severity=Severity.HIGH,
    title="Hooks leave nothing outside of the project",
    why="generating a project changes the machine of the one who does it",
    remedy="write below the working folder of the hook; keep what is temporary in TMPDIR, and remove it",
    wants=HookTrials,
    subject=Subject.TEMPLATE,
)
def strays(trials: HookTrials) -> Iterator[Finding]:
    """The home, the folder beside the project and the template, before and after every bake, and links
    that lead out."""
    yield from per_fault(trials.strays)
