"""The command that tells what a run gathers: from many combinations to the distinct jobs that serve them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_saas_validate.plan import Plan
from pytest_saas_validate.plan.ahead import STATIC
from pytest_saas_validate.plan.jobs import Job, by_scope, stack_jobs, static_jobs
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.session import load_engine
from pytest_saas_validate.settings import Settings


def show_jobs(settings: Settings, *, as_json: bool) -> Iterator[str]:
    """Lines for a terminal, or JSON. Every combination is baked; nothing is booted. Raises BakeError."""
    workspace = Workspace.create()
    try:
        plan = Plan(settings, lambda: workspace, load_engine)
        cases = list(plan.applicable())
        static = [case for case in cases if case.check.subject in STATIC]
        jobs = (*static_jobs(plan, static), *stack_jobs(plan, cases))
    finally:
        workspace.close()
    if as_json:
        yield json.dumps([_data(job) for job in jobs], indent=1)
        return
    counts = ", ".join(f"{count} {scope}" for scope, count in by_scope(jobs).items())
    yield f"{len(cases)} cases of {len(settings.combos)} combinations: {len(jobs)} jobs ({counts})"
    yield from _lines(jobs)


def _lines(jobs: Iterable[Job]) -> Iterator[str]:
    """One line for all jobs of a kind: how many, what they give, and whom."""
    kinds: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        kinds.setdefault((job.scope, job.evidence, job.engine, *job.checks), []).append(job)
    for (scope, evidence, engine, *checks), alike in kinds.items():
        served = " | ".join(" ".join(job.combos) for job in alike)
        where = f" on {engine}" if engine else ""
        yield f"{len(alike):>3} {scope:<8}  {evidence}{where}: {' '.join(checks)}; for {served}"


def _data(job: Job) -> dict[str, Any]:
    return {
        "scope": str(job.scope),
        "evidence": job.evidence,
        "engine": job.engine,
        "combos": list(job.combos),
        "checks": list(job.checks),
        "seconds": job.seconds,
    }
