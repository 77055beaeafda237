"""Outcomes as pytest knows them."""

from __future__ import annotations

import pytest

from pytest_saas_validate.findings import Check, Outcome, Verdict
from pytest_saas_validate.violations import describe


def settle(check: Check, verdict: Verdict) -> None:
    """Pass, fail with every finding, xfail what is waived, skip what is unavailable; an error fails too."""
    __tracebackhide__ = True
    head = f"{check.id} {check.severity} {check.title}"
    if verdict.outcome is Outcome.FAILED:
        count = len(verdict.findings)
        lines = [f"{head}: {count} finding{'s' if count > 1 else ''}", *describe(verdict.findings)]
        pytest.fail("\n".join(lines), pytrace=False)
    if verdict.outcome is Outcome.ERROR:
        pytest.fail(f"{head}: could not be judged\n{verdict.reason}", pytrace=False)
    if verdict.outcome is Outcome.UNAVAILABLE:
        pytest.skip(f"{check.id} unavailable: {verdict.reason}")
    if verdict.outcome is Outcome.WAIVED:
        pytest.xfail(f"{check.id} waived: {'; '.join(f.where for f in verdict.waived)}")
