"""A second process bakes from the other end: both find what the other made, and neither waits for nothing."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.evidence import Found
from pytest_saas_validate.evidence.render import Rebaked
from pytest_saas_validate.plan import mate
from pytest_saas_validate.plan.gather import Gatherer
from pytest_saas_validate.plan.mate import Task, beside
from pytest_saas_validate.plan.renders import Bakery
from pytest_saas_validate.process import Workspace, run
from pytest_saas_validate.process.identity import birth
from pytest_saas_validate.process.reaper import WORKER
from pytest_saas_validate.settings import Settings, Switches, read_settings


@pytest.fixture
def settings(template: Path) -> Settings:
    return read_settings(template, Switches(path=str(template)))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace.create(root=tmp_path / "cache")
    yield made
    assert not made.close().left


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mate, "cores", lambda: 2)
    monkeypatch.setattr(mate, "_WORTH", 1)


def slow_hook(template: Path) -> None:
    """While there is a file "slow" beside the template, a hook writes its number and takes its time."""
    hook = template / "hooks" / "post_gen_project.py"
    hook.parent.mkdir()
    (template.parent / "slow").touch()
    hook.write_text(
        "import os, time\n"
        "if os.path.exists('{{ cookiecutter._repo_dir }}/../slow'):\n"
        "    open('{{ cookiecutter._repo_dir }}/../pid', 'w').write(str(os.getpid()))\n"
        "    time.sleep(50)\n"
    )


def hook_began(template: Path) -> None:
    deadline = time.monotonic() + 30
    while not (template.parent / "pid").exists() or not (template.parent / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_it_made_is_not_made_again(settings: Settings, workspace: Workspace, bakes: list[str]) -> None:
    with beside(workspace, Task(settings, settings.combos, [Rebaked])) as other:
        assert other is not None
        assert other.process.wait(60) == 0, other.tail()
    bakery = Bakery(settings, workspace, settings.source)
    assert [bakery.project(combo).combo for combo in settings.combos] == list(settings.combos)
    gathered = Gatherer(workspace, lambda name: pytest.fail(name), tuple).of_template(
        Rebaked, bakery, bakery.digest
    )
    assert isinstance(gathered, Found)
    assert bakes == []


def test_it_is_ended_with_what_it_began(settings: Settings, workspace: Workspace, template: Path) -> None:
    """A hook that it was in the middle of goes with it, and the bake is made here."""
    slow_hook(template)
    with beside(workspace, Task(settings, settings.combos, ())) as other:
        assert other is not None
        hook_began(template)
        (template.parent / "slow").unlink()
        shares = [entry["pid"] for entry in workspace.ledger.open_entries() if entry["kind"] == WORKER]
        assert shares == [other.pid], "a later run ends it first, should this one be killed now"
    assert not birth(int((template.parent / "pid").read_text()))
    (template.parent / "pid").unlink()
    bakery = Bakery(settings, workspace, template)
    assert all(bakery.project(combo).files for combo in settings.combos)


def test_one_that_dies_costs_nothing_but_its_help(settings: Settings, workspace: Workspace) -> None:
    with beside(workspace, Task(settings, settings.combos, ())) as other:
        assert other is not None
        os.kill(other.pid, signal.SIGKILL)
        bakery = Bakery(settings, workspace, settings.source)
        assert all(bakery.project(combo).files for combo in settings.combos)


def test_one_that_stands_still_is_not_waited_for(
    settings: Settings, workspace: Workspace, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it holds the lock of the bake that is asked for here."""
    monkeypatch.setattr(mate, "_LOOK_SECONDS", 0.02)
    slow_hook(template)
    with beside(workspace, Task(settings, settings.combos, ())) as other:
        assert other is not None
        hook_began(template)
        (template.parent / "slow").unlink()
        os.kill(other.pid, signal.SIGSTOP)
        assert Bakery(settings, workspace, template).project(settings.combos[-1]).files
        assert not other.alive()


def test_one_that_goes_on_soon_is_left_alone(settings: Settings, workspace: Workspace) -> None:
    with beside(workspace, Task(settings, settings.combos, ())) as other:
        assert other is not None
        os.kill(other.pid, signal.SIGSTOP)
        time.sleep(1.5 * mate._LOOK_SECONDS)
        os.kill(other.pid, signal.SIGCONT)
        assert other.process.wait(60) == 0, other.tail()


_RUN = """
import pickle, sys, time
from pathlib import Path
from pytest_saas_validate.plan import mate
from pytest_saas_validate.process import Workspace
mate.cores, mate._WORTH = (lambda: 2), 1
with mate.beside(Workspace.of(Path(sys.argv[1])), pickle.loads(Path(sys.argv[2]).read_bytes())) as other:
    print(other.pid, flush=True)
    time.sleep(60)
"""


def test_it_ends_with_a_process_that_is_killed(
    settings: Settings, workspace: Workspace, template: Path, tmp_path: Path
) -> None:
    slow_hook(template)
    told = tmp_path / "task.pickle"
    told.write_bytes(pickle.dumps(Task(settings, settings.combos, ())))
    words = [sys.executable, "-c", _RUN, str(workspace.folder), str(told)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        other = int(first.stdout.readline())
        hook_began(template)
        first.kill()
    deadline = time.monotonic() + 5
    while birth(other):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_does_nothing_for_one_that_is_gone(settings: Settings, workspace: Workspace) -> None:
    """Where no kernel ends it, it looks before each bake."""
    gone = 1 << 30
    mate._told(workspace, gone).write_bytes(pickle.dumps(Task(settings, settings.combos, ())))
    words = [sys.executable, "-c", mate._MAIN, str(workspace.folder), str(gone), *sys.path]
    assert run(words).ok
    assert not list(workspace.shared.iterdir())


def test_an_extension_of_a_templates_own_is_asked_by_one_process(template: Path) -> None:
    """Two may have their sets in another order, and differ where one would not."""
    file = template / "cookiecutter.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"_extensions": ["shouting.Shout"]}))
    settings = read_settings(template, Switches(path=str(template)))
    assert not Task(settings, settings.combos * 16, [Rebaked]).pays


def test_a_refusal_is_told_to_who_asks(settings: Settings, workspace: Workspace, template: Path) -> None:
    hook = template / "hooks" / "pre_gen_project.py"
    hook.parent.mkdir()
    hook.write_text("raise SystemExit('type another name')\n")
    with beside(workspace, Task(settings, settings.combos, [Rebaked])) as other:
        assert other is not None
        assert other.process.wait(60) == 0, other.tail()
    with pytest.raises(BakeError, match="type another name"):
        Bakery(settings, workspace, template).project(settings.combos[0])


@pytest.mark.parametrize(("combos", "kinds", "cores"), [(7, 0, 2), (16, 1, 1)])
def test_nobody_is_asked_for_little_or_where_one_core_does_all(
    settings: Settings,
    workspace: Workspace,
    combos: int,
    kinds: int,
    cores: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(mate, "cores", lambda: cores)
    few = Task(settings, settings.combos[:1] * combos, [Rebaked] * kinds)
    with beside(workspace, few) as other:
        assert other is None
