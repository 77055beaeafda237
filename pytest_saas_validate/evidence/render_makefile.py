"""Targets of Makefiles, read without make."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.project import File

_RULE = re.compile(r"^([^\t#=:\s][^#=:]*?)\s*::?(?![:=])(.*)$")
_INCLUDE = re.compile(r"^(-|s)?include\s+(.+)$")
_SETTING = re.compile(r"^\s*(?:private\s+|override\s+|export\s+)*[\w.-]+\s*(?:[?:+!]|::)?=")
NAMES = ("GNUmakefile", "makefile", "Makefile")


@dataclass(frozen=True)
class Makefile:
    """What one can make; `open` when some targets are only known to make itself."""

    targets: frozenset[str]
    wanted: tuple[tuple[int, str, str], ...]  # line, target, prerequisite as it is written
    phony: tuple[tuple[int, str], ...]
    absent: tuple[tuple[int, str], ...]  # included files that are not there
    open: bool

    def makes(self, name: str) -> bool:
        """Whether there is a rule for a target, by name or by pattern."""
        return name in self.targets or any(
            "%" in target and fnmatch.fnmatchcase(name, target.replace("%", "*")) for target in self.targets
        )


def beside(folder: str, files: Mapping[str, File]) -> str:
    """The Makefile that make reads in a folder; empty when there is none."""
    return next((p for n in NAMES if (p := posixpath.join(folder, n)) in files), "")


def read_makefile(name: str, files: Mapping[str, File], depth: int = 0) -> Makefile:
    """Read one with whatever it includes."""
    targets: set[str] = set()
    wanted: list[tuple[int, str, str]] = []
    phony: list[tuple[int, str]] = []
    absent: list[tuple[int, str]] = []
    unknown = False
    for number, line in _lines(files[name].text or ""):
        include = _INCLUDE.match(line)
        rule = _RULE.match(line)
        if include:
            for path in include.group(2).split():
                place = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
                if place in files and depth < 5:
                    inner = read_makefile(place, files, depth + 1)
                    targets |= inner.targets
                    unknown |= inner.open
                elif "$" in path or "*" in path or include.group(1):
                    unknown = True
                else:
                    absent.append((number, path))
        elif rule and not _SETTING.match(line):
            named = rule.group(1).split()
            after = re.sub(r"[;#].*", "", rule.group(2))
            parts = [] if _SETTING.match(after) else after.replace("|", " ").split()
            if named == [".PHONY"]:
                phony += [(number, part) for part in parts if "$" not in part]
                continue
            unknown |= any("$" in part for part in named)
            targets |= set(named)
            wanted += [(number, named[0], part) for part in parts if not re.search(r"[$%*()]", part)]
    return Makefile(frozenset(targets), tuple(wanted), tuple(phony), tuple(absent), unknown)


@per_content
def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are no recipe and not inside of a definition, continuations joined."""
    pending, start, defining = "", 0, False
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole, first = pending + line, start
        pending, start = "", 0
        if re.match(r"\s*(define\b|endef\b)", whole):
            defining = "define" in whole.split()[:1]
        elif not defining and whole.strip() and not whole.startswith(("\t", "#")):
            yield first, whole
