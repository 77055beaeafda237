"""Which files a Prometheus configuration leads to: whatever its texts name, by path or by pattern."""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pytest_saas_validate.evidence.manifests_tree import scalars
from pytest_saas_validate.evidence.render_calls import read
from pytest_saas_validate.probes.scraping import matches
from pytest_saas_validate.project import Project

_READ = (".yml", ".yaml", ".json")
_PATH = re.compile(r"[^\s(){}\"'=]+")  # expressions and sentences are none
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, kw_only=True)
class References:
    """Files of the project, and what lies elsewhere: as it is named, and a name of its content."""

    inside: tuple[str, ...]
    outside: tuple[tuple[str, str], ...]


def references(project: Project, starts: Iterable[str]) -> References:
    """Everything that these files name, and that files that are named so name again."""
    inside: set[str] = set()
    outside: set[tuple[str, str]] = set()
    left = list(starts)
    while left:
        name = left.pop()
        if name in inside or name not in project.files:
            continue
        inside.add(name)
        for word in _words(project.files[name].text or "") if name.endswith(_READ) else ():
            left += _inside(project, word, name)
            outside.update(_outside(project, word, name))
    return References(inside=tuple(sorted(inside)), outside=tuple(sorted(outside)))


@lru_cache(256)  # most files are the same in most combinations
def _words(text: str) -> tuple[str, ...]:
    """The texts that can be paths, with negated classes as Python writes them; none of alert rules."""
    value = read(text)
    if "groups" in value:
        return ()
    found = dict.fromkeys(word for word in scalars(value) if _PATH.fullmatch(word))
    return tuple(word.replace("[^", "[!") for word in found)


def _inside(project: Project, word: str, name: str) -> Iterator[str]:
    if _MAGIC.search(word) or word.startswith("/"):
        yield from (other for other in project.files if matches(other, word, name))
    else:
        yield posixpath.normpath(posixpath.join(posixpath.dirname(name), word))


def _outside(project: Project, word: str, name: str) -> Iterator[tuple[str, str]]:
    """What a word leads to on this machine that is no file of the project: a link, say, or a secret."""
    for place in _places(project.root / posixpath.dirname(name), word):
        known = os.path.relpath(place, project.root)
        if known not in project.files:
            yield word if word.startswith("/") else known, _content(place)


def _places(folder: Path, word: str) -> list[Path]:
    magic = _MAGIC.search(word)
    cut = word.rfind("/", 0, magic.start()) + 1 if magic else len(word)
    top, pattern = folder / word[:cut], re.sub(r"\*+", "*", word[cut:])
    with contextlib.suppress(OSError):  # a name that is too long, a folder that is closed
        return [place for place in (sorted(top.glob(pattern)) if magic else [top]) if place.is_file()]
    return []


def _content(place: Path) -> str:
    try:
        return hashlib.sha256(place.read_bytes()).hexdigest()
    except OSError as problem:
        return str(problem.strerror)
