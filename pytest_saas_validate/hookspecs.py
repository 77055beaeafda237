"""Hooks that this plugin offers to other plugins and conftest files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_saas_validate.report import Report
    from pytest_saas_validate.report.kills import Kill


@pytest.hookspec
def pytest_saas_report(config: pytest.Config, report: Report) -> None:
    """Called once, on the controller, with the verdicts of the whole run."""


@pytest.hookspec
def pytest_saas_kills(config: pytest.Config, kills: Sequence[Kill]) -> None:
    """Called once, on the controller, with what became of every planted defect."""
