"""The defects that only a cluster shows, planted in the template: what is applied to it still builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.mutants import Edit, Mutant, mutants
from pytest_saas_validate.probes import Unavailable
from pytest_saas_validate.probes.manifests import built, overlays
from pytest_saas_validate.project import Project
from pytest_saas_validate.settings import Switches, read_settings

SETTINGS = read_settings(Path(__file__).parent, Switches(combos="all"))
FULLEST = max(SETTINGS.combos, key=lambda combo: len(combo.features))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("home")
    return Oven(template=SETTINGS.source, home=home).bake(FULLEST, tmp_path_factory.mktemp("bake"))


@pytest.mark.parametrize(
    "mutant", [found for found in mutants() if found.on == "cluster"], ids=lambda mutant: mutant.id
)
def test_a_defect_changes_what_is_built(mutant: Mutant, project: Project, tmp_path: Path) -> None:
    assert mutant.in_project is not None
    edit = Edit(project)
    mutant.in_project(edit)
    changed = edit.done(tmp_path)
    try:
        before = {path: built(project, path) for path in overlays(project)}
        after = {path: built(changed, path) for path in overlays(changed)}
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert after.keys() == before.keys()
    assert after != before
