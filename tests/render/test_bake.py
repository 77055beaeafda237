"""Our bake gives what cookiecutter gives, to the byte and the mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.bake import BakeError, Oven
from pytest_saas_validate.combos import Combo, combine
from pytest_saas_validate.project import read_files
from pytest_saas_validate.settings import Switches, read_settings
from tests.render.listing import listing

SETTINGS = read_settings(Path(__file__).parent, Switches(combos="all"))


@pytest.fixture(scope="module")
def oven(tmp_path_factory: pytest.TempPathFactory) -> Oven:
    return Oven(template=SETTINGS.source, home=tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("combo", SETTINGS.combos, ids=lambda combo: combo.id)
def test_the_memo_changes_nothing(combo: Combo, oven: Oven, tmp_path: Path, cookies) -> None:
    """The contract with pytest-cookies, which calls cookiecutter plainly."""
    plain = cookies.bake(extra_context=combo.mapping, template=str(SETTINGS.source))
    assert plain.exception is None
    baked = oven.bake(combo, tmp_path)
    assert listing(baked.root) == listing(plain.project_path)
    assert baked.files == read_files(plain.project_path)


def test_sixteen_combinations_differ(oven: Oven, tmp_path: Path) -> None:
    digests = {oven.bake(combo, tmp_path / combo.id).digest() for combo in SETTINGS.combos}
    assert len(digests) == len(SETTINGS.combos) == 16


def test_a_filter_of_the_templates_own_is_asked_in_each_bake(tmp_path: Path) -> None:
    """Jinja works out a filter of a constant while it compiles; this one answers otherwise each time."""
    template = tmp_path / "template"
    folder = template / "{{cookiecutter.slug}}"
    folder.mkdir(parents=True)
    (template / "cookiecutter.json").write_text('{"slug": "tiny", "_extensions": ["own_filters.fresh"]}')
    (template / "own_filters.py").write_text(
        "import uuid\nfrom cookiecutter.utils import simple_filter\n\n\n"
        "@simple_filter\ndef fresh(text):\n    return text + uuid.uuid4().hex\n"
    )
    (folder / "id.txt").write_text("{{ 'n-' | fresh }}\n")
    oven, combo = Oven(template=template, home=tmp_path / "home"), combine((), {}, {})
    one, other = (oven.bake(combo, tmp_path / name).files["id.txt"] for name in ("one", "other"))
    assert one != other


def test_an_unknown_variable_is_refused(oven: Oven, tmp_path: Path) -> None:
    """cookiecutter drops it without a word, and the default would be judged instead."""
    with pytest.raises(BakeError, match="no variable 'include_sentri'"):
        oven.bake(SETTINGS.combos[0], tmp_path, {"include_sentri": "yes"})


def test_a_refusal_of_the_hook_is_told(oven: Oven, tmp_path: Path) -> None:
    with pytest.raises(BakeError, match="project_slug"):
        oven.bake(SETTINGS.combos[0], tmp_path, {"project_slug": "../elsewhere"})


def test_a_shell_hook_runs_and_leaves_no_copy_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cookiecutter renders it, with every answer in it, into a plain file of the temporary folder."""
    template, temporary = tmp_path / "template", tmp_path / "temporary"
    for folder in (template / "{{cookiecutter.slug}}", template / "hooks", temporary):
        folder.mkdir(parents=True)
    (template / "cookiecutter.json").write_text('{"slug": "tiny"}')
    (template / "{{cookiecutter.slug}}" / "a.txt").write_text("a\n")
    (template / "hooks" / "post_gen_project.sh").write_text(
        "#!/bin/sh\necho {{ cookiecutter.slug }} > made\n"
    )
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    baked = Oven(template=template, home=tmp_path / "home").bake(combine((), {}, {}), tmp_path / "out")
    assert baked.files["made"].text == "tiny\n"
    assert list(temporary.iterdir()) == []
