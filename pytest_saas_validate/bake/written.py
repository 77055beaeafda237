"""Files that were rendered before, written again without being rendered."""

from __future__ import annotations

import functools
import itertools
import os
import posixpath
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake.reads import Reads, in_order, is_kept, values

Source = tuple[str, bytes, int, object]  # path below the template, content, mode, options of Jinja
_LARGEST = 1 << 20  # bytes; what is larger is data, and not kept in memory
_NEW_LINES = "_new_lines"  # the variable that cookiecutter itself reads


class Written:
    """What each file of a template came to, by its content and the answers that it reads.

    Known by content, not by time: copies of a template that differ in one file share the rest.
    """

    def __init__(self) -> None:
        self._reads: dict[tuple[object, ...], Reads] = {}
        self._made: dict[tuple[object, ...], tuple[str, bytes]] = {}
        self._asked: list[Reads | None] | None = None  # by the file that is being rendered

    def note(self, read: Reads | None) -> None:
        """A text is about to be rendered, which reads this; None for one that may come to anything."""
        if self._asked is not None:
            self._asked.append(read)

    def once(self, plain: Callable[..., None], options: Callable[[Any], object]) -> Callable[..., None]:
        """Cookiecutter's way of rendering a file, asked once for each outcome.

        `options` are what of an environment decides; None where anything may.
        """

        @functools.wraps(plain)
        def generate_file(
            project_dir: str, infile: str, context: Mapping[str, Any], env: Any, *rest: Any, **named: Any
        ) -> None:
            given = options(env)
            source = None if given is None or any((*rest, *named.values())) else _source(infile, given)
            if source is None:
                return plain(project_dir, infile, context, env, *rest, **named)
            known = self._made.get(self._key(source, context) or ())
            if known and not posixpath.isdir(place := posixpath.join(project_dir, known[0])):
                return _write(place, known[1], stat.S_IMODE(source[2]))
            asked: list[Reads | None] = []
            self._asked = asked
            if env.cache is not None:
                env.cache.clear()  # what another file has included would not be compiled, and not noted
            try:
                plain(project_dir, infile, context, env)
            finally:
                self._asked = None
            self._keep(source, asked, project_dir, context, env)
            return None

        return generate_file

    def _keep(
        self,
        source: Source,
        asked: list[Reads | None],
        project_dir: str,
        context: Mapping[str, Any],
        env: Any,
    ) -> None:
        found = [read for read in asked if read is not None]
        if len(found) < len(asked):
            return
        self._reads[source] = in_order(itertools.chain(*found))
        key = self._key(source, context)
        name = env.from_string(source[0]).render(**context)
        place = Path(project_dir, name)
        content = place.read_bytes() if key and place.is_file() else None
        if key and content is not None and is_kept(content.decode("latin-1")):
            self._made[key] = name, content

    def _key(self, source: Source, context: Mapping[str, Any]) -> tuple[object, ...] | None:
        read = self._reads.get(source)
        told = context["cookiecutter"].get(_NEW_LINES)
        found = None if read is None or not isinstance(told, str | None) else values(read, context)
        return None if found is None else (source, told, found)


def _source(infile: str, options: object) -> Source | None:
    """All of a file that decides what it comes to, but for the answers; None for what cannot be kept."""
    try:
        with os.fdopen(os.open(infile, os.O_RDONLY), "rb", buffering=0) as file:
            facts = os.fstat(file.fileno())
            small = stat.S_ISREG(facts.st_mode) and facts.st_size <= _LARGEST
            return (infile, file.read(), facts.st_mode, options) if small else None
    except OSError:  # cookiecutter has words of its own for it
        return None


def _write(place: str, content: bytes, mode: int) -> None:
    """As cookiecutter does: what is there is overwritten, and gets the mode of the template's file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(place, flags, 0o666), "wb") as file:
        file.write(content)
        file.flush()  # else a write would take bits of the mode away again
        os.fchmod(file.fileno(), mode)
