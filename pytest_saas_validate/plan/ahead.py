"""The verdicts on files alone, all at once: from earlier runs what they know, the rest by planned jobs."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.findings import Subject, Verdict
from pytest_saas_validate.judging import Judged, judge
from pytest_saas_validate.plan.cases import Case
from pytest_saas_validate.plan.edition import edition
from pytest_saas_validate.plan.jobs import Crew, Scope, static_jobs
from pytest_saas_validate.plan.judgements import Judgements
from pytest_saas_validate.plan.mate import Task, beside
from pytest_saas_validate.plan.source import everything, paths, stamps
from pytest_saas_validate.probes import ProbeError, probes
from pytest_saas_validate.process import Killed, is_full
from pytest_saas_validate.spec import SpecError

if TYPE_CHECKING:
    from pytest_saas_validate.plan.plan import Plan

STATIC = (Subject.PROJECT, Subject.TEMPLATE)


@dataclass
class Ahead:
    """Judges every chosen case of files alone when the first is asked for.

    A judgement is known by the template and the answers, so that nothing is baked when nothing changed; and
    by the files that decide it, so that a change costs what it reaches. What could not be judged is not kept.
    """

    plan: Plan
    kept: Judgements | None  # None: nothing is known, and nothing is kept
    reused: int = 0  # judgements of earlier runs
    _besides: dict[type, object] = field(default_factory=dict)

    def judged(self, case: Case) -> Judged | None:
        """What is known of a case; None for one that could not be judged."""
        return self._all.get(case.id)

    def prepare(self) -> None:
        """Judge now, whoever asks later."""
        _ = self._all

    @cached_property
    def _all(self) -> Mapping[str, Judged]:
        """Nothing when the run was disturbed: then each case is asked alone, and says so."""
        try:
            return self._judge_all()
        except Killed:
            return {}
        except OSError as problem:
            if not is_full(problem):
                raise
            self.plan.stop(problem)
            return {}

    def _judge_all(self) -> Mapping[str, Judged]:
        self.plan.workspace()  # ends what dead runs left, even where nothing has to be gathered
        cases = [c for c in self.plan.applicable() if c.check.subject in STATIC and self.plan.is_chosen(c)]
        stamps = self._stamps()
        names = {case.id: self._by_source(case) for case in cases} if self.plan.settings.is_template else {}
        found = self._read(names)
        rest = [case for case in cases if case.id not in found]
        made = self._judge(rest, stamps)
        traced = {case.id: self.plan.traced(made[case.id], case) for case in rest if case.id in made}
        if traced and self._is_as_named(stamps):  # else what was judged is not what its name was made of
            self._write(names, traced)
        return {**found, **traced}

    def _stamps(self) -> list[object]:
        """When each file was written: an edit in the middle of a run shows, a revert too."""
        settings = self.plan.settings
        if settings.is_template:
            return [seen for path in paths(settings.source) for seen in stamps(path)]
        files = self.plan.project(settings.combos[0]).files
        return [seen for name in files for seen in stamps(settings.source / name)]

    def _is_as_named(self, stamps: list[object]) -> bool:
        """Whether nothing was edited since, what lies beside the template included."""
        source = self.plan.settings.source
        besides = {kind: _beyond(kind, source) for kind in self._besides}
        return self._stamps() == stamps and besides == self._besides

    def _judge(self, cases: Sequence[Case], stamps: list[object]) -> Mapping[str, Judged]:
        """By the files that decide each; what no run knows is gathered by jobs."""
        names: dict[str, str] = {}
        found: dict[str, Judged] = {}
        with self._mate(cases), Crew() as crew:
            for group in _by_combo(cases):  # baked one after the other; programs begin with the first
                own = {case.id: name for case in group if (name := self._by_files(case))}
                known = self._read(own)
                new = [case for case in group if case.id in own and case.id not in known]
                crew.begin(static_jobs(self.plan, new), Scope.SUBTREE, Scope.TREE)
                names |= own
                found |= known
            rest = [case for case in cases if case.id not in found]
            jobs = static_jobs(self.plan, [case for case in rest if case.id in names or self._is_whole(case)])
            crew.begin(jobs, Scope.CONTENT)
            # What neither programs nor bakes decide, while others work on those.
            tried = self._tried(c for c in rest if c.combo and c.check.id not in crew.checks)
            for job in jobs:
                if job.scope is Scope.TEMPLATE:  # cookiecutter works in the process's own folder
                    job.work()
        tried |= self._tried(case for case in rest if case.id not in tried)
        if self.plan.stopped:
            return found
        made = {id_: judged for id_, judged in tried.items() if isinstance(judged, Judged)}
        if self.plan.settings.is_template or self._stamps() == stamps:  # bakes are nobody's to edit
            self._write(names, made)
        return {**found, **made}

    def _tried(self, cases: Iterable[Case]) -> dict[str, Judged | Verdict]:
        return {case.id: judge(case.check, *self.plan.gather(case)) for case in cases}

    def _mate(self, cases: Sequence[Case]) -> contextlib.AbstractContextManager[object]:
        settings = self.plan.settings
        if self.plan.alone or not settings.is_template:
            return contextlib.nullcontext()
        kinds = {kind for case in cases if case.combo is None for kind in case.check.kinds}
        combos = dict.fromkeys(case.combo for case in cases if case.combo is not None)
        order = sorted(kinds, key=lambda kind: (-probes()[kind].seconds, kind.__name__))
        return beside(self.plan.workspace(), Task(settings, list(combos), order))

    def _is_whole(self, case: Case) -> bool:
        """Whether a case is about the template as a whole, which can be read."""
        try:
            return case.combo is None and bool(self.plan.bakery)
        except BakeError:
            return False

    def _by_source(self, case: Case) -> str:
        settings = self.plan.settings
        combos = [case.combo] if case.combo else settings.combos
        return _name(
            "source",
            self._source,
            case.check.id,
            [combo.answers for combo in combos],
            [self._beyond(kind) for kind in case.check.kinds],
        )

    def _beyond(self, kind: type) -> object:
        if kind not in self._besides:
            self._besides[kind] = _beyond(kind, self.plan.settings.source)
        return self._besides[kind]

    @cached_property
    def _source(self) -> str:
        """The template, what the table says of its features, and the day, which a template may print."""
        settings = self.plan.settings
        features = sorted(settings.features.items())
        given = sorted(settings.answers.items())
        told = (features, given, settings.options, settings.hooks, settings.limits, self.plan.today)
        return _name(edition(), os.fspath(settings.source), told, *everything(settings.source))

    def _by_files(self, case: Case) -> str:
        """Empty for a template as a whole, and for a project that cannot be baked or read."""
        if case.combo is None:
            return ""
        try:
            project = self.plan.project(case.combo)
            parts = [self.plan.gatherer.name(probes()[kind], project) for kind in case.check.kinds]
        except (BakeError, ProbeError, SpecError):
            return ""
        return _name("files", edition(), case.check.id, sorted(self.plan.settings.features.items()), parts)

    def _read(self, names: Mapping[str, str]) -> dict[str, Judged]:
        known = self.kept.read(list(names.values())) if self.kept else {}
        found = {id_: known[name] for id_, name in names.items() if name in known}
        self.reused += len(found)
        return found

    def _write(self, names: Mapping[str, str], judged: Mapping[str, Judged]) -> None:
        if self.kept:
            self.kept.write({names[id_]: value for id_, value in judged.items() if id_ in names})


def _beyond(kind: type, folder: Path) -> object:
    beyond = probes()[kind].beyond
    return beyond(folder) if beyond else None


def _by_combo(cases: Iterable[Case]) -> Iterable[list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        if case.combo is not None:
            groups.setdefault(case.combo.id, []).append(case)
    return groups.values()


def _name(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()
