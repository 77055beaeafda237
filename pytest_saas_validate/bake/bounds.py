"""Rendering writes inside of the project's folder, or not at all."""

from __future__ import annotations

import functools
import os
import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake.errors import Escape


class Bounds:
    """Watches the places that cookiecutter is about to write to; of one bake.

    An answer with `../`, a name that renders to `..`, and a folder whose name renders to nothing (what is in
    it then goes to the root of the file system) all end here, before anything is written.
    """

    def __init__(self, into: Path) -> None:
        self._into = os.path.realpath(into)
        self._project = ""
        self._escape: Escape | None = None  # of the project's own folder
        self._folders: dict[str, str] = {}

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Inside, folders and copies are watched; what is rendered asks `hold`. Put back afterwards."""
        import cookiecutter.generate as generate

        folder, copying = generate.render_and_create_dir, generate.shutil
        generate.render_and_create_dir = self._folder(folder)
        generate.shutil = _Copying(self.hold)
        try:
            yield
        finally:
            generate.render_and_create_dir, generate.shutil = folder, copying

    def settle(self) -> None:
        """Raise what is left to be said when no hook refused the answers."""
        if self._escape is not None:
            raise self._escape

    def hold(self, made: str, source: str) -> None:
        """Raise Escape unless a place is inside of the project, or of the output folder before there is one.

        The folder itself is let pass: cookiecutter has its own words for a name that renders to nothing.
        """
        self.settle()
        top = self._project or self._into
        place = self._real(made)
        if place != top and not place.startswith(f"{top}/"):
            raise Escape(f"{source}: renders to {made}, outside of {top}; refuse or clean the answer")

    def _real(self, made: str) -> str:
        """Where a path leads, each folder followed once: only hooks make links, and they run before."""
        folder, name = posixpath.split(made)
        if name in ("", ".", "..") or posixpath.islink(made):
            return os.path.realpath(made)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return f"{self._folders[folder]}/{name}"

    def _folder(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def render_and_create_dir(
            dirname: str, context: Any, output_dir: Any, environment: Any, *rest: Any, **named: Any
        ) -> Any:
            made = posixpath.join(output_dir, environment.from_string(dirname).render(**context))
            if self._project:
                self.hold(made, os.path.relpath(dirname, self._project))
                return plain(dirname, context, output_dir, environment, *rest, **named)
            try:
                self.hold(made, dirname)
            except Escape as problem:
                return self._instead(problem)
            answer = plain(dirname, context, output_dir, environment, *rest, **named)
            self._project = os.path.realpath(made)
            return answer

        return render_and_create_dir

    def _instead(self, problem: Escape) -> tuple[Path, bool]:
        """A folder for the hook that may refuse the answers, which cookiecutter runs in the project's."""
        self._escape = problem
        self._project = tempfile.mkdtemp(prefix="refused-", dir=self._into)
        return Path(self._project), True


class _Copying:
    """What cookiecutter copies without rendering, watched; everything else of shutil as it is."""

    def __init__(self, hold: Callable[[str, str], None]) -> None:
        self._hold = hold

    def __getattr__(self, name: str) -> Any:
        return getattr(shutil, name)

    def copyfile(self, source: str, made: str) -> Any:
        self._hold(os.fspath(made), source)
        return shutil.copyfile(source, made)

    def copytree(self, source: str, made: str) -> Any:
        self._hold(os.fspath(made), source)
        return shutil.copytree(source, made)

    def rmtree(self, made: str) -> None:
        self._hold(os.fspath(made), os.fspath(made))
        shutil.rmtree(made)
