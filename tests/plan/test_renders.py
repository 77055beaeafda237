"""Where renders lie: in memory only where all that a run may make of a template fits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_saas_validate.plan.renders import Bakery
from pytest_saas_validate.process import Workspace, scratch
from pytest_saas_validate.settings import Switches, read_settings

_MEGABYTE = 1_000_000
_TEMPLATE = Path(__file__).parents[2] / "template"
pytestmark = pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no file system in memory")


@pytest.fixture
def is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path, int], bool]]:
    """Whether the renders of a template lie in memory that has so many megabytes left."""
    plain = os.statvfs
    workspace = Workspace.create(root=tmp_path / "cache")

    def asked(template: Path, megabytes: int) -> bool:
        facts = SimpleNamespace(f_bavail=megabytes, f_frsize=_MEGABYTE)
        monkeypatch.setattr(os, "statvfs", lambda path: facts if str(path) == "/dev/shm" else plain(path))
        bakes = Bakery(read_settings(template, Switches(path=str(template))), workspace, template)._bakes
        with scratch(swift=True) as folder:
            assert folder.parent.parent == bakes.parent, "what is laid out for programs lies beside them"
        return bakes.is_relative_to("/dev/shm")

    yield asked
    assert not workspace.close().left


@pytest.mark.parametrize(("megabytes", "fits"), [(64, False), (2000, True)])
def test_ours(is_in_memory: Callable[[Path, int], bool], megabytes: int, fits: bool) -> None:
    """A container has 64 MB there."""
    assert is_in_memory(_TEMPLATE, megabytes) is fits


@pytest.mark.parametrize(("megabytes", "fits"), [(2400, False), (2500, True)])
def test_one_with_a_large_file(
    is_in_memory: Callable[[Path, int], bool], template: Path, megabytes: int, fits: bool
) -> None:
    """Four combinations and what probes ask for take 64 times 19 MB, and programs as much."""
    with (template / "large.bin").open("wb") as file:
        file.truncate(19 * _MEGABYTE)
    assert is_in_memory(template, megabytes) is fits


def test_hooks_of_most_bakes_are_begun_by_one_process(tmp_path: Path) -> None:
    """Not those of a bake that is compared with a first: what is by chance must differ."""
    template = tmp_path / "template"
    (template / "{{cookiecutter.slug}}").mkdir(parents=True)
    (template / "hooks").mkdir()
    (template / "cookiecutter.json").write_text('{"slug": "tiny", "name": "Tiny"}')
    (template / "{{cookiecutter.slug}}/a.txt").write_text("a\n")
    (template / "hooks/post_gen_project.py").write_text(
        "import os\nprint(os.getppid(), file=open('by', 'w'))\n"
    )
    workspace = Workspace.create(root=tmp_path / "cache")
    settings = read_settings(template, Switches(path=str(template)))
    bakery, combo = Bakery(settings, workspace, template), settings.combos[0]
    bakes = bakery.project(combo), bakery.again(combo, name="Other"), bakery.anew(combo)
    first, second, third = (int(project.files["by"].text or "") for project in bakes)
    assert not workspace.close().left
    assert first == second
    assert third == os.getpid()
