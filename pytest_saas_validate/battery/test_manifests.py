"""Family KS, one test for each check and subject."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_saas_validate.battery.outcome import settle
from pytest_saas_validate.findings import Verdict
from pytest_saas_validate.plan import Case

__all__ = ["test_manifests"]


@pytest.mark.saas_family("KS")
def test_manifests(saas_case: Case, saas_judge: Callable[[Case], Verdict]) -> None:
    """Passes when the check finds nothing."""
    settle(saas_case.check, saas_judge(saas_case))
