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


def case(check: str, engine: str | None) -> Case:
    return Case(next(each for each in catalogue() if each.id == check), None, engine)


@pytest.mark.parametrize(
    ("check", "engine", "near"),
    [
        ("TR001", None, True),
        ("ID007", "local", True),
        ("BK002", "local", True),
        ("SH002", "local", True),
        ("SN001", "local", False),
        ("SH002", "kind", False),
        ("SH039", None, False),
    ],
)
def test_the_cheapest_stack_is_asked_for_the_families_that_the_defect_names(
    check: str, engine: str | None, near: bool
) -> None:
    assert _near(DEFECT, case(check, engine)) is near


ON_A_CLUSTER = Mutant(id="x", title="x", fires=frozenset({"SH039"}), also=frozenset({"KS007"}), on="cluster")


@pytest.mark.parametrize(
    ("check", "engine", "near"),
    [
        ("KS001", None, True),
        ("SH039", None, True),
        ("SH001", "kind", True),  # looks at the same answers
        ("SN001", "kind", False),
        ("KS010", "kind", False),
    ],
)
def test_a_dearer_stack_is_asked_only_for_what_the_named_checks_look_at(
    check: str, engine: str | None, near: bool
) -> None:
    assert _near(ON_A_CLUSTER, case(check, engine)) is near
