"""A project: its files, its answers, its features, and what it says of itself. Static evidence in itself."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.spec import Spec, read_spec

NOT_SOURCE = frozenset(
    {
        ".git",
        ".hg",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".dev",
        "dist",
        ".import_linter_cache",
        ".tox",
    }
)


@dataclass(frozen=True, order=True)
class File:
    """The content of a file and whether it may be executed."""

    content: bytes
    executable: bool = False

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def text(self) -> str | None:
        """The content as text; None when it is binary."""
        if b"\0" in self.content:
            return None
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True)
class Hooked:
    """The hooks that ran while a project was baked, and what they left outside of it."""

    ran: tuple[str, ...] = ()  # "hooks/post_gen_project.py"
    strays: tuple[str, ...] = ()  # "~/.planted", "../planted.txt"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A rendered or existing project. `files` maps POSIX paths below `root` to their content, sorted."""

    root: Path
    combo: Combo
    files: Mapping[str, File] = field(repr=False)
    given: Spec | None = None  # instead of what pyproject.toml says
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)  # file -> path below the template
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)  # all, as cookiecutter made them
    hooked: Hooked = Hooked()

    @property
    def features(self) -> frozenset[str]:
        """The features that are on."""
        return self.combo.features

    @cached_property
    def spec(self) -> Spec:
        """What the project says of itself; raises SpecError."""
        if self.given is not None:
            return self.given
        file = self.files.get("pyproject.toml")
        return read_spec((file.text or "") if file else "", str(self.root / "pyproject.toml"))

    def below(self, *paths: str) -> Iterator[tuple[str, File]]:
        """Files at or below any of these paths, in order; "." is the whole project."""
        places = tuple(PurePosixPath(path).as_posix() for path in paths)
        folders = tuple("" if place == "." else f"{place}/" for place in places)
        for name, file in self.files.items():
            if name in places or name.startswith(folders):
                yield name, file

    def digest(self, *paths: str) -> str:
        """Names the content of the files at or below these paths; of everything when none is given."""
        if paths not in self._digests:
            self._digests[paths] = digest_of(self.below(*paths) if paths else self.files.items())
        return self._digests[paths]

    @cached_property
    def derived(self) -> dict[object, str]:
        """What was worked out from it, kept with it, since it does not change."""
        return {}

    @cached_property
    def _digests(self) -> dict[tuple[str, ...], str]:
        return {}


def digest_of(files: Iterable[tuple[str, File]]) -> str:
    """SHA-256 over paths, modes and contents; independent of where the files lie."""
    told = "\n".join(f"{name}\0{int(file.executable)}\0{file.digest}" for name, file in sorted(files))
    return hashlib.sha256(told.encode()).hexdigest()


def read_files(root: Path) -> dict[str, File]:
    """All source files below a folder, sorted by path; links and what tools leave behind are left out."""
    found: dict[str, File] = {}
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in NOT_SOURCE)
        below = "" if folder == os.fspath(root) else f"{os.path.relpath(folder, root)}/"
        for name in files:
            path = f"{folder}/{name}"
            with contextlib.suppress(FileNotFoundError):  # gone since its folder was listed
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode):
                    found[f"{below}{name}"] = File(Path(path).read_bytes(), bool(mode & stat.S_IXUSR))
    return dict(sorted(found.items()))
