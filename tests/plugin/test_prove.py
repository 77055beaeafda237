"""Where a defect is planted, which checks judge it, and whose findings it explains."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.findings import Finding, Outcome, Verdict
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutants
from pytest_saas_validate.plan import Case
from pytest_saas_validate.project import Project
from pytest_saas_validate.prove import _near, _red

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


COMBOS = tuple(
    Combo(name, (), frozenset(features)) for name, *features in (("a", "x"), ("b",), ("c", "x", "y"))
)


@pytest.mark.parametrize(("bare", "home"), [(False, "c"), (True, "b")])
def test_a_defect_is_planted_where_it_shows(bare: bool, home: str) -> None:
    planted = Mutant(id="x", title="x", fires=frozenset({"TR003"}), bare=bare).home(COMBOS)
    assert planted is not None
    assert planted.id == home


def said(*places: str) -> Verdict:
    findings = tuple(Finding(where=place, message=f"at line {place[-1]}") for place in places)
    return Verdict(check="TR002", outcome=Outcome.FAILED, findings=findings)


def test_what_was_there_before_is_not_new_when_it_moves() -> None:
    assert not _red(said("a.py:7")) - _red(said("a.py:3"))
    assert _red(said("a.py:7", "a.py:8")) - _red(said("a.py:3"))
    assert _red(said("b.py:3")) - _red(said("a.py:3"))


def test_defects_of_a_project_need_little_of_it(tmp_path: Path) -> None:
    empty = Project(root=tmp_path, combo=COMBOS[1], files={})
    refused: dict[str, str] = {}
    for defect in mutants():
        if defect.in_project is not None and defect.id.startswith("TR"):
            edit = Edit(empty)
            try:
                defect.in_project(edit)
                assert edit.files != empty.files, defect.id
            except NotPlantable as problem:
                refused[defect.id] = str(problem)
    assert refused.keys() - {"TR002-typescript", *(id_ for id_ in refused if "TR006" in id_)} == {
        "TR002-grammar",
        "TR003-name",
        "TR003-path",
        "TR003-word",
        "TR016-lacks",
    }
