"""One test for each planted defect."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_saas_validate.mutants import Mutant
from pytest_saas_validate.report.kills import Kill


def test_mutant(saas_mutant: Mutant, saas_prove: Callable[[Mutant], Kill]) -> None:
    """Passes when every declared check finds the defect and no other check cries."""
    kill = saas_prove(saas_mutant)
    if not kill.planted:
        pytest.skip(f"not planted: {kill.reason}")
    if kill.missed or kill.false_alarms:
        parts = [f"{kill.mutant}: {kill.title} (in {kill.combo})"]
        parts += [f"survived: {', '.join(kill.missed)} stayed silent"] if kill.missed else []
        parts += [f"false alarm: {', '.join(kill.false_alarms)}"] if kill.false_alarms else []
        pytest.fail("\n".join([*parts, kill.reason]), pytrace=False)
