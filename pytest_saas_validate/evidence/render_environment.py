"""Environment variables: who declares which, who reads which, and what a settings class asks for."""

from __future__ import annotations

import ast
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.evidence.render_calls import COMPOSE, line_of, read
from pytest_saas_validate.evidence.render_python import tree_of
from pytest_saas_validate.project import File
from pytest_saas_validate.spec import TABLE

EXAMPLE = re.compile(r"(^|/)\.env\.(example|sample|template|dist)$|(^|/)env\.example$")
_NAME = re.compile(r"^\s*#?\s*(?:export\s+)?([A-Z][A-Z0-9_]+)=", re.M)
_SILENT = (".md", ".txt", ".in", ".lock", "package-lock.json")
_NO_DEFAULT = re.compile(r"\.\.\.|Field\((?!.*\bdefault)(?!['\"\d(\[{N]).*\)")
# Read by interpreters, servers and tools themselves, so nothing in the project has to name them.
_FOREIGN = re.compile(
    r"^(PYTHON|UVICORN_|GUNICORN_|WEB_CONCURRENCY|FORWARDED_ALLOW_IPS|UV_|PIP_|NODE_|NPM_|VITE_|NGINX_|POSTGRES|PG|"
    r"SENTRY_|OTEL_|PROMETHEUS_|TZ$|LANG$|LC_|HOME$|PATH$|USER$|CI$|GITHUB_|DOCKER_|COMPOSE_|BUILDKIT_|TERM$|"
    r"KC_|KEYCLOAK_|REDIS_|VALKEY_|MINIO_|AWS_|GF_|SSL_CERT|HTTPS?_PROXY|NO_PROXY|MAKE|SHELL$|LOGNAME$)"
)


@dataclass(frozen=True)
class Settings:
    """The variables that a settings class reads."""

    where: str
    required: frozenset[str]
    optional: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.required | self.optional


@dataclass(frozen=True)
class Declared:
    """A variable that a file gives to the project's own code."""

    where: str
    name: str
    group: str  # the file, or the service in it
    backend: bool = False  # to the service that has the settings


def settings(files: Mapping[str, File]) -> Settings | None:
    """What the class asks for that the project's table names; None when it names none."""
    try:
        table = tomllib.loads(files["pyproject.toml"].text or "").get("tool", {}).get(TABLE, {})
    except (KeyError, tomllib.TOMLDecodeError):
        return None
    backend = table.get("backend", {})
    module, _, name = str(backend.get("settings", "")).partition(":")
    path = posixpath.join(str(backend.get("path", "")), *module.split(".")) + ".py"
    if not name or path not in files:
        return None
    try:
        tree = tree_of(files[path].text or "")
    except SyntaxError:
        return None
    wanted = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    return None if wanted is None else _fields(wanted, f"{path}:{wanted.lineno}")


def _fields(node: ast.ClassDef, where: str) -> Settings | None:
    text = ast.unparse(node)
    if re.search(r"\balias(_generator|es)?\b|env_nested_delimiter|AliasChoices", text):
        return None  # names that only the library can tell
    prefix = re.search(r"env_prefix=['\"](\w*)['\"]", text)
    start = prefix.group(1).upper() if prefix else ""
    required: set[str] = set()
    optional: set[str] = set()
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            if (
                line.target.id.startswith("_")
                or line.target.id == "model_config"
                or "ClassVar" in ast.unparse(line)
            ):
                continue
            value = ast.unparse(line.value) if line.value else ""
            default = bool(value) and not re.fullmatch(
                r"\.\.\.|Field\((?!.*\bdefault)(?!['\"\d(\[{N]).*\)", value
            )
            (optional if default else required).add(start + line.target.id.upper())
    return Settings(where, frozenset(required), frozenset(optional))


def declared(files: Mapping[str, File]) -> Iterator[Declared]:
    """Variables in example files, in compose services that are built here, and in the project's table."""
    for name, file in files.items():
        yield from _declared(name, file)


@per_content
def _declared(name: str, file: File) -> Iterator[Declared]:
    text = file.text or ""
    if EXAMPLE.search(name):
        for match in _NAME.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            yield Declared(f"{name}:{line}", match.group(1), name)
    elif COMPOSE.search(name):
        yield from _compose(name, text)
    elif name.endswith((".yaml", ".yml")) and re.search(r"^kind: ConfigMap\b", text, re.M):
        for key in read(text).get("data") or {} if text.count("\n---") == 0 else ():
            if re.fullmatch(r"[A-Z][A-Z0-9_]+", str(key)):
                yield Declared(f"{name}:{line_of(text, str(key))}", str(key), name)


def _compose(name: str, text: str) -> Iterator[Declared]:
    for service, body in (read(text).get("services") or {}).items():
        if not isinstance(body, dict) or not body.get("build"):
            continue
        given = body.get("environment") or ()
        keys = given if isinstance(given, dict) else [str(row).partition("=")[0] for row in given]
        start = text.find(f"\n  {service}:")
        for key in keys:
            place = text.find(str(key), max(start, 0))
            line = text.count("\n", 0, place) + 1 if place >= 0 else 1
            yield Declared(f"{name}:{line}", str(key), f"{name}: {service}", service == "backend")


def readers(files: Mapping[str, File]) -> frozenset[str]:
    """Names that any file reads or passes on: code, scripts, images, configurations; not documents."""
    return frozenset().union(*(_read_in(name, file) for name, file in files.items()))


@per_content
def _read_in(name: str, file: File) -> Iterator[str]:
    text = file.text or ""
    if name.endswith((".md", ".txt", ".in", ".lock", "package-lock.json")) or EXAMPLE.search(name):
        return
    if COMPOSE.search(name):  # what is interpolated is read; the keys are what is declared
        yield from set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", text))
    elif not re.search(r"^kind: ConfigMap\b", text, re.M):
        yield from set(re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", text))
        yield from _of_classes(name, text)


def _of_classes(name: str, text: str) -> Iterator[str]:
    """What settings classes read by the names of their fields."""
    if not name.endswith(".py") or not re.search(r"\(\s*\w*Settings\b", text):
        return
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        if isinstance(node, ast.ClassDef) and any(base.endswith("Settings") for base in bases):
            told = _fields(node, name)
            yield from told.names if told else ()


def foreign(name: str) -> bool:
    """Whether programs of others read it."""
    return bool(_FOREIGN.match(name))
