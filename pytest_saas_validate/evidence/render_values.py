"""The values that readers of a file see, so that two renders can be compared by meaning."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

import yaml

from pytest_saas_validate.evidence.render_python import tree_of
from pytest_saas_validate.project import File

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def values(name: str, file: File) -> dict[str, object]:
    """Each scalar by its place; empty for kinds without a reader, and for files that do not parse."""
    read = {
        ".json": lambda text: json.loads(text),
        ".toml": lambda text: tomllib.loads(text),
        ".yml": lambda text: list(yaml.load_all(text, Loader=_LOADER)),
        ".yaml": lambda text: list(yaml.load_all(text, Loader=_LOADER)),
        ".py": _constants,
        ".html": _page,
    }.get(PurePosixPath(name).suffix)
    if read is None or file.text is None:
        return {}
    try:
        return dict(_flat(read(file.text), ""))
    except (ValueError, SyntaxError, yaml.YAMLError):
        return {}


def _flat(value: Any, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{place}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flat(item, f"{place}[{index}]")
    else:
        yield place.lstrip("."), value


def _constants(text: str) -> list[object]:
    return [node.value for node in ast.walk(tree_of(text)) if isinstance(node, ast.Constant)]


def _page(text: str) -> list[str]:
    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for _, value in attrs)
            found.append("")  # closes the text before it, so that places keep their number

        def handle_data(self, data: str) -> None:
            found[-1] += data

    found: list[str] = [""]
    reader = Reader(convert_charrefs=True)
    reader.feed(text)
    reader.close()
    return found


def misread(
    answers: Mapping[str, frozenset[str]], before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Places that held an old answer and do not hold the new one, or that held text and do not any more.

    The second shows an answer whose default is not known, such as a slug that is made of another answer.
    A place that did not change at all does not ask for the answer: no answer can break it.
    """
    same_shape = before.keys() == after.keys()
    for place, value in before.items():
        if not isinstance(value, str):
            continue
        found = [old for old in answers if old in value]
        told = {old: answers[old] for old in found if not any(old in more for more in found if more != old)}
        if told and after.get(place) != value:  # else it is alike by chance
            # Where a key holds an answer too, or a part depends on one, places move.
            if not any(_shows(told, each) for each in ([after[place]] if same_shape else after.values())):
                expected = value
                for old, news in told.items():
                    expected = expected.replace(old, " or ".join(sorted(news)))
                yield place, f"is {after.get(place)!r} instead of {expected!r}"
        elif not told and same_shape and not isinstance(after[place], str):
            yield place, f"is read as {after[place]!r}, which is not text"


def _shows(told: Mapping[str, frozenset[str]], value: object) -> bool:
    """Whether text holds every new answer, or still the old one; the rest may be made of other answers."""
    if not isinstance(value, str):
        return False
    text = value.lower()
    return all(any(each.lower() in text for each in (old, *news)) for old, news in told.items())
