"""Our bake gives what cookiecutter gives, to the byte and the mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.bake import BakeError, Oven
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.project import read_files
from pytest_saas_validate.settings import Switches, read_settings

SETTINGS = read_settings(Path(__file__).parent, Switches(combos="all"))


@pytest.fixture(scope="module")
def oven(tmp_path_factory: pytest.TempPathFactory) -> Oven:
    return Oven(template=SETTINGS.source, home=tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("combo", SETTINGS.combos, ids=lambda combo: combo.id)
def test_the_memo_changes_nothing(combo: Combo, oven: Oven, tmp_path: Path, cookies) -> None:
    """The contract with pytest-cookies, which calls cookiecutter plainly."""
    plain = cookies.bake(extra_context=combo.mapping, template=str(SETTINGS.source))
    assert plain.exception is None
    assert oven.bake(combo, tmp_path).files == read_files(plain.project_path)


def test_sixteen_combinations_differ(oven: Oven, tmp_path: Path) -> None:
    digests = {oven.bake(combo, tmp_path / combo.id).digest() for combo in SETTINGS.combos}
    assert len(digests) == len(SETTINGS.combos) == 16


def test_an_unknown_variable_is_refused(oven: Oven, tmp_path: Path) -> None:
    """cookiecutter drops it without a word, and the default would be judged instead."""
    with pytest.raises(BakeError, match="no variable 'include_sentri'"):
        oven.bake(SETTINGS.combos[0], tmp_path, {"include_sentri": "yes"})


def test_a_refusal_of_the_hook_is_told(oven: Oven, tmp_path: Path) -> None:
    with pytest.raises(BakeError, match="project_slug"):
        oven.bake(SETTINGS.combos[0], tmp_path, {"project_slug": "../elsewhere"})
