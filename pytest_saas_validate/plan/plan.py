"""A run: its cases, and the verdict of each, made when it is first asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.bake.provenance import Provenance
from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import Engine, Program
from pytest_saas_validate.evidence import Gathered, Missing
from pytest_saas_validate.findings import Subject, Verdict
from pytest_saas_validate.judging import Judged, decide, judge
from pytest_saas_validate.plan.aftermath import Aftermath
from pytest_saas_validate.plan.ahead import STATIC, Ahead
from pytest_saas_validate.plan.cases import Case, cases
from pytest_saas_validate.plan.gather import HEALTHY, Gatherer, Planted, side_by_side
from pytest_saas_validate.plan.judgements import Judgements
from pytest_saas_validate.plan.renders import Bakery
from pytest_saas_validate.plan.shelf import Shelf
from pytest_saas_validate.probes import probes
from pytest_saas_validate.process import Killed, Workspace, is_full, no_room
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.settings import Settings
from pytest_saas_validate.tools.git import sources


@dataclass
class Plan:
    """Cases and verdicts of one run. The workspace and the engines are made when something is gathered."""

    settings: Settings
    workspace: Callable[[], Workspace]
    engine: Callable[[str, Settings], Engine]
    programs: Callable[[], Sequence[Program]] = tuple
    today: dt.date = field(default_factory=dt.date.today)
    say: Callable[[str], None] = lambda text: None
    aftermath: Aftermath = field(default_factory=Aftermath)
    chosen: frozenset[str] | None = None  # ids of the cases that will be judged; None: all
    whole: bool = False  # all that was chosen will be asked for, so that it can be planned
    judgements: Judgements | None = None  # of earlier runs
    alone: bool = True  # else a second process may bake beside this one
    _engines: dict[str, Engine] = field(default_factory=dict)
    _provenance: dict[str, Provenance] = field(default_factory=dict)
    _full: list[str] = field(default_factory=list)  # a full disk, told once: nothing is gathered any more

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """All cases, the not applicable ones included."""
        return cases(self.settings, catalogue())

    def load(self, name: str) -> Engine:
        """The engine of a name, made when it is first needed."""
        if name not in self._engines:
            self._engines[name] = self.engine(name, self.settings)
        return self._engines[name]

    @cached_property
    def gatherer(self) -> Gatherer:
        """Where evidence comes from."""
        workspace = self.workspace()
        # A project is somebody's, who may edit it between our look and that of a program.
        lasts = self.judgements is not None and self.settings.is_template
        shelf = Shelf(workspace.root / "evidence") if lasts else None
        return Gatherer(workspace, self.load, self.programs, self.say, self.aftermath, shelf)

    @cached_property
    def bakery(self) -> Bakery:
        """Where renders come from; of use only when the source is a template."""
        return Bakery(self.settings, self.workspace(), self.settings.source)

    def project(self, combo: Combo) -> Project:
        """The render of a combination, or the project itself; raises BakeError."""
        if self.settings.is_template:
            return self.bakery.project(combo)
        return Project(root=self.settings.source, combo=combo, files=self._own_files)

    @cached_property
    def _own_files(self) -> Mapping[str, File]:
        return sources(self.settings.source)

    @cached_property
    def ahead(self) -> Ahead:
        """The verdicts on files alone."""
        return Ahead(self, self.judgements)

    def prepare(self, case: Case) -> None:
        """Do what a case costs; its verdict is free afterwards."""
        if self._is_planned(case):
            self.ahead.prepare()
        else:
            self.gather(case)

    def gather(self, case: Case, planted: Planted = HEALTHY) -> tuple[Gathered[Any], ...]:
        """The evidence that a case judges, one for each kind that its check wants.

        What is gathered on a full disk may be cut without a word: after the first sign nothing is judged.
        """
        if not self._full:
            try:
                return self._gather_all(case, planted)
            except OSError as problem:
                if not is_full(problem):
                    raise
                self.stop(problem)
            except Killed as problem:
                return (Missing(reason=str(problem)),)
        return (Missing(reason=self._full[0]),)

    def stop(self, full: OSError) -> None:
        """Judge nothing more: the disk is full."""
        self._full.append(str(no_room(full)))

    @property
    def stopped(self) -> bool:
        """Whether nothing is judged any more."""
        return bool(self._full)

    def _gather_all(self, case: Case, planted: Planted) -> tuple[Gathered[Any], ...]:
        if case.combo is None:
            try:
                bakery = self.bakery
            except BakeError as problem:
                return (Missing(reason=str(problem)),)
            return tuple(self.gatherer.of_template(kind, bakery, bakery.digest) for kind in case.check.kinds)
        try:
            project = planted.project or self.project(case.combo)
        except BakeError as problem:
            return (Missing(reason=str(problem)),)
        return tuple(self._gather(kind, case, project, planted) for kind in case.check.kinds)

    def _gather(self, kind: type, case: Case, project: Project, planted: Planted) -> Gathered[Any]:
        if probes()[kind].subject is Subject.PROJECT:
            return self.gatherer.of_project(kind, project, self.settings.features)
        if case.check.subject is Subject.ENGINES and case.combo is not None:
            combo = case.combo
            return side_by_side(
                {
                    engine: self.gatherer.of_stack(kind, project, engine, self.wanted(combo, engine), planted)
                    for engine in self.settings.engines
                }
            )
        if case.engine is None or case.combo is None:
            return Missing(
                reason=f"{case.check.id} speaks of a project and wants {kind.__name__}, of a stack"
            )
        return self.gatherer.of_stack(
            kind, project, case.engine, self.wanted(case.combo, case.engine), planted
        )

    def evidence(self, kind: type, combo: Combo, engine: str) -> Gathered[Any]:
        """One kind of evidence about a combination, apart from any check."""
        try:
            project = self.project(combo)
        except BakeError as problem:
            return Missing(reason=str(problem))
        if probes()[kind].subject is Subject.PROJECT:
            return self.gatherer.of_project(kind, project, self.settings.features)
        return self.gatherer.of_stack(kind, project, engine, {kind})

    def wanted(self, combo: Combo, engine: str) -> frozenset[type]:
        """Every kind of stack evidence that the chosen cases judge for a combination on an engine."""
        return frozenset(
            kind
            for case in self.cases
            if case.combo == combo and case.engine in (engine, None)
            if case.applies and self.is_chosen(case)
            for kind in case.check.kinds
            if probes()[kind].subject is Subject.STACK
        )

    def verdict(self, case: Case, planted: Planted = HEALTHY) -> Verdict:
        """Decide one case; raises nothing that a project or a tool can cause."""
        judged = self.ahead.judged(case) if planted is HEALTHY and self._is_planned(case) else None
        if judged is None:
            required = bool({"all", case.engine, case.check.family} & self.settings.require)
            made = judge(case.check, *self.gather(case, planted), required=required)
            if isinstance(made, Verdict):
                return case.label(made)
            judged = made if planted.project else self.traced(made, case)
        return case.label(decide(case.check, judged, waivers=self.settings.waivers, today=self.today))

    def _is_planned(self, case: Case) -> bool:
        return self.whole and case.check.subject in STATIC and self.is_chosen(case)

    def is_chosen(self, case: Case) -> bool:
        """Whether this run will judge a case."""
        return self.chosen is None or case.id in self.chosen

    def traced(self, judged: Judged, case: Case) -> Judged:
        """With the places in the template, where a finding is about a file of a render."""
        if not judged.findings or case.combo is None or not self.settings.is_template:
            return judged
        return replace(judged, findings=self._made(case.combo).traced(judged.findings))

    def _made(self, combo: Combo) -> Provenance:
        if combo.id not in self._provenance:
            self._provenance[combo.id] = Provenance(self.project(combo), self.settings.source)
        return self._provenance[combo.id]

    def at(self, template: Path) -> Plan:
        """The same plan for a changed copy of the template."""
        settings = replace(self.settings, source=template)
        changed = replace(self, settings=settings, whole=False, _provenance={})
        changed.__dict__["gatherer"] = self.gatherer
        own = self.bakery
        changed.__dict__["bakery"] = Bakery(self.settings, self.workspace(), template, own.memo, own.servers)
        return changed

    def narrowed(self, cases: Iterable[Case]) -> Plan:
        """The same plan for these cases alone: a stack that it boots is asked only for what they judge."""
        narrow = replace(self, chosen=frozenset(case.id for case in cases), whole=False)
        narrow.__dict__["gatherer"] = self.gatherer
        if self.settings.is_template:
            narrow.__dict__["bakery"] = self.bakery
        return narrow

    def applicable(self) -> Iterable[Case]:
        """The cases that are judged."""
        return (case for case in self.cases if case.applies)
