"""Which check judges what: known from the answers alone, before anything is baked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import ENGINES
from pytest_saas_validate.findings import Check, Outcome, Stage, Subject, Verdict
from pytest_saas_validate.settings import Settings

TEMPLATE_ROW = "template"


@dataclass(frozen=True)
class Case:
    """One check on one subject. Not applicable cases exist too: the matrix is seeded with all of them."""

    check: Check
    combo: Combo | None = None  # None: the template as a whole
    engine: str | None = None

    @property
    def id(self) -> str:
        """Stable in every worker: `SH001-obs+k8s-local`, `TR004-template`."""
        parts = (self.check.id, self.combo.id if self.combo else TEMPLATE_ROW, self.engine)
        return "-".join(part for part in parts if part)

    @property
    def applies(self) -> bool:
        """Whether the combination has (or lacks) the features that the check speaks of."""
        return self.combo is None or self.check.applies(self.combo.features)

    def label(self, verdict: Verdict) -> Verdict:
        """The verdict with this case's subject written into it."""
        return replace(
            verdict,
            combo=self.combo.id if self.combo else None,
            engine=self.engine,
            answers=self.combo.mapping if self.combo else {},
        )

    def blank(self, outcome: Outcome, reason: str) -> Verdict:
        """A verdict without evidence: not applicable, or an error because none arrived."""
        made = Verdict(check=self.check.id, outcome=outcome, reason=reason, stage=self.check.stage)
        return self.label(made)


def cases(settings: Settings, catalogue: Iterable[Check]) -> tuple[Case, ...]:
    """Every case of a run in report order, the not applicable ones included."""
    judged = [check for check in catalogue if settings.wants(check.id)]
    if settings.preview:
        judged = [replace(check, stage=Stage.STABLE) for check in judged]
    return tuple(case for check in judged for case in _of(check, settings))


def _of(check: Check, settings: Settings) -> Iterator[Case]:
    if check.subject is Subject.TEMPLATE:
        if settings.is_template:
            yield Case(check)
        return
    if check.subject is Subject.ENGINES and len(settings.engines) < 2:
        return
    engines = _engines(check, settings)
    for combo in settings.combos:
        for engine in engines:
            yield Case(check, combo, engine)


def _engines(check: Check, settings: Settings) -> tuple[str | None, ...]:
    if check.subject is not Subject.STACK:
        return (None,)
    return tuple(name for name in settings.engines if not check.trait or check.trait in ENGINES[name])
