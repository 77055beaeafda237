"""Commands that a project's files hold: each with its place and the folder that it is run in."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.project import File

MAKEFILE = re.compile(r"(^|/)(GNUmakefile|[Mm]akefile|[\w.-]+\.mk)$")
WORKFLOW = re.compile(r"(^|/)\.github/(workflows|actions)/.*\.ya?ml$|(^|/)action\.ya?ml$")
COMPOSE = re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$")
DOCKERFILE = re.compile(r"(^|/)([\w.-]+\.)?Dockerfile(\.(?!dockerignore)[\w-]+)?$")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHELL = re.compile(r"\.(sh|bash)$|(^|/)\.(githooks|husky)/")
_OWN_FOLDER = re.compile(r"^\s*cd\s+(?:--\s+)?\"?\$\(\s*dirname\b[^)]*\)\"?\s*(?:$|[;&|])", re.M)
_INSTRUCTION = re.compile(r"^\s*(RUN|CMD|ENTRYPOINT|HEALTHCHECK)\s+(.*)$", re.I)
_LEADING = {"@", "-", "+", "}", "{", "(", "!", "exec", "then", "do", "else", "if", "while", "time", "sudo"}
_ASSIGNED = re.compile(r"^[A-Za-z_]\w*=")


@dataclass(frozen=True)
class Call:
    """A piece of shell; `folders` are those that it may be run in, none when that is inside of an image."""

    where: str
    text: str
    folders: tuple[str, ...]
    prose: bool = False  # between backticks in a sentence: a command, or the name of something


@dataclass(frozen=True)
class Command:
    """One command of it, as words."""

    where: str
    words: tuple[str, ...]
    folders: tuple[str, ...]
    prose: bool = False


def calls(files: Mapping[str, File]) -> Iterator[Call]:
    """Every piece of shell in Makefiles, workflows, hooks, scripts, documents, images and compose files."""
    for name, file in files.items():
        yield from _calls(name, file)


@per_content
def _calls(name: str, file: File) -> Iterator[Call]:
    text, home = file.text, posixpath.dirname(name)
    if text is None:
        return
    if MAKEFILE.search(name):
        # Recipes of an included file are run where its includer lies: above it, or beside it.
        yield from _recipes(name, text, ("", home) if name.endswith(".mk") else (home,))
    elif WORKFLOW.search(name) or posixpath.basename(name) == ".pre-commit-config.yaml":
        yield from _steps(name, text)
    elif COMPOSE.search(name):
        yield from _compose(name, text)
    elif DOCKERFILE.search(name):
        yield from _image(name, text)
    elif posixpath.basename(name) == "package.json":
        scripts = read(text, json.loads).get("scripts")
        for script in scripts.values() if isinstance(scripts, dict) else ():
            yield Call(f"{name}:{line_of(text, json.dumps(script))}", str(script), (home,))
    elif name.endswith(".md"):
        yield from _document(name, text, home)
    elif _SHELL.search(name):
        folders = (home,) if _OWN_FOLDER.search(text) else ("", home)
        for number, line in _joined(text):
            yield Call(f"{name}:{number}", re.sub(r"(^|\s)#.*", "", line), folders)


@per_content
def commands(call: Call) -> Iterator[Command]:
    """The simple commands of a piece of shell, with the folder that `cd` leads to."""
    folders = call.folders
    text = re.sub(r"\$\((\w+)\)", r"${\1}", call.text)
    for inner in re.findall(r"\$\(([^()]+)\)", text):  # also inside of quotes
        yield from commands(Call(call.where, inner, folders))
    for words in _simple(text):
        while words and (words[0] in _LEADING or _ASSIGNED.match(words[0])):
            words = words[1:]
        words = [words[0].lstrip("@-+"), *words[1:]] if words else []
        if not words or not words[0]:
            continue
        if words[0] == "cd" and len(words) > 1:
            target = words[-1]
            plain = not re.search(r"[$`~<{]", target)
            folders = tuple(posixpath.normpath(posixpath.join(f, target)) for f in folders) if plain else ()
            folders = tuple("" if folder == "." else folder for folder in folders)
            continue
        if len(words) > 2 and words[1] == "-c" and re.search(r"(^|/)(ba|da)?sh$", words[0]):
            yield from commands(Call(call.where, words[2], folders))
            continue
        yield Command(call.where, tuple(words), folders, call.prose)


def _simple(text: str) -> Iterator[list[str]]:
    """The words of each command; what has no closing quote is split at spaces."""
    reader = shlex.shlex(text.replace("`", " "), posix=True, punctuation_chars=";|&\n()")
    reader.whitespace, reader.whitespace_split = " \t\r", True
    words: list[str] = []
    try:
        tokens = list(reader)
    except ValueError:
        tokens = re.split(r"[ \t\"']+", re.sub(r"([;|&\n()])", r" \1 ", text))
    for token in (*tokens, ";"):
        if token and set(token) <= set(";|&\n()"):
            yield words
            words = []
        elif token:
            words.append(token)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first one."""
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield start, pending + line
        pending, start = "", 0


def _recipes(name: str, text: str, folders: tuple[str, ...]) -> Iterator[Call]:
    for number, line in _joined(text):
        if line.startswith("\t"):
            yield Call(f"{name}:{number}", line.strip().replace("$$", "$"), folders)


def _steps(name: str, text: str) -> Iterator[Call]:
    """Steps of workflows, with their working folder, and entries of pre-commit."""

    def walk(node: Any, folder: str) -> Iterator[Call]:
        if isinstance(node, dict):
            run = (node.get("defaults") or {}).get("run") if isinstance(node.get("defaults"), dict) else None
            folder = str((run or {}).get("working-directory", folder))
            folder = str(node.get("working-directory", folder))
            for key in ("run", "entry"):
                if isinstance(node.get(key), str):
                    first = node[key].strip().splitlines()[0] if node[key].strip() else ""
                    plain = "" if "$" in folder else posixpath.normpath(folder) if folder else ""
                    yield Call(f"{name}:{line_of(text, first)}", _expressions(node[key]), (plain,))
            for value in node.values():
                yield from walk(value, folder)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value, folder)

    yield from walk(read(text, _yaml), "")


def _expressions(script: str) -> str:
    """Without continuation lines, and with one word for each expression of the workflow."""
    return re.sub(r"\$\{\{.*?\}\}", "$EXPRESSION", script.replace("\\\n", " "))


def _compose(name: str, text: str) -> Iterator[Call]:
    for service in (read(text, _yaml).get("services") or {}).values():
        if not isinstance(service, dict):
            continue
        health = service.get("healthcheck")
        asked = health.get("test") if isinstance(health, dict) else None
        for value in (service.get("command"), service.get("entrypoint"), asked):
            words = (
                [str(word) for word in value if word not in ("CMD", "CMD-SHELL")]
                if isinstance(value, list)
                else []
            )
            shell = " ".join(map(shlex.quote, words)) if len(words) > 1 else (words or [str(value or "")])[0]
            if shell:
                first = next((w for w in (*reversed(words), shell) if w in text), shell)
                yield Call(f"{name}:{line_of(text, first)}", shell.replace("$$", "$"), ())


def _image(name: str, text: str) -> Iterator[Call]:
    for number, line in _joined(text):
        found = _INSTRUCTION.match(line)
        if not found:
            continue
        said = re.sub(r"^(?:--\S+\s+)*(?:CMD\s+)?", "", found.group(2).strip())
        try:
            words = json.loads(said) if said.startswith("[") else None
        except ValueError:
            words = None
        yield Call(f"{name}:{number}", " ".join(map(shlex.quote, words)) if words else said, ())


def _document(name: str, text: str, home: str) -> Iterator[Call]:
    fence = ""
    folders = tuple(dict.fromkeys(("", home)))
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)\s*(\w*)", line)
        if mark and (not fence or line.strip().startswith(fence.partition(" ")[0])):
            fence = "" if fence else f"{mark.group(1)} {mark.group(2)}"
        elif fence.partition(" ")[2] in ("sh", "bash", "shell", "console", "zsh") and fence:
            yield Call(f"{name}:{number}", re.sub(r"^\s*\$ ", "", line), folders)
        elif not fence:
            for code in re.findall(r"`([^`\n]+)`", line):
                yield Call(f"{name}:{number}", code, folders, prose=True)


@lru_cache(1024)  # what is read is not changed
def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_LOADER)


def read(text: str, parser: Any = _yaml) -> dict[str, Any]:
    """A mapping from text; empty when it is none, which other checks find."""
    try:
        value = parser(text)
    except (ValueError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def line_of(text: str, what: str) -> int:
    """The line that holds this first; 1 when none does."""
    place = text.find(what) if what else -1
    return text.count("\n", 0, place) + 1 if place >= 0 else 1
