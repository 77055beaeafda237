"""What the table of pyproject.toml holds, value by value; a refusal names the file, the key and the shape."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_saas_validate.combos import Feature, Option
from pytest_saas_validate.findings import Waiver
from pytest_saas_validate.spec import TABLE, SpecError


def read_features(table: Mapping[str, Any], root: Path) -> dict[str, Feature]:
    """`features.<name>` is a table with a short name, and words that a render without it must not hold."""
    found = {}
    for name, value in table_at(table, "features", root).items():
        if not isinstance(value, dict) or set(value) - {"short", "words"}:
            raise SpecError(wrong(root, f"features.{name}", "a table with short and words"))
        short = str(value.get("short", name))
        if not re.fullmatch(r"[\w.-]+", short):  # an id joins them by +
            raise SpecError(wrong(root, f"features.{name}.short", "letters, digits, dots, dashes"))
        found[name] = Feature(name, short, tuple(value.get("words", (name,))))
    return found


def read_answers(
    table: Mapping[str, Any], given: Sequence[str], options: Sequence[Option], root: Path
) -> dict[str, str]:
    """What the table's `answers` and the command say instead of defaults; combinations choose from lists."""
    answers = {name: str(value) for name, value in table_at(table, "answers", root).items()}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise SpecError(f"--answer {text}: must be NAME=VALUE")
        answers[name] = value
    chosen = sorted(answers.keys() & {option.name for option in options})
    if chosen:
        raise SpecError(f"answers: {chosen[0]} is chosen from a list; say which of it by --combos")
    return answers


def read_excluded(
    table: Mapping[str, Any], options: Sequence[Option], root: Path
) -> list[tuple[tuple[str, str], ...]]:
    """`exclude` is a list of tables of answers that the template does not take together."""
    known = {option.name: option.choices for option in options}
    entries = table.get("exclude", [])
    found = []
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or not entry or any(entry[n] not in known.get(n, ()) for n in entry):
            what = 'a list of answers to options of the template: [{ include_a = "yes", include_b = "no" }]'
            raise SpecError(wrong(root, "exclude", what))
        found.append(tuple(sorted(entry.items())))
    return found


def read_images(table: Mapping[str, Any], root: Path) -> dict[str, str]:
    """Mirrors: `images."postgres:18" = "registry.example/postgres:18"`."""
    images = dict(table_at(table, "images", root))
    if not all(isinstance(name, str) for name in images.values()):
        raise SpecError(wrong(root, "images", "a table of names of images"))
    return images


def read_waivers(table: Mapping[str, Any], root: Path) -> list[Waiver]:
    """`waivers.<id>` is a table, or a list of tables, each with reason and until (a date)."""
    found = []
    for check, entries in table_at(table, "waivers", root).items():
        for entry in entries if isinstance(entries, list) else [entries]:
            good = isinstance(entry, dict) and not set(entry) - {"reason", "until", "where"}
            dated = good and type(entry.get("until")) is dt.date  # a time of day is a date too, by its class
            if not dated or not str(entry.get("reason", "")).strip():
                raise SpecError(
                    wrong(root, f"waivers.{check}", "a table with reason, until (a date) and perhaps where")
                )
            found.append(
                Waiver(
                    check=check,
                    reason=str(entry["reason"]),
                    until=entry["until"],
                    where=str(entry.get("where", "*")),
                )
            )
    return found


def table_at(table: Mapping[str, Any], key: str, root: Path) -> Mapping[str, Any]:
    """The table under a key; empty when there is none; raises SpecError, as all of these."""
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise SpecError(wrong(root, key, "a table"))
    return value


def text_at(table: Mapping[str, Any], key: str, default: str, root: Path) -> str:
    """The text under a key."""
    value = table.get(key, default)
    if not isinstance(value, str):
        raise SpecError(wrong(root, key, "a string"))
    return value


def strings_at(table: Mapping[str, Any], key: str, root: Path) -> list[str]:
    """The texts under a key."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SpecError(wrong(root, key, "a list of strings"))
    return value


def wrong(root: Path, key: str, what: str) -> str:
    """The sentence that says what a key must hold, and where it stands."""
    return f"{root / 'pyproject.toml'}: tool.{TABLE}.{key} must be {what}"
