"""Evidence about hooks: they run twice, and with less around them, and the renders are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pytest_saas_validate.bake import BakeError, Way
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.render import Fault, HookTrials
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, Renders, Unavailable
from pytest_saas_validate.probes.render_template import HOOKS, differing
from pytest_saas_validate.probes.render_variables import barest, fullest, traced
from pytest_saas_validate.process.network import NoNamespace, cut_off

_TWICE, _OFFLINE, _ALONE = Way(times=2), Way(offline=True), Way(alone=True)
_HOW = {
    _TWICE: "when it runs a second time",
    _OFFLINE: "without a network",
    _ALONE: "where the PATH holds the utilities of POSIX only",
}


@dataclass
class _Trial:
    """One combination, whose hooks are run in other ways than usual."""

    renders: Renders
    combo: Combo

    def __post_init__(self) -> None:
        self.base = self.renders.project(self.combo)

    @cached_property
    def restless(self) -> frozenset[str]:
        """Files that two plain bakes do not have alike; asked for only when something differs."""
        again = self.renders.anew(self.combo)
        return frozenset(fault.where.partition(":")[0] for fault in differing(self.base, again))

    def found(self, way: Way, how: str) -> list[Fault]:
        """What is wrong with the render when its hooks are run that way."""
        try:
            other = self.renders.otherwise(self.combo, way)
        except BakeError as problem:
            named = re.search(r"hooks/[\w.-]+", str(problem))
            where = named.group() if named else self.base.hooked.ran[-1]
            return [Fault(where, f"fails {how}: {_last(problem)}", where)]
        names = sorted({*self.base.files, *other.files})
        changed = [name for name in names if self.base.files.get(name) != other.files.get(name)]
        faults = [
            Fault(name, f"{self._change(name, name in other.files)} {how} ({self.combo.id})")
            for name in changed
            if name not in self.restless
        ]
        return list(traced(faults, self.renders.template, self.base, other))

    def _change(self, name: str, there: bool) -> str:
        if name in self.base.files and there:
            return "is made otherwise by the hooks"
        return "is made by the hooks only" if there else "is not made"


def _trials(renders: Renders) -> HookTrials:
    hooks = renders.template / "hooks"
    if not any(path.stem in HOOKS for path in (hooks.iterdir() if hooks.is_dir() else ())):
        return HookTrials((), (), (), ("the template has no hooks",))
    trials = [_Trial(renders, combo) for combo in dict.fromkeys((fullest(renders), barest(renders)))]
    if not all(trial.base.hooked.ran for trial in trials):
        raise Unavailable("hooks were not run; leave out --no-hooks")
    unreached = _unreached()
    ways = [way for way in _HOW if not (way.offline and unreached)]
    repeated: list[Fault] = []
    dependent: list[Fault] = []
    for trial in trials:
        together = Way(times=2, offline=not unreached, alone=True)
        found = trial.found(together, "in other surroundings")
        if not found:  # one bake for all of them
            continue
        single = {way: trial.found(way, _HOW[way]) for way in ways}
        repeated += single[_TWICE]
        dependent += [fault for way in ways if way != _TWICE for fault in single[way]]
        dependent += found if not any(single.values()) else []
    return HookTrials(
        tuple(dict.fromkeys(repeated)),
        tuple(dict.fromkeys(dependent)),
        tuple(_strays(renders)),
        unreached,
    )


def _unreached() -> tuple[str, ...]:
    reason = uncut()
    return (f"hooks without a network: {reason}",) if reason else ()


@cache
def uncut() -> str:
    """Why no network can be taken away here; asked once, since a refusal takes three programs."""
    try:
        cut_off()
    except NoNamespace as reason:
        return str(reason).splitlines()[0]
    return ""


def _permitted(template: Path) -> tuple[str, ...]:
    """What this machine forbids, which another run of it may allow; of no interest without hooks."""
    return _unreached() if (template / "hooks").is_dir() else ()


def _strays(renders: Renders) -> Iterator[Fault]:
    """What the hooks of any combination left outside, each once."""
    seen: set[str] = set()
    for combo in renders.combos:
        hooked = renders.project(combo).hooked
        for stray in hooked.strays:
            if stray not in seen:
                seen.add(stray)
                ran, last = ", ".join(hooked.ran), hooked.ran[-1]
                link, _, target = stray.partition(" -> ")
                yield (
                    Fault(
                        link, f"is a link out of the project, to {target}, made by {ran} ({combo.id})", last
                    )
                    if target
                    else Fault(
                        stray, f"was made or changed by {ran}, outside of the project ({combo.id})", last
                    )
                )


def _last(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[-1][:200] if lines else type(problem).__name__


HOOK_TRIALS = Probe(
    evidence=HookTrials, subject=Subject.TEMPLATE, gather=_trials, beyond=_permitted, seconds=0.5
)
