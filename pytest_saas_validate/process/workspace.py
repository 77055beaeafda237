"""Where a run keeps things: the cache that outlives it, and a folder of its own that does not."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.process.disturbed import is_full, no_room
from pytest_saas_validate.process.identity import birth, here
from pytest_saas_validate.process.ledger import Ledger
from pytest_saas_validate.process.marker import mark_with, unmark
from pytest_saas_validate.process.memory import memory
from pytest_saas_validate.process.once import locked, once, write_atomically
from pytest_saas_validate.process.reaper import RUNS_LOCK, WORKER, Reaped, reap, reap_dead

_NAME = "pytest-saas-validate"


class WorkspaceError(Exception):
    """The cache cannot be used; the message names the folder and how to choose another."""


def cache_root() -> Path:
    """$SAAS_VALIDATE_CACHE; else below /var/cache for root, whose home is closed; else the user's cache."""
    chosen = os.environ.get("SAAS_VALIDATE_CACHE", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/cache") / _NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / _NAME
    return Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache") / _NAME


@dataclass(frozen=True)
class Workspace:
    """`root` is the cache, `folder` belongs to this run. Pickles; one per run, shared by its processes."""

    root: Path
    folder: Path

    @classmethod
    def create(
        cls,
        run_id: str | None = None,
        root: Path | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> Workspace:
        """A run of this process; first ends what others left whose owner is gone, and says what stays.

        Raises WorkspaceError, and NoRoom for a full disk.
        """
        return cls.open(run_id or os.urandom(8).hex(), owner=os.getpid(), root=root, tidy=say)

    @classmethod
    def open(
        cls, run_id: str, *, owner: int, root: Path | None = None, tidy: Callable[[str], None] | None = None
    ) -> Workspace:
        """The folder of a run that process `owner` answers for; whoever comes first makes it.

        With `tidy` what dead runs left is removed first, and it is told what could not be.
        A worker may come before its controller, and outlives a killed one for some seconds. Raises
        WorkspaceError, and NoRoom for a full disk.
        """
        root = root or cache_root()
        folder = root / "runs" / _short(run_id)
        try:
            for path in (root, root / "locks", root / "runs"):
                _make(path)
            if tidy is not None:
                for dead, reaped in reap_dead(root).items():
                    if reaped.left:
                        tidy(reaped.complaint(dead))
            with locked(root / "locks" / RUNS_LOCK):
                _make(folder)
                _make(folder / "shared")
                if not (folder / "owner.json").exists():
                    (folder / "ledger.jsonl").touch(mode=0o600)
                    facts = {"pid": owner, "birth": birth(owner), "here": here()}
                    write_atomically(folder / "owner.json", json.dumps(facts).encode())
            workspace = cls.attach(folder)
            if owner != os.getpid():
                workspace.share()
        except OSError as problem:
            if is_full(problem):
                raise no_room(problem) from problem
            raise WorkspaceError(
                f"{root}: the cache cannot be used ({problem}); set SAAS_VALIDATE_CACHE to a folder of yours"
            ) from problem
        return workspace

    @classmethod
    def attach(cls, folder: Path) -> Workspace:
        """The run in an existing folder; programs started from now on belong to it."""
        mark_with(folder)
        return cls.of(folder)

    @classmethod
    def of(cls, folder: Path) -> Workspace:
        """The run in an existing folder."""
        return cls(folder.parent.parent, folder)

    def share(self) -> None:
        """Record that this process works here beside the owner: it is ended before anything is removed, and
        so makes nothing of it anew. Raises FileNotFoundError when the run is gone."""
        self.ledger.plan(WORKER, pid=os.getpid(), birth=birth(os.getpid()))

    @property
    def run_id(self) -> str:
        """Short and unique; processes of the run carry it."""
        return self.folder.name

    @property
    def ledger(self) -> Ledger:
        """What the run has outside of this process."""
        return Ledger(self.folder / "ledger.jsonl")

    @property
    def shared(self) -> Path:
        """Where once() keeps what all processes of the run share."""
        return self.folder / "shared"

    def sub(self, name: str) -> Path:
        """A folder of the run that others may enter but not list; made when missing."""
        path = self.folder
        for part in Path(name).parts:
            path /= part
            _make(path)
        return path

    def swift(self, name: str, need: int = 0) -> Path:
        """A folder of the run for many small files: in memory where there is room, else like `sub`.

        All of a run lie in one place: who asks first tells how many bytes all of them may `need`.
        """
        folder = once(self.shared, "swift", lambda: self._in_memory(need) or self.folder) / name
        _make(folder)
        return folder

    def _in_memory(self, need: int) -> Path | None:
        base = memory(need)
        if base is None:
            return None
        folder = base / f"saas-{self.run_id}-{os.urandom(3).hex()}"
        self.ledger.plan("folder", path=str(folder))
        folder.mkdir(mode=0o711)
        return folder

    def close(self) -> Reaped:
        """End everything that is left of the run, whoever started it, and remove its folder. By its owner."""
        reaped = reap(self.ledger)
        unmark(self.folder)
        return reaped


def _make(path: Path) -> None:
    """A folder that others may enter but not list: PostgreSQL may run as another user below it."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711)


def _short(run_id: str) -> str:
    """Part of a path that a Unix socket must fit into."""
    return re.sub(r"[^A-Za-z0-9]", "", run_id)[:16] or "run"
