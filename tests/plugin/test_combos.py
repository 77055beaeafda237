"""Options and combinations."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from pytest_saas_validate.combos import (
    Feature,
    Option,
    Space,
    TemplateError,
    combine,
    each,
    everything,
    file_reads,
    pairs,
    pairwise,
    read_options,
    sampled,
    select,
    uncovered,
)
from pytest_saas_validate.settings import Switches, read_settings
from pytest_saas_validate.spec import SpecError

FOUR = tuple(Option(f"include_{name}", ("yes", "no")) for name in ("a", "b", "c", "d"))
FEATURES = {"a": Feature("a", "aa", ("a",))}
SPACE = Space(FOUR, FEATURES)


def switches(count: int) -> Space:
    return Space(tuple(Option(f"include_{n:02}", ("yes", "no")) for n in range(count)), {})


def template(folder: Path, **variables: object) -> Path:
    (folder / "cookiecutter.json").write_text(json.dumps(variables))
    return folder


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_options_are_lists_and_booleans_in_order(tmp_path: Path) -> None:
    source = template(
        tmp_path,
        name="x",
        include_a=["no", "yes"],
        use_b=True,
        _private=["1", "2"],
        __computed="{{ cookiecutter.name }}",
        db=["pg", "my"],
        only=["one"],
        known={"a": {"b": "c"}},
        computed=["{{ cookiecutter.name }}", "other"],
        __prompts__={"name": "Name"},
    )
    names = [(option.name, option.feature, option.default) for option in read_options(source)]
    assert names == [("include_a", "a", "no"), ("use_b", "b", "yes"), ("db", None, "pg")]


@pytest.mark.parametrize(
    "variables",
    [
        {"templates": {"one": {"path": "./one", "title": "One"}, "two": {"path": "./two"}}},
        {"template": ["One (./one)", "Two (./two)"]},
    ],
)
def test_a_choice_among_templates_names_them(tmp_path: Path, variables: dict[str, object]) -> None:
    with pytest.raises(TemplateError, match=r"give one of them: \./one, \./two"):
        read_options(template(tmp_path, **variables))


@pytest.mark.parametrize("text", ["[1]", "{", '"x"'])
def test_what_is_no_object_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "cookiecutter.json").write_text(text)
    with pytest.raises(TemplateError, match=r"cookiecutter\.json: .*mend the file"):
        read_options(tmp_path)


def test_an_id_names_what_is_on() -> None:
    assert combine(FOUR, {"include_b": "no"}, FEATURES).id == "aa+c+d"
    assert combine(FOUR, {option.name: "no" for option in FOUR}, FEATURES).id == "bare"


@pytest.mark.parametrize(
    ("options", "features"),
    [
        ({"include_x": ("no", "yes"), "use_x": ("no", "yes")}, {}),
        ({"a": ("no", "yes"), "b": ("no", "yes")}, {"a": Feature("a", "s", ()), "b": Feature("b", "s", ())}),
        ({"a": ("no", "yes"), "b": ("no", "yes")}, {"a": Feature("a", "b", ())}),
        ({"bare": ("no", "yes"), "b": ("no", "yes")}, {}),
        ({"db": ("no", "my", "my+alpha", "my%2Balpha"), "alpha": ("no", "yes")}, {}),
    ],
)
def test_no_two_combinations_have_one_id(
    options: dict[str, tuple[str, ...]], features: dict[str, Feature]
) -> None:
    space = Space(tuple(Option(name, choices) for name, choices in options.items()), features)
    ids = [combo.id for combo in everything(space)]
    assert len(ids) == len(set(ids))


def test_a_short_name_does_not_read_as_two(tmp_path: Path) -> None:
    template(tmp_path, a=["no", "yes"])
    table = '[tool.pytest-saas-validate.features.a]\nshort = "b+c"\n'
    (tmp_path / "pyproject.toml").write_text(table)
    with pytest.raises(SpecError, match=r"features\.a\.short must be letters"):
        read_settings(tmp_path, Switches(path=str(tmp_path)))


def test_all_is_every_combination_once() -> None:
    ids = [combo.id for combo in everything(SPACE)]
    assert len(ids) == len(set(ids)) == 16


@pytest.mark.parametrize("count", range(2, 17))
def test_pairwise_covers_every_pair(count: int) -> None:
    space = switches(count)
    chosen = pairwise(space)
    assert not uncovered(chosen, pairs(space.options))
    assert len(chosen) <= 11, "the best known for 16 is 8"


def test_pairwise_takes_choices_that_are_no_switches() -> None:
    space = Space((*FOUR, Option("db", ("pg", "my", "lite"))), {})
    assert not uncovered(pairwise(space), pairs(space.options))


def test_the_proof_of_coverage_can_fail() -> None:
    assert uncovered(pairwise(SPACE)[:1], pairs(FOUR))


def test_each_is_every_answer_alone() -> None:
    ids = [combo.id for combo in each(SPACE)]
    assert ids[:2] == ["aa+b+c+d", "bare"]
    assert {"b+c+d", "aa+c+d", "aa", "d"} <= set(ids)
    assert len(ids) == len(set(ids)) == 10
    wide = each(Space((*FOUR, Option("db", ("pg", "my"))), FEATURES))
    assert {"aa+b+c+d+db=my", "db=my"} <= {combo.id for combo in wide}


def test_what_a_template_does_not_take_together_is_left_out_before_counting() -> None:
    barred = Space(FOUR, {}, excluded=((("include_a", "yes"), ("include_b", "no")),))
    assert len(everything(barred)) == 12
    for chosen in (pairwise(barred), each(barred), sampled(barred, [frozenset({"include_a", "include_b"})])):
        assert all(not combo.features >= {"a"} or "b" in combo.features for combo in chosen)
    left = uncovered(pairwise(barred), pairs(FOUR))
    assert left == {(("include_a", "yes"), ("include_b", "no"))}


def test_a_chain_of_exclusions_is_found_by_going_back() -> None:
    """a needs b, b needs c, c needs d: only d=yes goes with a=yes."""
    chain = tuple(
        ((f"include_{one}", "yes"), (f"include_{other}", "no")) for one, other in itertools.pairwise("abcd")
    )
    space = Space(FOUR, {}, excluded=chain)
    assert space.completed({"include_a": "yes"}) == {option.name: "yes" for option in FOUR}
    assert space.completed({"include_a": "yes", "include_d": "no"}) is None


def test_a_sample_holds_every_answer_to_what_a_file_reads() -> None:
    space = switches(10)
    names = frozenset({"include_01", "include_04", "include_07", "include_09"})
    chosen = sampled(space, [names])
    seen = {tuple(combo.mapping[name] for name in sorted(names)) for combo in chosen}
    assert len(seen) == 16
    assert set(pairwise(space)) <= set(chosen)
    assert set(each(space)) <= set(chosen)
    assert len(chosen) < 60


def test_a_file_reads_options_in_its_path_its_text_and_what_it_takes_in(tmp_path: Path) -> None:
    source = template(
        tmp_path,
        name="x",
        include_a=["yes", "no"],
        include_b=["yes", "no"],
        include_c=["yes", "no"],
        include_d=["yes", "no"],
        port="{{ '1' if cookiecutter.include_d == 'yes' else '2' }}",
        _far="{{ cookiecutter.port }}",
    )
    write(
        source,
        **{
            "{{cookiecutter.name}}__plain.txt": "nothing",
            "{{cookiecutter.name}}__one.txt": "{% if cookiecutter.include_a == 'yes' %}1{% endif %}",
            "{{cookiecutter.name}}__{{cookiecutter['include_b']}}.txt": "{{ cookiecutter.include_a }}",
            "{{cookiecutter.name}}__three.txt": "{% include 'part.txt' %}",
            "{{cookiecutter.name}}__far.txt": "{{ cookiecutter._far }}",
            "templates__part.txt": "{{ cookiecutter.include_c }} {% include 'part.txt' %}",
            "hooks__post_gen_project.py": "{{ cookiecutter.include_a }}{{ cookiecutter.include_c }}",
        },
    )
    assert file_reads(source) == (
        frozenset({"include_a", "include_b"}),
        frozenset({"include_c"}),
        frozenset({"include_d"}),
    )


def test_an_unknown_id_names_those_that_exist() -> None:
    with pytest.raises(
        TemplateError,
        match=r"no combination 'nope'; there are all, pairwise, each, sampled, default, aa\+b\+c\+d",
    ):
        select("nope", SPACE)


def test_an_id_of_a_large_template_is_one_of_the_sample() -> None:
    assert [combo.id for combo in select("bare,04", switches(12))] == ["bare", "04"]


def test_too_many_combinations_are_refused() -> None:
    with pytest.raises(TemplateError, match=r"choose --combos=sampled"):
        everything(switches(9))


def settings(folder: Path, exclude: str) -> tuple[str, ...]:
    template(folder, include_a=["yes", "no"], include_b=["yes", "no"])
    (folder / "pyproject.toml").write_text(f"[tool.pytest-saas-validate]\nexclude = {exclude}\n")
    return tuple(combo.id for combo in read_settings(folder, Switches(path=str(folder))).combos)


def test_the_table_says_what_does_not_go_together(tmp_path: Path) -> None:
    assert settings(tmp_path, '[{ include_a = "yes", include_b = "no" }]') == ("a+b", "b", "bare")


@pytest.mark.parametrize("exclude", ['"x"', "[{}]", '[{ include_c = "yes" }]', '[{ include_a = "maybe" }]'])
def test_an_exclusion_that_means_nothing_is_an_error(tmp_path: Path, exclude: str) -> None:
    with pytest.raises(SpecError, match="exclude must be a list of answers to options"):
        settings(tmp_path, exclude)


def test_nothing_left_is_an_error() -> None:
    barred = Space(FOUR, {}, excluded=((("include_a", "yes"),), (("include_a", "no"),)))
    with pytest.raises(TemplateError, match="nothing is left to judge"):
        select("pairwise", barred)


def test_a_missing_template_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"give the folder that holds cookiecutter\.json"):
        read_options(tmp_path)
