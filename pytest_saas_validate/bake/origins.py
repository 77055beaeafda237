"""Which file of a template each rendered file came from, seen while cookiecutter renders."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What cookiecutter adds of its own, and words for people.
_NOT_SAID = frozenset({"_template", "_output_dir", "_repo_dir", "_checkout", "__prompts__"})


class Origins:
    """Rendered file -> path below the template, of one bake; and what its variables came to."""

    def __init__(self, hold: Callable[[str, str], None]) -> None:
        self._hold = hold  # is told each place before it is written
        self._seen: dict[str, str] = {}
        self.folder = ""  # the project's, inside the template
        self.variables: Mapping[str, str] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, cookiecutter's way of rendering a file is watched; it is put back afterwards."""
        import cookiecutter.generate as generate

        plain = generate.generate_file
        generate.generate_file = self._watched(plain)
        try:
            yield
        finally:
            generate.generate_file = plain

    def of(self, root: Path, names: Iterable[str], template: Path) -> Mapping[str, str]:
        """Path below the project -> path below the template, of all that are there.

        What is copied without rendering has the template's path; what is in neither was made by a hook.
        """
        places = {name: f"{root}/{name}" for name in names}
        found = {name: self._seen[place] for name, place in places.items() if place in self._seen}
        folders = {source.partition("/")[0] for source in found.values()}
        for name in names:
            for folder in folders:
                if name not in found and (template / folder / name).is_file():
                    found[name] = f"{folder}/{name}"
        return found

    def _watched(self, plain: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(plain)
        def generate_file(
            project_dir: str, infile: str, context: Any, env: Any, *rest: Any, **named: Any
        ) -> None:
            if not self.variables:
                # Cookiecutter works in the folder that it renders, perhaps of a copy of the template.
                self.folder = Path.cwd().name
                said = context["cookiecutter"]
                self.variables = {n: str(v) for n, v in said.items() if n not in _NOT_SAID}
            source = f"{self.folder}/{posixpath.normpath(infile)}"
            made = posixpath.join(project_dir, env.from_string(infile).render(**context))
            self._hold(made, source)
            plain(project_dir, infile, context, env, *rest, **named)
            self._seen[posixpath.normpath(made)] = source

        return generate_file
