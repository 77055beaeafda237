"""What lies below a folder, to the bit: two of these are equal only when nothing tells the folders apart."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path


def listing(root: Path) -> Mapping[str, tuple[str, bytes]]:
    """Every path below a folder: its kind and mode, and its content or where it leads."""
    return {path.relative_to(root).as_posix(): _facts(path) for path in root.rglob("*")}


def _facts(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", str(path.readlink()).encode()
    mode = stat.filemode(path.stat().st_mode)
    return mode, path.read_bytes() if path.is_file() else b""
