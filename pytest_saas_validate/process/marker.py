"""The mark in the environment of every process of a run, which finds it when nothing else was recorded."""

from __future__ import annotations

import os
from collections.abc import Mapping

MARK = "SAAS_VALIDATE_RUN"
_current: list[str] = []


def mark_with(run_id: str) -> None:
    """Processes that this one starts from now on belong to that run; empty ends it."""
    _current[:] = [run_id] if run_id else []


def current() -> str:
    """The run whose mark children get; empty when there is none."""
    return _current[0] if _current else ""


def marked(env: Mapping[str, str] | None, run_id: str = "") -> dict[str, str]:
    """The environment (by default our own) with the mark of that run, by default the current one."""
    result = dict(os.environ if env is None else env)
    mark = run_id or current()
    if mark:
        result[MARK] = mark
    return result
