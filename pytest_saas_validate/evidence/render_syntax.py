"""Whether data files parse by their kind, in this process."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

import yaml

from pytest_saas_validate.evidence import render_balance
from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_expressions import expressions
from pytest_saas_validate.project import File

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENTED_JSON = re.compile(
    r"(^|/)(tsconfig[\w.-]*|jsconfig|devcontainer|\.eslintrc)\.json$|(^|/)\.vscode/|\.jsonc$"
)
_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.S)
_DOCKERFILE = re.compile(r"(^|/)([\w.-]+\.)?Dockerfile(\.(?!dockerignore)[\w-]+)?$")
_WORKFLOW = re.compile(r"(^|/)\.github/(workflows/[^/]+|actions/(.+/)?action)\.ya?ml$")
_ASSIGNMENT = re.compile(r"\s*(?:#.*|(?:export\s+)?[A-Za-z_][\w.]*=.*)?$")

Found = Iterator[tuple[int, str]]  # line (0: unknown) and what is wrong


def parser_of(name: str) -> Callable[[str], Found] | None:
    """What reads a file of this name; None when there is nothing here that does."""
    path = PurePosixPath(name)
    if re.fullmatch(r"\.env(\..+)?", path.name):
        return _dotenv
    if path.name == ".editorconfig":
        return _headless_ini
    if _DOCKERFILE.search(name):
        return render_balance.dockerfile
    if "nginx" in name and re.search(r"\.conf(\.template)?$", name):
        return render_balance.nginx
    if _COMMENTED_JSON.search(name):
        return _commented_json
    if _WORKFLOW.search(name):
        return _workflow
    return _BY_SUFFIX.get(path.suffix)


def data_faults(files: Mapping[str, File]) -> Iterator[Fault]:
    """Everything that a parser of a data format refuses, with its place."""
    for name, file in files.items():
        yield from _faults(name, file)


@per_content
def _faults(name: str, file: File) -> Iterator[Fault]:
    parse = parser_of(name)
    if parse is None or (parse is render_balance.html and "{%" in (file.text or "")):
        return  # what a page's conditions leave of it, only its own engine tells
    if file.text is None:
        yield Fault(name, "is not text in UTF-8")
        return
    for line, message in parse(file.text):
        yield Fault(f"{name}:{line}" if line else name, message)


def _json(text: str) -> Found:
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                repeated.append(key)
            seen[key] = value
        return seen

    try:
        json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as problem:
        yield problem.lineno, problem.msg
    for key in repeated:
        yield _line_of(f'"{key}"', text, last=True), f"the key {key!r} is there twice"


def without_comments(text: str) -> str:
    """JSON without its comments and trailing commas, line for line."""
    return _COMMENT.sub(lambda m: m.group(1) or "\n" * m.group().count("\n"), text)


def _commented_json(text: str) -> Found:
    yield from _json(without_comments(text))


def _toml(text: str) -> Found:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        line = re.search(r"line (\d+)", str(problem))
        yield int(line.group(1)) if line else 0, str(problem)


def _yaml(text: str) -> Found:
    try:
        for document in yaml.compose_all(text, Loader=_LOADER):
            yield from _repeated(document)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        yield (mark.line + 1 if mark else 0), problem.problem or str(problem)
    except (yaml.YAMLError, ValueError) as problem:
        yield 0, str(problem).splitlines()[0]


def _workflow(text: str) -> Found:
    yield from _yaml(text)
    yield from expressions(text)


def _repeated(node: Any) -> Found:
    """Keys that a mapping has twice: the last one wins without a word in most readers."""
    children: list[Any] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, value in node.value:
            children += [key, value]
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen and key.value != "<<":
                    yield key.start_mark.line + 1, f"the key {key.value!r} is there twice"
                seen.add((key.tag, key.value))
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    for child in children:
        if not isinstance(child, yaml.ScalarNode):
            yield from _repeated(child)


def _ini(text: str, before: int = 0) -> Found:
    if not before and not re.search(r"^\[", text, re.M):  # settings of another dialect, such as make's
        return
    reader = configparser.ConfigParser(interpolation=None, allow_no_value=True)
    try:
        reader.read_string(text)
    except configparser.Error as problem:
        line = getattr(problem, "lineno", 0) or (getattr(problem, "errors", None) or [(0, "")])[0][0]
        yield max(0, line - before), str(problem).replace("\n", " ")


def _headless_ini(text: str) -> Found:
    yield from _ini(f"[global]\n{text}", before=1)


def _xml(text: str) -> Found:
    try:
        ElementTree.fromstring(text)  # expat bounds how far entities may grow, and fetches none
    except ElementTree.ParseError as problem:
        yield problem.position[0], str(problem)


def _dotenv(text: str) -> Found:
    for number, line in enumerate(text.splitlines(), 1):
        if not _ASSIGNMENT.match(line):
            yield number, f"is neither NAME=value nor a comment: {line.strip()[:40]!r}"


def _line_of(what: str, text: str, last: bool = False) -> int:
    place = text.rfind(what) if last else text.find(what)
    return text.count("\n", 0, place) + 1 if place >= 0 else 0


_BY_SUFFIX: dict[str, Callable[[str], Found]] = {
    ".json": _json,
    ".webmanifest": _json,
    ".ipynb": _json,
    ".toml": _toml,
    ".yml": _yaml,
    ".yaml": _yaml,
    ".ini": _ini,
    ".cfg": _ini,
    ".svg": _xml,
    ".xml": _xml,
    ".css": render_balance.css,
    ".sql": render_balance.sql,
    ".html": render_balance.html,
}
