"""What a run saw, as one value that every output is made from."""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from pytest_saas_validate.checks import FAMILIES, catalogue
from pytest_saas_validate.engines import ENGINES
from pytest_saas_validate.findings import Outcome, Subject, Verdict, Waiver, worst
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.plan.cases import TEMPLATE_ROW
from pytest_saas_validate.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Report:
    """Verdicts of a whole run, the not applicable ones included, in report order."""

    source: str
    folder: Path = Path()  # of the template or project
    root: Path = Path()  # of the repository that it is in
    is_template: bool = True
    rows: tuple[str, ...]  # combinations, then the template's own row
    families: tuple[str, ...]
    engines: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    deselected: int  # cases that the caller chose not to run
    seconds: float
    versions: Mapping[str, str]
    accepted: tuple[Waiver, ...] = ()  # the waivers that hold
    waivers: tuple[str, ...] = ()  # one line for each: what it covers until when and why, or why it does not
    elsewhere: tuple[str, ...] = ()  # families that none of the run's engines can show, and which could

    def cell(self, row: str, family: str) -> tuple[Verdict, ...]:
        """The verdicts of one cell, as far as they count."""
        return tuple(v for v in self.counting if (v.combo or TEMPLATE_ROW) == row and v.family == family)

    def matrix(self) -> dict[str, dict[str, str]]:
        """Row -> family -> outcome: the worst of the cell; a row has no entry where nothing speaks of it."""
        return {
            row: {
                family: str(worst(verdict.outcome for verdict in cell))
                for family in self.families
                if (cell := self.cell(row, family))
            }
            for row in self.rows
        }

    @cached_property
    def counting(self) -> tuple[Verdict, ...]:
        """Verdicts that can turn the run red: all but those of checks in preview."""
        return tuple(verdict for verdict in self.verdicts if verdict.counts)

    @property
    def preview(self) -> tuple[Verdict, ...]:
        """What would be red, if the checks in preview counted."""
        return tuple(
            v for v in self.verdicts if not v.counts and v.outcome in (Outcome.FAILED, Outcome.ERROR)
        )

    def not_exercised(self) -> tuple[str, ...]:
        """One line for each thing that no verdict speaks of, or that evidence did not reach."""
        return tuple(self._not_exercised())

    def _not_exercised(self) -> Iterator[str]:
        reasons: dict[str, set[str]] = {}
        unreached: dict[str, set[str]] = {}
        for verdict in self.verdicts:
            if verdict.outcome is Outcome.UNAVAILABLE:
                reasons.setdefault(verdict.reason, set()).add(verdict.check)
            for name in verdict.unreached:
                unreached.setdefault(name, set()).add(verdict.family)
        for reason, checks in reasons.items():
            yield f"{', '.join(sorted(checks))}: {reason}"
        for family in self.families:
            names = [name for name, families in unreached.items() if family in families]
            if names:
                yield f"{family}: not reached: {', '.join(names)}"
        yield from self.elsewhere
        if self.deselected:
            yield f"{self.deselected} cases were not selected"


def _elsewhere(settings: Settings) -> Iterator[str]:
    """Checks that were asked for and are about something that none of the run's engines has."""
    here = frozenset[str]().union(*(ENGINES[name] for name in settings.engines))
    wanted = [check for check in catalogue() if settings.wants(check.id)]
    for trait in sorted({check.trait for check in wanted if check.trait} - here):
        families = ", ".join(sorted({check.family for check in wanted if check.trait == trait}))
        named = " or ".join(f"--engine {name}" for name, traits in ENGINES.items() if trait in traits)
        yield f"{families}: no engine of this run has {trait}: {named}"
    if len(settings.engines) < 2:
        drift = ", ".join(check.id for check in wanted if check.subject is Subject.ENGINES)
        if drift:
            yield f"{drift}: compares engines, and the run has one"


def _waivers(plan: Plan, verdicts: Collection[Verdict], everywhere: bool) -> Iterator[str]:
    """What each waiver of the table did; that it covers nothing is told only where all cases were judged."""
    unjudged = {v.check for v in verdicts if v.outcome in (Outcome.ERROR, Outcome.UNAVAILABLE)}
    judged = {v.check for v in verdicts if v.outcome is not Outcome.NOT_APPLICABLE} - unjudged
    everywhere = everywhere and not plan.settings.narrowed
    for waiver in plan.settings.waivers:
        places = sorted({f.where for v in verdicts for f in v.waived if waiver.covers(f)})
        if waiver.until < plan.today:
            yield f"{waiver.check} {waiver.where}: expired on {waiver.until}; mend it, or decide anew"
        elif places:
            yield f"{waiver.check} {'; '.join(places)}: until {waiver.until}: {waiver.reason}"
        elif everywhere and waiver.check in judged:
            yield f"{waiver.check} {waiver.where}: covers nothing any more; remove it"


def _repository(settings: Settings) -> Path:
    """The repository's root, as far as the source is below it: git's, else the folder of the table."""
    folders = (settings.source, *settings.source.parents)
    found = next((folder for folder in folders if (folder / ".git").exists()), settings.root)
    return found if found in folders else settings.source


def assemble(
    plan: Plan, seen: Iterable[Verdict], collected: Collection[str], *, complete: bool, seconds: float
) -> Report:
    """A report with a verdict for every case: what was collected and has none is an error.

    A case that was not collected counts as deselected, unless the run must be complete.
    """
    known = {(v.check, v.combo, v.engine): v for v in seen}
    verdicts: list[Verdict] = []
    deselected = 0
    for case in plan.cases:
        key = (case.check.id, case.combo.id if case.combo else None, case.engine)
        if not case.applies:
            verdicts.append(case.blank(Outcome.NOT_APPLICABLE, "the feature is off, or on, here"))
        elif key in known:
            verdicts.append(known[key])
        elif case.id in collected or complete:
            verdicts.append(case.blank(Outcome.ERROR, "no verdict arrived: its test did not run to the end"))
        else:
            deselected += 1
    present = {verdict.family for verdict in verdicts}
    settings = plan.settings
    rows = [combo.id for combo in settings.combos]
    return Report(
        source=settings.source.name,
        folder=settings.source,
        root=_repository(settings),
        is_template=settings.is_template,
        accepted=tuple(waiver for waiver in settings.waivers if waiver.until >= plan.today),
        rows=(*rows, *([TEMPLATE_ROW] if settings.is_template else [])),
        families=tuple(family for family in FAMILIES if family in present),
        engines=settings.engines,
        verdicts=tuple(verdicts),
        deselected=deselected,
        waivers=tuple(_waivers(plan, verdicts, everywhere=not deselected)),
        elsewhere=tuple(_elsewhere(settings)),
        seconds=seconds,
        versions={
            "pytest-saas-validate": version("pytest-saas-validate"),
            "python": platform.python_version(),
        },
    )
