"""The pure functions that make an outcome of evidence: what a rule found, and what is said of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_saas_validate.evidence import Found, Gathered, Missing
from pytest_saas_validate.findings import Check, Finding, Outcome, Row, Verdict, Waiver


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a rule found in complete evidence, whatever day it is and whoever waived it."""

    findings: tuple[Finding, ...] = ()
    unreached: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


def judge(check: Check, *gathered: Gathered[Any], required: bool = False) -> Judged | Verdict:
    """What a check finds, or, where it cannot judge, the verdict that says so.

    Evidence that is missing is never clean: it is unavailable, or an error when it was required or when
    gathering it broke. A rule that raises is an error, with its message.
    """
    missing = [part for part in gathered if isinstance(part, Missing)]
    if missing or not gathered:
        red = required or not missing or any(part.broke for part in missing)
        reason = "\n".join(dict.fromkeys(part.reason for part in missing)) or "no evidence was gathered"
        outcome = Outcome.ERROR if red else Outcome.UNAVAILABLE
        return Verdict(check=check.id, stage=check.stage, outcome=outcome, reason=reason)
    values = [part.value for part in gathered if isinstance(part, Found)]
    try:
        return Judged(
            findings=check(*values),
            unreached=tuple(name for value in values for name in getattr(value, "unreached", ())),
            rows=tuple(check.shows(*values)) if check.shows else (),
        )
    except Exception as problem:
        return Verdict(
            check=check.id,
            stage=check.stage,
            outcome=Outcome.ERROR,
            reason=f"{check.id} could not judge the evidence: {type(problem).__name__}: {problem}",
        )


def decide(check: Check, judged: Judged, *, waivers: Iterable[Waiver] = (), today: dt.date) -> Verdict:
    """The verdict on what was found; an expired waiver covers nothing."""
    live = [waiver for waiver in waivers if waiver.until >= today]
    waived = tuple(f for f in judged.findings if any(waiver.covers(f) for waiver in live))
    open_ = tuple(f for f in judged.findings if f not in waived)
    outcome = Outcome.FAILED if open_ else Outcome.WAIVED if waived else Outcome.OK
    return Verdict(
        check=check.id,
        stage=check.stage,
        outcome=outcome,
        findings=open_,
        waived=waived,
        unreached=judged.unreached,
        rows=judged.rows,
    )


def verdict(
    check: Check,
    *gathered: Gathered[Any],
    waivers: Iterable[Waiver] = (),
    today: dt.date,
    required: bool = False,
) -> Verdict:
    """Decide one outcome, purely: judge the evidence, then say what that means today."""
    judged = judge(check, *gathered, required=required)
    if isinstance(judged, Verdict):
        return judged
    return decide(check, judged, waivers=waivers, today=today)
