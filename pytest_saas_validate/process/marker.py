"""The mark in the environment of every process of a run, which finds it when nothing else was recorded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MARK = "SAAS_VALIDATE_RUN"
_current: list[Path] = []


def mark_with(folder: Path) -> None:
    """Processes that this one starts from now on belong to the run of that folder."""
    unmark(folder)
    _current.append(folder)


def unmark(folder: Path) -> None:
    """That run is over: what is started from now on belongs to the run that was begun before it, if any."""
    if folder in _current:
        _current.remove(folder)


def current() -> str:
    """The run whose mark children get; empty when there is none."""
    return _current[-1].name if _current else ""


def place() -> Path | None:
    """The folder of that run."""
    return _current[-1] if _current else None


def marked(env: Mapping[str, str] | None, run_id: str = "") -> dict[str, str]:
    """The environment (by default our own) with the mark of that run, by default the current one."""
    result = dict(os.environ if env is None else env)
    mark = run_id or current()
    if mark:
        result[MARK] = mark
    return result
