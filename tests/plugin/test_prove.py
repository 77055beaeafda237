"""Which checks judge a planted defect, and whose findings it explains."""

from __future__ import annotations

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.mutants import Mutant
from pytest_saas_validate.plan import Case
from pytest_saas_validate.prove import _near

DEFECT = Mutant(id="x", title="x", fires=frozenset({"ID008"}), also=frozenset({"BK", "SH001"}))


@pytest.mark.parametrize(
    ("check", "explained"),
    [("ID008", True), ("ID007", False), ("BK029", True), ("SH001", True), ("SH002", False)],
)
def test_a_defect_explains_what_it_names_and_whole_families(check: str, explained: bool) -> None:
    assert DEFECT.explains(check) is explained


@pytest.mark.parametrize(
    ("check", "near"), [("ID007", True), ("BK002", True), ("SH002", True), ("SN001", False), ("TR001", True)]
)
def test_a_stack_is_asked_only_for_families_that_the_defect_names(check: str, near: bool) -> None:
    case = Case(next(each for each in catalogue() if each.id == check))
    assert _near(DEFECT, case) is near
