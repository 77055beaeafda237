"""What a template is, for a name of it: all that lies in it, and all that it can reach from there."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from pytest_saas_validate.bake.source import shows_too_much
from pytest_saas_validate.project import NOT_SOURCE, digest_of, read_files

# A hook has its own, PATH is told by the edition, and the rest is of the shell that began the run.
_NOT_A_HOOKS = frozenset({"HOME", "TMPDIR", "PATH", "PWD", "OLDPWD", "SHLVL", "_"})
_LONG = 1_000_000  # bytes of what nobody writes by hand


def everything(folder: Path) -> Iterator[str]:
    """All that lies below a folder: paths, kinds, modes, contents, and where links lead; and the variables of
    the environment that a file names, which a hook may read."""
    unseen = {os.fsencode(name): value for name, value in os.environ.items() if name not in _NOT_A_HOOKS}
    for path in paths(folder):
        mode = _mode(path)
        content = _content(path) if stat.S_ISREG(mode) else b""
        if stat.S_ISLNK(mode):
            content = os.fsencode(path.readlink()) + _behind(path, folder)
        yield f"{path.relative_to(folder)} {mode} {hashlib.sha256(content).hexdigest()}"
        for name in [name for name in unseen if name in content] if len(content) < _LONG else ():
            yield f"{name!r}={unseen.pop(name)}"
    yield from _extensions(folder)


def _content(path: Path) -> bytes:
    """Empty for what cannot be read: where a bake needs it, the bake says so."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _extensions(folder: Path) -> Iterator[str]:
    """The code of the extensions of Jinja that a template names; an installed package may be a link to it."""
    try:
        specs = [find_spec(str(name).partition(".")[0]) for name in _named_extensions(folder)]
    except (ValueError, ImportError):
        return
    for spec in filter(None, specs):
        for place in spec.submodule_search_locations or ():
            yield digest_of(read_files(Path(place)).items())
        if spec.origin and not spec.submodule_search_locations:
            yield hashlib.sha256(_content(Path(spec.origin))).hexdigest()


def is_extended(folder: Path) -> bool:
    """Whether code of a template's own renders it, which two processes may not do alike."""
    return bool(_named_extensions(folder))


def _named_extensions(folder: Path) -> list[str]:
    try:
        told = json.loads((folder / "cookiecutter.json").read_text(encoding="utf-8")).get("_extensions")
    except (OSError, ValueError, AttributeError):
        return []
    return [str(name) for name in told] if isinstance(told, list) else []


def _behind(link: Path, folder: Path) -> bytes:
    """What a link out of a folder shows: a hook may read it there. A bake refuses one that shows too much."""
    place = Path(os.path.realpath(link))
    if folder in place.parents or NOT_SOURCE.intersection(link.relative_to(folder).parts):
        return b""
    if shows_too_much(link):
        return b""
    if not place.is_dir():
        return _content(place) if place.is_file() else b""
    try:
        return digest_of(read_files(place).items()).encode()
    except OSError:  # nobody's to read: a hook cannot either
        return b""


def stamps(path: Path) -> Iterator[object]:
    """When a file was written, and what a link leads to.

    A folder's time is that of its files, which are asked themselves.
    """
    yield _stamp(path)
    if path.is_symlink():
        place = Path(os.path.realpath(path))
        yield from map(_stamp, (place, *(paths(place) if place.is_dir() else ())))


def _stamp(path: Path) -> object:
    try:
        facts = path.lstat()
    except OSError:  # gone since its folder was listed
        return path
    written = (facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size)
    return path, facts.st_mode, *(() if path.is_dir() else written)


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def paths(folder: Path) -> Iterator[Path]:
    """All that lies below a folder, but for what git and Python keep there."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in (".git", "__pycache__"))
        yield from (Path(root) / name for name in (*folders, *sorted(files)))
