"""Which process a number means: numbers are used again, a number with its birth is not.

Linux is read from /proc; elsewhere psutil answers, which the extra [local] brings.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_saas_validate.process.marker import MARK

_PROC = Path("/proc")
_LINUX = (_PROC / "self/stat").exists()


@functools.cache
def here() -> str:
    """Names the space in which numbers of processes mean something: machine start and namespace."""
    if _LINUX:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    return f"{os.uname().nodename}/{_psutil().boot_time():.0f}"


def birth(pid: int) -> str:
    """When a living process began, in its system's own unit; empty when it is gone or a zombie."""
    if _LINUX:
        fields = _stat(pid)
        return fields[19] if fields and fields[0] not in "ZX" else ""
    psutil = _psutil()
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.6f}"
    except psutil.Error:
        return ""


def is_stopped(pid: int) -> bool:
    """Whether a living process was stopped by a signal: all that it began has become a process of its own."""
    if _LINUX:
        return _stat(pid)[:1] == ["T"]
    psutil = _psutil()
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def parent(pid: int) -> int:
    """The parent's number; 0 when the process is gone."""
    if _LINUX:
        fields = _stat(pid)
        return int(fields[1]) if fields else 0
    psutil = _psutil()
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.Error:
        return 0


def carrying(run_id: str) -> set[int]:
    """Numbers of the living processes that carry this run's mark."""
    mark = f"{MARK}={run_id}"
    return {pid for pid in pids() if mark in _environment(pid)}


def pids() -> Iterator[int]:
    """Numbers of all processes that can be seen."""
    if _LINUX:
        yield from (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal())
    else:
        yield from _psutil().pids()


def descendants(roots: set[int]) -> set[int]:
    """The roots and everything below them, as far as it was not handed to another parent."""
    below: dict[int, list[int]] = {}
    for pid in pids():
        below.setdefault(parent(pid), []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += below.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before them may hold anything."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rsplit(")", 1)[1].split()


def _environment(pid: int) -> list[str]:
    if _LINUX:
        try:
            content = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:  # gone, or another user's
            return []
        return content.decode("utf-8", "replace").split("\0")
    psutil = _psutil()
    try:
        return [f"{name}={value}" for name, value in psutil.Process(pid).environ().items()]
    except (psutil.Error, OSError):
        return []


def _psutil() -> Any:
    try:
        import psutil
    except ImportError:
        raise RuntimeError(
            f"processes cannot be told apart on {sys.platform} without psutil; "
            "pip install 'pytest-saas-validate[local]'"
        ) from None
    return psutil
