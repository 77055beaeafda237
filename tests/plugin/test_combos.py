"""Options and combinations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_saas_validate.combos import (
    Feature,
    Option,
    TemplateError,
    all_combos,
    combine,
    pairwise,
    read_options,
    select,
    uncovered,
)

FOUR = tuple(Option(f"include_{name}", ("yes", "no")) for name in ("a", "b", "c", "d"))
FEATURES = {"a": Feature("a", "aa", ("a",))}


def template(folder: Path, **variables: object) -> Path:
    (folder / "cookiecutter.json").write_text(json.dumps(variables))
    return folder


def test_options_are_lists_and_booleans_in_order(tmp_path: Path) -> None:
    source = template(
        tmp_path, name="x", include_a=["no", "yes"], use_b=True, _private=["1", "2"], db=["pg", "my"]
    )
    names = [(option.name, option.feature, option.default) for option in read_options(source)]
    assert names == [("include_a", "a", "no"), ("use_b", "b", "yes"), ("db", None, "pg")]


def test_an_id_names_what_is_on() -> None:
    assert combine(FOUR, {"include_b": "no"}, FEATURES).id == "aa+c+d"
    assert combine(FOUR, {option.name: "no" for option in FOUR}, FEATURES).id == "bare"


def test_all_is_every_combination_once() -> None:
    ids = [combo.id for combo in all_combos(FOUR, FEATURES)]
    assert len(ids) == len(set(ids)) == 16


@pytest.mark.parametrize("count", range(2, 9))
def test_pairwise_covers_every_pair(count: int) -> None:
    options = tuple(Option(f"include_{n}", ("yes", "no")) for n in range(count))
    chosen = pairwise(options, {})
    assert not uncovered(chosen, options)
    assert len(chosen) < 2**count or count == 2


def test_the_proof_of_coverage_can_fail() -> None:
    assert uncovered(pairwise(FOUR, {})[:1], FOUR)


def test_an_unknown_id_names_those_that_exist() -> None:
    with pytest.raises(
        TemplateError, match=r"no combination 'nope'; there are all, pairwise, default, aa\+b\+c\+d"
    ):
        select("nope", FOUR, FEATURES)


def test_too_many_combinations_are_refused() -> None:
    options = tuple(Option(f"o{n}", ("yes", "no")) for n in range(9))
    with pytest.raises(TemplateError, match=r"choose --combos=pairwise"):
        all_combos(options, {})


def test_a_missing_template_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"give the folder that holds cookiecutter\.json"):
        read_options(tmp_path)
