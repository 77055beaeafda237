"""What has to be gathered for some cases of files alone: each distinct thing once, the longest first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_saas_validate.findings import Subject
from pytest_saas_validate.plan.cases import TEMPLATE_ROW, Case
from pytest_saas_validate.probes import Probe, probes
from pytest_saas_validate.process import cores, gives_up_when

if TYPE_CHECKING:
    from pytest_saas_validate.plan.plan import Plan


class Scope(StrEnum):
    """How much of a template one job covers."""

    TEMPLATE = "template"  # several bakes of it
    CONTENT = "content"  # each distinct file of all projects, by one program
    SUBTREE = "subtree"  # the files that a probe names, once for each distinct set of them
    TREE = "tree"  # a whole project
    STACK = "stack"  # what runs: one boot


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing to gather: what it is, and whom it serves."""

    id: str  # equal for jobs that gather the same
    scope: Scope
    evidence: str
    combos: tuple[str, ...]
    checks: tuple[str, ...]
    seconds: float  # about, for one template
    engine: str = ""
    work: Callable[[], object]


def static_jobs(plan: Plan, cases: Iterable[Case]) -> tuple[Job, ...]:
    """The jobs that give these cases their evidence; every project of theirs must be baked. Longest first."""
    wanted: dict[type, list[Case]] = {}
    for case in cases:
        for kind in case.check.kinds:
            wanted.setdefault(kind, []).append(case)
    found = [job for kind, group in wanted.items() for job in _jobs(plan, probes()[kind], group)]
    return tuple(sorted(found, key=lambda job: (-job.seconds, job.evidence, job.combos)))


def _jobs(plan: Plan, probe: Probe, cases: Sequence[Case]) -> Iterator[Job]:
    checks = tuple(sorted({case.check.id for case in cases}))
    name, features = probe.evidence.__name__, plan.settings.features
    gatherer = plan.gatherer

    def job(scope: Scope, combos: Iterable[str], work: Callable[[], object], key: str = "") -> Job:
        return Job(
            id=f"{name} {key}",
            scope=scope,
            evidence=name,
            combos=tuple(dict.fromkeys(combos)),
            checks=checks,
            seconds=probe.seconds,
            work=work,
        )

    if probe.subject is Subject.TEMPLATE:
        bakery = plan.bakery
        yield job(
            Scope.TEMPLATE,
            [TEMPLATE_ROW],
            lambda: gatherer.of_template(probe.evidence, bakery, bakery.digest),
        )
        return
    projects = {case.combo.id: plan.project(case.combo) for case in cases if case.combo is not None}
    if probe.together:
        yield job(
            Scope.CONTENT, projects, lambda: gatherer.of_projects(probe.evidence, projects.values(), features)
        )
        return
    distinct: dict[str, list[str]] = {}
    for combo, project in projects.items():
        distinct.setdefault(gatherer.name(probe, project), []).append(combo)
    for key, combos in distinct.items():
        project = projects[combos[0]]
        yield job(
            Scope.SUBTREE if probe.inputs else Scope.TREE,
            combos,
            lambda project=project: gatherer.of_project(probe.evidence, project, features),  # type: ignore[misc]
            key,
        )


def stack_jobs(plan: Plan, cases: Iterable[Case]) -> Iterator[Job]:
    """What is booted: each distinct stack of each engine, with everything that is asked of it."""
    stacks: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        if case.check.subject is Subject.STACK and case.combo is not None and case.engine is not None:
            digest = plan.load(case.engine).digest(plan.project(case.combo))
            stacks.setdefault((case.engine, digest), []).append(case)
    for (engine, digest), group in stacks.items():
        yield Job(
            id=f"{engine} {digest}",
            scope=Scope.STACK,
            evidence=", ".join(sorted({kind.__name__ for case in group for kind in case.check.kinds})),
            combos=tuple(dict.fromkeys(case.combo.id for case in group if case.combo)),
            checks=tuple(sorted({case.check.id for case in group})),
            seconds=0.0,
            engine=engine,
            work=lambda: None,
        )


class Crew:
    """Does jobs beside this thread, as many at once as there are cores; each once. To be entered and left.

    Nothing is returned: whoever asks for the evidence gets it, or the reason. What breaks all the same is
    raised when the crew is left. Whoever leaves it early, or is interrupted while it waits, does not wait for
    programs: they are ended.
    """

    def __init__(self) -> None:
        self._told = threading.Event()  # to give up
        self._pool = ThreadPoolExecutor(cores(), initializer=gives_up_when, initargs=(self._told,))
        self._begun: dict[str, Future[object]] = {}
        self.checks: set[str] = set()  # that wait for what was begun

    def begin(self, jobs: Iterable[Job], *scopes: Scope) -> None:
        """Start those of these scopes that run programs; the others are cheaper where they are asked for."""
        for job in jobs:
            if job.scope in scopes and job.seconds and job.id not in self._begun:
                self._begun[job.id] = self._pool.submit(job.work)
                self.checks.update(job.checks)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                for done in self._begun.values():
                    done.result()
        finally:
            self._told.set()
            self._pool.shutdown(cancel_futures=True)


def by_scope(jobs: Iterable[Job]) -> Mapping[Scope, int]:
    """How many jobs there are of each scope."""
    return Counter(job.scope for job in jobs)
