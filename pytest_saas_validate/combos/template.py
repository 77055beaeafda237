"""The options of a template, and which of them each of its files reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_saas_validate.combos.values import Option, TemplateError

_NESTED = ("template", "templates")
_READ = re.compile(r"cookiecutter(?:\.(\w+)|\[\s*['\"](\w+)['\"]\s*\])")
_TAKEN = re.compile(r"{%-?\s*(?:include|import|from|extends)\s+['\"]([^'\"]+)['\"]")
_LARGEST = 1 << 20  # bytes; larger files are data


def read_options(template: Path) -> tuple[Option, ...]:
    """The options of a template in the order of its cookiecutter.json; raises TemplateError."""
    source = template / "cookiecutter.json"
    variables = _variables(source)
    for name in _NESTED:
        nested = _nested(variables.get(name))
        if nested:
            raise TemplateError(
                f"{source}: it only chooses among templates; give one of them: {', '.join(nested)}"
            )
    return tuple(_options(variables))


def file_reads(template: Path) -> tuple[frozenset[str], ...]:
    """The options that each file reads, in its path or text, by itself or through what it includes.

    Only sets that no other one holds, in a stable order: who tries all answers of a set has tried all answers
    of its parts. Costs reading the template once.
    """
    options = frozenset(option.name for option in read_options(template))
    found = set(read_by_file(template, options, whole=True).values())
    largest = [one for one in found if one and not any(one < other for other in found)]
    return tuple(sorted(largest, key=lambda one: (-len(one), sorted(one))))


def read_by_file(
    template: Path, variables: frozenset[str], *, whole: bool = False
) -> Mapping[str, frozenset[str]]:
    """File of the project -> which of these variables it reads, in its path or text or includes.

    What the project's own folder is called counts for `whole` paths only.
    """
    means = _meanings(_variables(template / "cookiecutter.json"), variables)
    texts = dict(_texts(template))
    own = {path: path.partition("/") for path in texts if "{{" in path.partition("/")[0]}
    above = {path: _decided(folder if whole else "", means) for path, (folder, _, _) in own.items()}
    return {path: above[path] | _reads(path, texts, means, frozenset()) for path in own}


def _variables(source: Path) -> Mapping[str, object]:
    try:
        variables = json.loads(source.read_text(encoding="utf-8"))
    except OSError as problem:
        raise TemplateError(
            f"{source}: {problem.strerror}; give the folder that holds cookiecutter.json"
        ) from None
    except ValueError as problem:
        raise TemplateError(f"{source}: not JSON ({problem}); mend the file") from None
    if not isinstance(variables, dict):
        raise TemplateError(f"{source}: must hold an object, name by name; mend the file")
    return variables


def _nested(value: object) -> list[str]:
    """The folders of the templates that a template only chooses among."""
    if isinstance(value, dict):
        paths = [each.get("path") for each in value.values() if isinstance(each, dict)]
        return [str(path) for path in paths if path]
    if isinstance(value, list):
        found = [re.search(r"\(([^()]+)\)\s*$", each) for each in value if isinstance(each, str)]
        return [match.group(1) for match in found if match]
    return []


def _options(variables: Mapping[str, object]) -> Iterator[Option]:
    """Text is free, a dictionary is data, and what begins with _ is nobody's to answer.

    A list whose choices are computed is not one that can be chosen from before a bake.
    """
    for name, value in variables.items():
        if name.startswith("_"):
            continue
        if isinstance(value, bool):
            yield Option(name, ("yes", "no") if value else ("no", "yes"))
        elif isinstance(value, list) and len(value) > 1 and all(map(_is_plain, value)):
            yield Option(name, tuple(value))


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and "{{" not in value and "{%" not in value


def _meanings(variables: Mapping[str, object], options: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Variable -> the options that decide it: itself, or those that its default is computed from."""
    decided = {name: frozenset({name}) for name in options}
    for _ in variables:  # a chain of computed variables is no longer than there are some
        before = dict(decided)
        for name, value in variables.items():
            if name not in options:
                used = _named(json.dumps(value))
                decided[name] = frozenset().union(*(before.get(other, frozenset()) for other in used))
        if decided == before:
            break
    return decided


def _named(text: str) -> frozenset[str]:
    return frozenset(plain or quoted for plain, quoted in _READ.findall(text))


def _decided(text: str, means: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*(means.get(name, frozenset()) for name in _named(text)))


def _texts(template: Path) -> Iterator[tuple[str, str]]:
    """Path below the template -> text; what is no text has no Jinja in it, but its path may."""
    for path in sorted(template.rglob("*")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
            yield path.relative_to(template).as_posix(), content.decode("utf-8", errors="replace")


def _reads(
    path: str, texts: Mapping[str, str], means: Mapping[str, frozenset[str]], on_the_way: frozenset[str]
) -> frozenset[str]:
    text = texts[path]
    found = _decided(path.partition("/")[2] + text, means)
    for name in _TAKEN.findall(text):
        for place in (name, f"templates/{name}"):
            if place in texts and place not in on_the_way:
                found |= _reads(place, texts, means, on_the_way | {place})
    return found
