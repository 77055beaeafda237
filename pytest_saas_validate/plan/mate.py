"""A second process that bakes what the first is about to ask for, from the other end of the list."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import Engine
from pytest_saas_validate.plan.gather import Gatherer
from pytest_saas_validate.plan.renders import Bakery
from pytest_saas_validate.plan.source import is_extended
from pytest_saas_validate.process import Killed, Workspace, cores, is_full
from pytest_saas_validate.process.children import Child, spawn
from pytest_saas_validate.process.identity import is_stopped
from pytest_saas_validate.process.once import write_atomically
from pytest_saas_validate.process.orphans import die_with, stay_with
from pytest_saas_validate.settings import Settings

_WORTH = 8  # bakes that take longer than to start an interpreter
_BAKES = 8  # about, of one kind of evidence about a template
_LOOK_SECONDS = 1.0
_PATIENCE = 10  # looks at one that somebody stopped, and who may let it go on
_MAIN = """
import sys
sys.path[:] = sys.argv[3:]
from pytest_saas_validate.plan.mate import work
work(sys.argv[1], int(sys.argv[2]))
"""


@dataclass(frozen=True)
class Task:
    """What a run will need: renders, and evidence about the template, in the order in which it will ask."""

    settings: Settings
    combos: Sequence[Combo]
    kinds: Sequence[type]

    @property
    def pays(self) -> bool:
        """Whether two processes are faster than one, and sure to bake alike."""
        enough = len(self.combos) + _BAKES * len(self.kinds) >= _WORTH
        return cores() > 1 and enough and not is_extended(self.settings.source)


@contextlib.contextmanager
def beside(workspace: Workspace, task: Task) -> Iterator[Child | None]:
    """Inside, somebody else begins with the last of it. Both find what the other made; ended afterwards."""
    if not task.pays:
        yield None
        return
    me = os.getpid()
    write_atomically(_told(workspace, me), pickle.dumps(task), durable=False)
    words = [sys.executable, "-c", _MAIN, str(workspace.folder), str(me), *sys.path]
    mate = spawn(workspace.ledger, words, name="mate", log=workspace.folder / f"mate-{me}.log")
    try:
        with _not_waited_for(mate):
            yield mate
    finally:
        mate.stop(grace=0.0)


@contextlib.contextmanager
def _not_waited_for(mate: Child) -> Iterator[None]:
    """Inside, one that stands still is ended: it may hold the lock of what is waited for here."""
    over = threading.Event()

    def watch() -> None:
        looks = 0
        while looks < _PATIENCE and not over.wait(_LOOK_SECONDS):
            looks = looks + 1 if is_stopped(mate.pid) else 0
        if not over.is_set():
            mate.stop(grace=0.0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def work(folder: str, parent: int) -> None:
    """Of a mate: make the last first, while there is one who asks.

    What goes wrong is told to who asks for it in the first process.
    """
    die_with(parent)
    workspace = Workspace.attach(Path(folder))
    workspace.share()
    task: Task = pickle.loads(_told(workspace, parent).read_bytes())
    try:
        bakery = Bakery(task.settings, workspace, task.settings.source)
        for combo in reversed(task.combos):
            stay_with(parent)
            with contextlib.suppress(BakeError):
                bakery.project(combo)
        gatherer = Gatherer(workspace, _no_engine, tuple)
        for kind in reversed(task.kinds):
            stay_with(parent)
            gatherer.of_template(kind, bakery, bakery.digest)
    except (BakeError, Killed):
        return
    except OSError as problem:
        if not is_full(problem):
            raise


def _told(workspace: Workspace, asker: int) -> Path:
    """Each worker of a run has a mate of its own."""
    return workspace.folder / f"mate-{asker}.pickle"


def _no_engine(name: str) -> Engine:
    raise LookupError(f"{name}: a mate boots nothing")
