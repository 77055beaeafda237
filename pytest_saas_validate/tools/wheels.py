"""Programs that lie inside installed wheels, found without importing what is around them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

_HOW = "pip install 'pytest-saas-validate[local]'"


def folder_of(module: str) -> Path | None:
    """The folder of an installed package; None when it is not installed."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def program_in(module: str, pattern: str) -> Path | None:
    """The program of this machine's kind inside a package; None when there is none."""
    folder = folder_of(module)
    return next(iter(sorted(folder.glob(pattern))), None) if folder else None


def missing(module: str, package: str) -> str:
    """Why the package's program cannot be used; empty when the package is installed."""
    if folder_of(module):
        return ""
    if not _is_meant_for_us(package):
        return f"{package} has no wheel for this Python or this kind of machine"
    return f"{package} is not installed; {_HOW}"


def _is_meant_for_us(package: str) -> bool:
    """Whether the extra [local] brings a package here: what has no wheel is left out by a marker."""
    named = [Requirement(text) for text in requires("pytest-saas-validate") or ()]
    markers = [requirement.marker for requirement in named if requirement.name == package]
    return not markers or any(m is None or m.evaluate({"extra": "local"}) for m in markers)


def uv_program() -> str:
    """The installer uv; empty when it is not here."""
    if folder_of("uv"):
        import uv

        return os.fspath(uv.find_uv_bin())
    return shutil.which("uv") or ""
