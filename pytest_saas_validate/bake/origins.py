"""Which file of a template each rendered file came from, seen while cookiecutter renders."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Origins:
    """Rendered file -> path below the template, of one bake."""

    def __init__(self) -> None:
        self._seen: dict[Path, str] = {}

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
        found = {name: self._seen[root / name] for name in names if root / name in self._seen}
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
            plain(project_dir, infile, context, env, *rest, **named)
            made = Path(project_dir, env.from_string(infile).render(**context))
            # Cookiecutter works in the folder that it renders, perhaps of a copy of the template.
            self._seen[made] = f"{Path.cwd().name}/{Path(infile).as_posix()}"

        return generate_file
