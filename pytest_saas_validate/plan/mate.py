"""A second process that bakes what the first is about to ask for, from the other end of the list."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import Engine
from pytest_saas_validate.plan.gather import Gatherer
from pytest_saas_validate.plan.renders import Bakery
from pytest_saas_validate.process import Killed, Workspace, is_full
from pytest_saas_validate.process.children import Child, spawn
from pytest_saas_validate.settings import Settings

_WORTH = 8  # bakes that take longer than to start an interpreter
_BAKES = 8  # about, of one kind of evidence about a template
_MAIN = """
import sys
sys.path[:] = sys.argv[2:]
from pytest_saas_validate.plan.mate import work
work(sys.argv[1])
"""


@dataclass(frozen=True)
class Task:
    """What a run will need: renders, and evidence about the template, in the order in which it will ask."""

    settings: Settings
    combos: Sequence[Combo]
    kinds: Sequence[type]

    @property
    def pays(self) -> bool:
        """Whether two processes are faster than one."""
        return (os.cpu_count() or 1) > 1 and len(self.combos) + _BAKES * len(self.kinds) >= _WORTH


@contextlib.contextmanager
def beside(workspace: Workspace, task: Task) -> Iterator[Child | None]:
    """Inside, somebody else begins with the last of it. Both find what the other made; ended afterwards."""
    if not task.pays:
        yield None
        return
    told = workspace.folder / "mate.pickle"
    told.write_bytes(pickle.dumps(task))
    words = [sys.executable, "-c", _MAIN, str(workspace.folder), *sys.path]
    mate = spawn(workspace.ledger, words, name="mate", log=workspace.folder / "mate.log")
    try:
        yield mate
    finally:
        mate.stop(grace=0.0)


def work(folder: str) -> None:
    """Of a mate: make the last first. What goes wrong is told to who asks for it in the first process."""
    workspace = Workspace.attach(Path(folder))
    workspace.share()
    task: Task = pickle.loads((workspace.folder / "mate.pickle").read_bytes())
    try:
        bakery = Bakery(task.settings, workspace, task.settings.source)
        for combo in reversed(task.combos):
            with contextlib.suppress(BakeError):
                bakery.project(combo)
        gatherer = Gatherer(workspace, _no_engine, tuple)
        for kind in reversed(task.kinds):
            gatherer.of_template(kind, bakery, bakery.digest)
    except (BakeError, Killed):
        return
    except OSError as problem:
        if not is_full(problem):
            raise


def _no_engine(name: str) -> Engine:
    raise LookupError(f"{name}: a mate boots nothing")
