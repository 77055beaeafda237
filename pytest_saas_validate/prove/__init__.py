"""Plant one defect, judge again, and compare with the healthy run: killed, survived, or a false alarm."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.engines import ENGINES
from pytest_saas_validate.findings import Outcome, Subject, Verdict
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable
from pytest_saas_validate.plan import Case, Plan
from pytest_saas_validate.plan.gather import Planted
from pytest_saas_validate.project import Project
from pytest_saas_validate.report.kills import Kill

_LINE = re.compile(r":\d+(:|$)")
_NUMBER = re.compile(r"(?<=\bline )\d+|(?<=\bcolumn )\d+")
_NOT_JUDGED = (Outcome.ERROR, Outcome.UNAVAILABLE)


def concerned(mutant: Mutant, plan: Plan) -> bool:
    """Whether the run's choice of checks and engines includes what this mutant must turn red."""
    traits = frozenset[str]().union(*(ENGINES[name] for name in plan.settings.engines))
    judged = {case.check.id: case.check.subject for case in plan.cases}
    if not mutant.fires <= judged.keys():
        return False
    lives = any(judged[check] in (Subject.STACK, Subject.ENGINES) for check in mutant.fires)
    return mutant.on in traits if mutant.on else "processes" in traits or not lives


def prove(plan: Plan, mutant: Mutant, *, thorough: bool = False) -> Kill:
    """Plant one mutant in the fullest combination that fits and judge the chosen checks again.

    Of a running stack only what is near to the mutant is judged, unless it shall be `thorough`: what all
    others judge would have to be gathered anew for each defect. Costs what the defect changes: evidence
    whose inputs stay equal is taken from the healthy run.
    """
    home = mutant.home(plan.settings.combos)
    if home is None:
        return Kill(
            mutant=mutant.id,
            title=mutant.title,
            planted=False,
            reason="no combination has the features it needs",
        )
    cases = [
        case for case in plan.applicable() if case.combo in (None, home) and (thorough or _near(mutant, case))
    ]
    healthy = {case: plan.verdict(case) for case in cases}
    try:
        after = dict(_mutated(plan.narrowed(cases), mutant, cases, plan.project(home)))
    except NotPlantable as problem:
        return Kill(mutant=mutant.id, title=mutant.title, combo=home.id, planted=False, reason=str(problem))
    fresh = {case: verdict_ for case, verdict_ in after.items() if _red(verdict_) - _red(healthy[case])}
    found = {case.check.id for case, v in fresh.items() if v.outcome is Outcome.FAILED}
    missed = mutant.fires - found
    blind = [v for case, v in healthy.items() if case.check.id in missed and v.outcome in _NOT_JUDGED]
    return Kill(
        mutant=mutant.id,
        title=mutant.title,
        combo=home.id,
        missed=tuple(sorted(missed)),
        false_alarms=tuple(sorted({c.check.id for c in fresh if not mutant.explains(c.check.id)})),
        reason="\n".join(sorted({v.reason for v in (*fresh.values(), *blind) if v.reason})),
        live=mutant.live or any(case.check.subject is Subject.STACK for case in fresh),
    )


def _near(mutant: Mutant, case: Case) -> bool:
    """Whether a case costs no stack, or is of a family that the mutant names, on the cheapest engine.

    A defect of what a dearer engine has is judged there too, by what the checks that it names look at.
    """
    if case.check.subject not in (Subject.STACK, Subject.ENGINES):
        return True
    if mutant.on:
        return set(case.check.kinds) <= _looked_at(mutant)
    cheap = case.engine is not None and "processes" in ENGINES[case.engine]
    return cheap and case.check.family in mutant.families


def _looked_at(mutant: Mutant) -> set[type]:
    """The evidence of every check that a mutant may turn red."""
    return {kind for check in catalogue() if mutant.explains(check.id) for kind in check.kinds}


def _red(verdict_: Verdict) -> Counter[tuple[str, str]]:
    """What is wrong, comparable between two runs: a defect moves the lines of what is there already."""
    if verdict_.outcome is Outcome.ERROR:
        return Counter({("error", ""): 1})
    return Counter((_LINE.sub(r"\1", f.where), _NUMBER.sub("", f.message)) for f in verdict_.findings)


def _mutated(
    plan: Plan, mutant: Mutant, cases: Iterable[Case], project: Project
) -> Iterator[tuple[Case, Verdict]]:
    folder = plan.workspace().sub("mutants") / mutant.id
    if mutant.in_template is not None:
        copy = folder / "template"
        shutil.copytree(plan.settings.source, copy, dirs_exist_ok=True)
        mutant.in_template(copy)
        changed = plan.at(copy)
        yield from ((case, changed.verdict(case)) for case in cases)
        return
    planted = Planted(project, mutant.id if mutant.in_stack else "", mutant.in_stack)
    if mutant.in_project is not None:
        edit = Edit(project)
        mutant.in_project(edit)
        planted = Planted(edit.done(folder / "project"))
    yield from ((case, plan.verdict(case, planted)) for case in cases if case.combo is not None)
