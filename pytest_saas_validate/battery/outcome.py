"""Outcomes as pytest knows them."""

from __future__ import annotations

from typing import NoReturn

import pytest

from pytest_saas_validate.findings import Check, Outcome, Verdict
from pytest_saas_validate.violations import describe


def settle(check: Check, verdict: Verdict) -> None:
    """Pass, fail with every finding, xfail what is waived, skip what is unavailable; an error fails too.

    What a check in preview finds, or cannot judge, is an xfail: it is told and does not count.
    """
    __tracebackhide__ = True
    head = f"{check.id} {check.severity} {check.title}"
    if verdict.outcome is Outcome.FAILED:
        count = len(verdict.findings)
        lines = [f"{head}: {count} finding{'s' if count > 1 else ''}", *describe(verdict.findings)]
        _red(verdict, "\n".join(lines))
    if verdict.outcome is Outcome.ERROR:
        _red(verdict, f"{head}: could not be judged\n{verdict.reason}")
    if verdict.outcome is Outcome.UNAVAILABLE:
        pytest.skip(f"{check.id} unavailable: {verdict.reason}")
    if verdict.outcome is Outcome.WAIVED:
        pytest.xfail(f"{check.id} waived: {'; '.join(f.where for f in verdict.waived)}")


def _red(verdict: Verdict, text: str) -> NoReturn:
    __tracebackhide__ = True
    if not verdict.counts:
        pytest.xfail(f"in preview, does not count: {text}")
    pytest.fail(text, pytrace=False)
