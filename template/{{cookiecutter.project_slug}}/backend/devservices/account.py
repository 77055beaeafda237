"""PostgreSQL refuses to run as root; then it runs as the system's powerless user."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TypedDict

NAME = "nobody"


class RunAs(TypedDict, total=False):
    """The part of the arguments of `subprocess.run` that says who runs the program."""

    user: int
    group: int
    extra_groups: list[int]


def run_as() -> RunAs:
    """Return who runs the server: the present user, or `nobody` when that is root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(NAME)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(path: Path) -> None:
    """Hand a file, or a folder with everything in it, over to whoever runs the server."""
    owner = run_as()
    if owner:
        for each in (path, *path.rglob("*")):
            os.chown(each, owner["user"], owner["group"], follow_symlinks=False)


def can_reach(path: Path) -> bool:
    """Tell whether the server's user gets to a path through its parents."""
    return not run_as() or all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def folder_beside(wanted: Path) -> Path:
    """Create the server's own folder: `wanted`, or a temporary one when it cannot get there."""
    if can_reach(wanted):
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = wanted
    else:
        folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    give(folder)
    return folder


def reachable_copy(package: Path, part: str, copies: Path) -> Path:
    """Return a part of a package where the server's user reaches it: in place, or in a copy."""
    if can_reach(package / part):
        return package / part
    libraries = package.with_name(f"{package.name}.libs")
    copied = copies / package.name / part
    for source, target in ((libraries, copies / libraries.name), (package / part, copied)):
        if source.exists() and not target.exists():
            shutil.copytree(source, target, symlinks=True)
    return copied
