"""End what a run left: its processes by ledger and mark, then its folders."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.process.children import end
from pytest_saas_validate.process.docker import DOCKER, remove_announced
from pytest_saas_validate.process.identity import birth, carrying, descendants, here, is_stopped, parent
from pytest_saas_validate.process.kubernetes import NAMESPACE, NODE_IMAGE, remove_image, remove_namespace
from pytest_saas_validate.process.ledger import GONE, Ledger
from pytest_saas_validate.process.once import locked, sweep

RUNS_LOCK = "runs.lock"  # is held while the folder of a run is made
WORKER = "worker"  # the kind of a ledger's line for a process that shares the run with its owner
_KEPT = "kept"  # the kind of a ledger's line: since when it is tried to remove what is left
_UNKNOWN_AGE = 24 * 3600.0  # seconds; a run of another machine that shares the cache; what cannot be removed
_OWNER: Mapping[str, type] = {"here": str, "pid": int, "birth": str}
# What lies outside of this machine's processes and folders; what uses something goes before it.
_OUTSIDE: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    NAMESPACE: remove_namespace,
    NODE_IMAGE: remove_image,
    DOCKER: remove_announced,
}


@dataclass(frozen=True)
class Reaped:
    """What was ended and removed, and what could not be."""

    processes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    again: bool = False  # whether the next run tries again

    def complaint(self, run_id: str) -> str:
        """What a user has to know of a run that left something; empty when it left nothing."""
        if not self.left:
            return ""
        what = "; the next run tries again" if self.again else "; nobody tries again: remove it by hand"
        lines = [line for each in self.left for line in each.splitlines()]
        return "\n  ".join([f"run {run_id} left what could not be removed{what}", *lines])


def reap(ledger: Ledger, begun: Mapping[int, str] | None = None) -> Reaped:
    """End every process of the run but this one and its parents, remove its folders, and its own at last.

    Its workers are left alone: they are whole pytest processes, and their controller ends them. `begun` are
    processes of the run that may not carry its mark yet: number -> birth. While something is left outside
    of this machine's processes and folders, the ledger is kept for a day, and who reaps next tries again.
    """
    if not ledger.path.exists():
        return Reaped()
    processes: list[str] = []
    left: list[str] = []
    # The folder gets another name first: nothing new can be recorded, and so nothing new can begin.
    gone = ledger.path.parent.with_name(ledger.run_id + GONE)
    if ledger.path.parent != gone:
        ledger.path.parent.rename(gone)
    moved = Ledger(gone / ledger.path.name)
    for _ in range(5):  # a process may fork while it is being looked for
        found = _processes(moved, begun or {})
        if not found:
            break
        processes += [name for name, _, _ in found.values()]
        stuck = end(
            {pid: born for pid, (_, born, _) in found.items()},
            {p: number for p, (_, _, number) in found.items()},
        )
        left[:] = [f"process {pid} ({found[pid][0]})" if pid in found else f"process {pid}" for pid in stuck]
    folders = []
    for entry in moved.left("folder"):
        if _is_ours(entry) and Path(entry["path"]).exists():
            folders.append(entry["path"])
            left += _remove(Path(entry["path"]))
    outside = _remove_outside(moved)
    again = bool(outside) and not _is_given_up(moved)
    left += outside
    for path in sorted(gone.iterdir()) if again else [gone]:
        left += [] if again and path.stem == moved.path.stem else _remove(path)
    return Reaped(tuple(processes), tuple(folders), tuple(left), again)


def reap_dead(root: Path) -> Mapping[str, Reaped]:
    """Reap every run below a cache whose owner is gone; by run id. Costs one look per run.

    Locks and unfinished files of killed processes go too.
    """
    runs = root / "runs"
    if not runs.is_dir():
        return {}
    reaped: dict[str, Reaped] = {}
    with locked(root / "locks" / "reap.lock"):
        with locked(root / "locks" / RUNS_LOCK):
            dead = [folder for folder in sorted(runs.iterdir()) if _is_dead(folder)]
        for folder in dead:
            ledger = Ledger(folder / "ledger.jsonl")
            with contextlib.suppress(FileNotFoundError):  # its own process was about to be done with it
                if ledger.path.exists():
                    reaped[ledger.run_id] = reap(ledger, _end_workers(ledger))
                else:
                    reaped[ledger.run_id] = Reaped(left=tuple(_remove(folder)))
        for kept in root.iterdir():
            if kept != runs and kept.is_dir():
                sweep(kept)
    return reaped


def _is_dead(folder: Path) -> bool:
    """Who makes a run's folder holds the lock that is held here: one without an owner will never get any.

    One that is being removed by its own living process is left to that.
    """
    if not folder.is_dir():
        return True
    try:
        owner = _owner(folder)
        if owner is None or owner["here"] != here():
            return time.time() - folder.stat().st_mtime > _UNKNOWN_AGE
    except FileNotFoundError:
        return True
    return not owner["birth"] or birth(owner["pid"]) != owner["birth"]


def _owner(folder: Path) -> Mapping[str, Any] | None:
    """Who answers for a run; None where that cannot be read. Raises FileNotFoundError where nobody does."""
    try:
        owner = json.loads((folder / "owner.json").read_bytes())
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError):
        return None
    told = isinstance(owner, dict) and all(isinstance(owner.get(name), of) for name, of in _OWNER.items())
    return owner if told else None


def _end_workers(ledger: Ledger) -> dict[int, str]:
    """First of all and alone: nothing new begins then, and each of their servers is asked in its own way.

    Returns what was below them, number -> birth: a process carries the mark only once it became its program,
    and a worker may be killed just before that.
    """
    spared = _ourselves()
    births = {entry["pid"]: entry["birth"] for entry in ledger.left(WORKER) if entry["pid"] not in spared}
    living = {pid for pid, born in births.items() if born and birth(pid) == born}
    _stop(living)
    begun = {pid: birth(pid) for pid in descendants(living) - living - spared}
    end(births, dict.fromkeys(births, signal.SIGKILL), below=False)
    return begun


def _stop(living: set[int]) -> None:
    """Stop processes, so that what is below them does not change while it is listed; waits up to a second."""
    for pid in living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline and any(birth(pid) and not is_stopped(pid) for pid in living):
        time.sleep(0.001)


def _processes(ledger: Ledger, begun: Mapping[int, str]) -> dict[int, tuple[str, str, int]]:
    """Living processes of the run: number -> name, birth, signal to ask with."""
    found = {pid: (f"begun by a worker: {pid}", born, int(signal.SIGTERM)) for pid, born in begun.items()}
    for pid in carrying(ledger.run_id):
        found[pid] = (f"carrying the mark: {pid}", birth(pid), signal.SIGTERM)
    for entry in ledger.left("process"):
        if birth(entry["pid"]) == entry["birth"]:
            found[entry["pid"]] = (entry["name"], entry["birth"], entry["signal"])
    for pid in _ourselves():
        found.pop(pid, None)
    return {pid: facts for pid, facts in found.items() if facts[1] and birth(pid) == facts[1]}


def _ourselves() -> set[int]:
    """This process and everything above it."""
    found = set()
    pid = os.getpid()
    while pid > 0 and pid not in found:
        found.add(pid)
        pid = parent(pid)
    return found


def _remove_outside(ledger: Ledger) -> list[str]:
    """Remove what lies elsewhere; what is gone is not tried again. Returns what is left."""
    left: list[str] = []
    for kind, remove in _OUTSIDE.items():
        for entry in ledger.left(kind):
            found = remove(entry)
            left += found
            if not found:
                ledger.release(entry["id"])
    return left


def _is_given_up(ledger: Ledger) -> bool:
    """Whether it was tried for long enough; the first time is written down."""
    for entry in ledger.left(_KEPT):
        return bool(time.time() - entry["since"] > _UNKNOWN_AGE)
    ledger.plan(_KEPT, since=time.time())
    return False


def _is_ours(entry: Mapping[str, Any]) -> bool:
    """False once the folder was published under a lasting name; its maker died before it could say so."""
    link = entry.get("unless_linked")
    return not (link and Path(link).resolve() == Path(entry["path"]).resolve())


def _remove(path: Path) -> list[str]:
    """Remove a folder, or a file; what is still being written to is tried again. Returns what is left."""
    if path.is_file():
        path.unlink(missing_ok=True)
    for _ in range(5):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return []
        time.sleep(0.1)
    with contextlib.suppress(OSError):
        shutil.rmtree(path)
    return [f"folder {path}"] if path.exists() else []
