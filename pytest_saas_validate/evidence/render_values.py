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
    answers: Mapping[str, str], before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Places that held an old answer and do not hold the new one, or that held text and do not any more.

    The second shows an answer whose default is not known, such as a slug that is made of another answer.
    A place that did not change at all does not ask for the answer: no answer can break it.
    """
    same_shape = before.keys() == after.keys()
    for place, value in before.items():
        if not isinstance(value, str):
            continue
        if any(old in value for old in answers):
            expected = value
            for old, new in answers.items():
                expected = expected.replace(old, new)
            if after.get(place) not in (expected, value):
                yield place, f"is {after.get(place)!r} instead of {expected!r}"
        elif same_shape and not isinstance(after[place], str):
            yield place, f"is read as {after[place]!r}, which is not text"
