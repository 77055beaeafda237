"""What git says of files: which are hidden by a project's own rules, and which are tracked."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_saas_validate.process import run, scratch
from pytest_saas_validate.project import File, read_files
from pytest_saas_validate.tools.unsteered import unsteered

_SAMPLE = "saas-validate-sample/.gitignore"
_CONTROL = "saas-validate-sample/control"


class GitError(Exception):
    """Git did not ignore what it was told to; the message holds what it said."""


def available() -> bool:
    """Whether git is on PATH."""
    return shutil.which("git") is not None


def rules(files: Mapping[str, File]) -> dict[str, File]:
    """The files among these that say what is ignored."""
    return {name: file for name, file in files.items() if posixpath.basename(name) == ".gitignore"}


def ignored(files: Mapping[str, File]) -> dict[str, str]:
    """Which of the files the .gitignore files among them hide: path -> "FILE:LINE (PATTERN)".

    Only these rules count: not what the machine or the user adds, nor that a file is tracked already. Raises
    GitError. Two processes, 10 ms.
    """
    with scratch() as folder:
        for path, file in {**rules(files), _SAMPLE: File(b"*\n")}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(file.content)
        homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME"), str(folder))
        alone = {**unsteered("git"), **homes, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        run(["git", "init", "--quiet", "."], cwd=folder, env=alone)
        words = ["git", "check-ignore", "--no-index", "--verbose", "-z", "--stdin"]
        result = run(words, cwd=folder, env=alone, stdin="\0".join((*files, _CONTROL)).encode())
    found = _rules(result.stdout)
    if found.pop(_CONTROL, None) is None:
        raise GitError(result.explain())
    return found


def lost(root: Path, names: Iterable[str]) -> dict[str, str] | None:
    """Which of these paths below a folder its repository leaves out: path -> "FILE:LINE (PATTERN)".

    Files that are new and not ignored count as kept. None when the folder is in no repository.
    """
    listed = run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        env=unsteered("git"),
    )
    if not listed.ok:
        return None
    kept = frozenset(listed.stdout.decode(errors="replace").split("\0"))
    gone = [name for name in names if name not in kept]
    if not gone:
        return {}
    words = ["git", "check-ignore", "--no-index", "--verbose", "-z", "--stdin"]
    told = run(words, cwd=root, env=unsteered("git"), stdin="\0".join(gone).encode())
    return {**dict.fromkeys(gone, "a rule that git does not name"), **_rules(told.stdout)}


def _rules(said: bytes) -> dict[str, str]:
    """What `check-ignore --verbose -z` prints, without the paths that a rule takes back."""
    fields = said.decode(errors="replace").split("\0")
    rows = [fields[at : at + 4] for at in range(0, len(fields) - 3, 4)]
    return {path: f"{rule}:{line} ({what})" for rule, line, what, path in rows if not what.startswith("!")}


def sources(root: Path) -> dict[str, File]:
    """The source files of a project in use: what its own ignore rules hide is made by its commands.

    A file that is tracked all the same belongs to it. Without git everything does.
    """
    files = read_files(root)
    made = ignored(files).keys() - _tracked(root) if available() else set()
    return {name: file for name, file in files.items() if name not in made}


def _tracked(root: Path) -> frozenset[str]:
    """The paths below a folder that its repository knows; none where there is no repository."""
    listed = run(["git", "ls-files", "-z"], cwd=root, env=unsteered("git"))
    return frozenset(listed.stdout.decode(errors="replace").split("\0")) if listed.ok else frozenset()
