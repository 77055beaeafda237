"""Evidence, gathered once for everything that is equal, and kept as an outcome: complete, or why not."""

from __future__ import annotations

import contextlib
import hashlib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.engines import BootError, Engine, Program, Stack
from pytest_saas_validate.evidence import Found, Gathered, Missing, scrub
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.plan.aftermath import Aftermath
from pytest_saas_validate.plan.shelf import Shelf
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Renders, Unavailable, probes
from pytest_saas_validate.process import Workspace, is_full, no_room, once
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import SpecError

_WIDTH = 400
Batch = Mapping[str, Gathered[Any]]


@dataclass(frozen=True)
class Planted:
    """What differs from the healthy run: another project, or something done to the stack after boot."""

    project: Project | None = None
    name: str = ""  # keeps the evidence of a changed stack apart
    plant: Callable[[Stack, Project], None] | None = None


HEALTHY = Planted()


@dataclass
class Gatherer:
    """Runs probes. Nothing here raises for what a project or a tool did: the outcome says it.
    A full disk raises NoRoom.

    Results are shared by all workers of a run through the workspace. A stack is booted for all the evidence
    that is wanted of it, then closed: at most one stack of a worker lives at a time.
    """

    workspace: Workspace
    engine: Callable[[str], Engine]
    programs: Callable[[], Sequence[Program]]  # asked at the first boot
    say: Callable[[str], None] = lambda text: None
    aftermath: Aftermath = field(default_factory=Aftermath)
    shelf: Shelf | None = None  # None: nothing of earlier runs is known
    _known: dict[str, Any] = field(default_factory=dict)

    def of_template(self, kind: type, renders: Renders, digest: str) -> Gathered[Any]:
        """Evidence about a template as a whole."""
        probe = probes()[kind]
        ids = ",".join(combo.id for combo in renders.combos)
        return self._outcome(_key(kind, digest, ids), lambda: probe.gather(renders))

    def name(self, probe: Probe, project: Project) -> str:
        """Names what decides this evidence of a project; raises ProbeError and SpecError."""
        named = "" if probe.inputs else (project.combo.answers, project.root.name)
        return _key(probe.evidence, probe.decisive(project), named)

    def of_project(self, kind: type, project: Project, features: Mapping[str, Any]) -> Gathered[Any]:
        """Evidence about the files of a project; equal files are read once."""
        probe = probes()[kind]
        try:
            key = self.name(probe, project)
        except (ProbeError, SpecError) as problem:
            return Missing(reason=str(problem))
        lasts = bool(probe.seconds)
        return self._outcome(key, lambda: probe.gather(project, features), lasts=lasts)

    def of_projects(self, kind: type, projects: Iterable[Project], features: Mapping[str, Any]) -> None:
        """One kind of evidence about many projects by one program, for whoever asks for it later.

        When that does not work nothing is said of any: each is asked alone then, and has its own outcome.
        """
        probe = probes()[kind]
        new: dict[str, Project] = {}
        for project in projects:  # the first of equals, as where each is asked alone
            key = self.name(probe, project)
            if key not in self._known and not (self.shelf and self.shelf.knows(key)):
                new.setdefault(key, project)
        if not probe.together or not new:
            return
        with contextlib.suppress(Exception):
            values = probe.together(list(new.values()), features)
            for key, value in zip(new, values, strict=True):
                self._outcome(key, lambda value=value: value, lasts=True)  # type: ignore[misc]

    def of_stack(
        self,
        kind: type,
        project: Project,
        engine: str,
        wanted: Iterable[type],
        planted: Planted = HEALTHY,
    ) -> Gathered[Any]:
        """Evidence about a running project, with everything else that is `wanted` of the same stack."""
        runner = self.engine(engine)
        try:
            reason = runner.unavailable(project)
            if reason:
                return Missing(reason=f"engine {engine}: {reason}", broke=False)
            digest = runner.digest(project)
            probe = probes()[kind]
            batch = _batch(probe, wanted)
            if probe.inputs is not None:
                digest = probe.decisive(project)
        except (ProbeError, SpecError) as problem:
            return Missing(reason=str(problem))
        names = ",".join(p.evidence.__name__ for p in batch)
        key = _key("stack", engine, digest, names, planted.name)
        result: Batch = self._kept(key, lambda: self._boot_and_gather(runner, project, batch, planted))
        return result[kind.__name__]

    def _boot_and_gather(
        self, engine: Engine, project: Project, batch: Sequence[Probe], planted: Planted
    ) -> Batch:
        """Boot once for what reads and writes; once more for each probe that destroys."""
        shared = [probe for probe in batch if probe.effect is not Effect.DESTROYS]
        rounds = [shared] if shared else []
        rounds += [[probe] for probe in batch if probe.effect is Effect.DESTROYS]
        found: dict[str, Gathered[Any]] = {}
        for group in rounds:
            found.update(self._one_stack(engine, project, group, planted))
        return found

    def _one_stack(self, engine: Engine, project: Project, group: Sequence[Probe], planted: Planted) -> Batch:
        names = ", ".join(probe.evidence.__name__ for probe in group)
        self.say(f"{engine.name}: booting {project.combo.id} for {names}")
        try:
            stack = engine.boot(project, self.programs(), self.workspace)
        except (BootError, SpecError) as problem:
            missing = Missing(reason=_short(f"{project.combo.id} did not boot on {engine.name}: {problem}"))
            return {probe.evidence.__name__: missing for probe in group}
        found: Batch = {}
        try:
            if planted.plant is not None:
                planted.plant(stack, project)
            found = {probe.evidence.__name__: _probe(probe, project, stack) for probe in group}
            return found
        finally:
            self.aftermath.settle(stack, project, found)

    def _outcome(self, key: str, gather: Callable[[], Any], *, lasts: bool = False) -> Gathered[Any]:
        """Complete or not; a complete one that `lasts` is there in the next run too."""
        shelf = self.shelf if lasts else None
        outcome = (lambda: shelf.outcome(key, lambda: _guard(gather))) if shelf else lambda: _guard(gather)
        kept: Gathered[Any] = self._kept(key, outcome)
        return kept

    def _kept(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = once(self.workspace.shared, f"evidence-{key}", make)
        return self._known[key]


def side_by_side(gathered: Mapping[str, Gathered[Any]]) -> Gathered[Mapping[str, Any]]:
    """One kind of evidence from several engines; a difference is judged only where all gave theirs."""
    missing = [part for part in gathered.values() if isinstance(part, Missing)]
    if missing:
        reason = "\n".join(dict.fromkeys(part.reason for part in missing))
        return Missing(reason=reason, broke=any(part.broke for part in missing))
    return Found({name: part.value for name, part in gathered.items() if isinstance(part, Found)})


def _batch(probe: Probe, wanted: Iterable[type]) -> list[Probe]:
    """The probes that share a boot with this one, cheapest effect first."""
    if probe.inputs is not None:
        return [probe]
    known = probes()
    others = {kind for kind in wanted if known[kind].subject is Subject.STACK and known[kind].inputs is None}
    order = list(Effect)
    found = [known[kind] for kind in others | {probe.evidence}]
    return sorted(found, key=lambda p: (order.index(p.effect), p.evidence.__name__))


def _probe(probe: Probe, project: Project, stack: Stack) -> Gathered[Any]:
    gathered = _guard(lambda: probe.gather(project, stack))
    if isinstance(gathered, Missing) and gathered.broke:
        return Missing(reason=f"{gathered.reason}\n{_short(stack.logs(tail=20))}")
    return gathered


def _short(text: str) -> str:
    """Scrubbed, and no line longer than a screen's: structured logs write a whole trace into one."""
    return "\n".join(
        line if len(line) <= _WIDTH else line[:_WIDTH] + " ..." for line in scrub(text).splitlines()
    )


def _guard(gather: Callable[[], Any]) -> Gathered[Any]:
    """Whatever goes wrong in a probe becomes a reason; a bug of ours shows its last frame.

    A full disk is the run's and no probe's: it raises NoRoom.
    """
    try:
        return Found(gather())
    except Unavailable as reason:
        return Missing(reason=str(reason), broke=False)
    except (BakeError, SpecError) as problem:
        return Missing(reason=str(problem))
    except Exception as problem:
        if is_full(problem):
            raise no_room(problem) from problem
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
        return Missing(reason=scrub(f"{type(problem).__name__}: {problem} ({place})"))


def _key(*parts: object) -> str:
    text = "\0".join(part.__name__ if isinstance(part, type) else str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
