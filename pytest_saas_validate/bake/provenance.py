"""From a place in a render back to the line of the template that made it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.findings import Finding
from pytest_saas_validate.project import Project

_PLACE = re.compile(r"([^\s:]+)(?::(\d+))?(?=[:\s]|$)")
_SPACED = re.compile(r"([^\n:]*\.[^\s:/]+):(\d+)$")  # "docs/My page.md:3": only a line tells that it is one


@dataclass(frozen=True)
class Provenance:
    """Of one render. Costs a comparison of two texts for each file of which a line is asked for."""

    project: Project
    template: Path
    _lines: dict[str, list[int]] = field(default_factory=dict)

    def traced(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, each with its source in the template where its place is a rendered file."""
        return tuple(replace(f, source=f.source or self.source(f.where)) for f in findings)

    def source(self, where: str) -> str:
        """ "app/main.py:12" -> "{{cookiecutter.slug}}/app/main.py:20"; empty for a place that is no file."""
        path, line = (where, 0) if where in self.project.files else named(where)
        if path not in self.project.files or not self.project.origins:
            return ""
        origin = self.project.origins.get(path)
        if origin is None:
            return self._hook
        number = self._line(path, origin, line) if line else 0
        return f"{origin}:{number}" if number else origin

    @cached_property
    def _hook(self) -> str:
        """The hook that makes what no file of the template is rendered to."""
        hooks = (path for moment in ("post", "pre") for path in self.template.glob(f"hooks/{moment}_gen_*"))
        return next((path.relative_to(self.template).as_posix() for path in hooks), "")

    def _line(self, path: str, origin: str, line: int) -> int:
        """The line of the template, or the last one before it that is known; 0 when none is."""
        if path not in self._lines:
            made = (self.project.files[path].text or "").splitlines()
            text = (self.template / origin).read_text(encoding="utf-8", errors="replace")
            self._lines[path] = _matched(text.splitlines(), made)
        lines = self._lines[path]
        return lines[min(line, len(lines)) - 1] if lines else 0


def named(where: str) -> tuple[str, int]:
    """The path that a place begins with, if it can be one, and the line; 0 for none."""
    match = _SPACED.fullmatch(where) or _PLACE.match(where)
    path, line = match.groups() if match else ("", None)
    return path, int(line or 0)


def _matched(source: list[str], made: list[str]) -> list[int]:
    """For each rendered line the number of the template's line that it is, or most resembles; 0 for none."""
    found: list[int] = []
    after = 0  # lines of the template before which everything is settled
    blocks = difflib.SequenceMatcher(None, source, made, autojunk=False).get_matching_blocks()
    for block in blocks:
        for line in made[len(found) : block.b]:
            after = _nearest(line, source, after, block.a)
            found.append(after + 1 if source else 0)
        found += range(block.a + 1, block.a + block.size + 1)
        after = min(block.a + block.size, max(len(source) - 1, 0))
    return found


def _nearest(line: str, source: list[str], first: int, end: int) -> int:
    """The index of the line that resembles this one most, of those between two that are the same."""
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(line)

    def likeness(index: int) -> float:
        matcher.set_seq1(source[index])
        return matcher.ratio()

    return max(range(first, end), key=likeness, default=max(first - 1, 0))
