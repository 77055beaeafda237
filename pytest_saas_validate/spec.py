"""What a project says of itself in its table `[tool.pytest-saas-validate]`, typed.

Every key has a place here and nowhere else. Unknown keys and wrong types are errors that name file and key,
since a misspelt key would otherwise switch a check off without a word.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

TABLE = "pytest-saas-validate"


class SpecError(Exception):
    """The table cannot be used; the message names the file, the key and what it should be."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The HTTP application: where it lies, how it is built, started and asked."""

    path: str
    app: str  # "module:attribute"
    factory: bool = False
    locks: tuple[str, ...] = ()  # hashed requirement files, relative to path
    migrate: tuple[str, ...] = ()
    live: str = "/"
    ready: str = "/"
    settings: str = ""  # "module:Class", needed with sentry
    metrics: str = ""  # path of the metrics page
    sentry: str = ""  # "module:function" that takes the settings
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Database:
    """PostgreSQL: its roles, how they come to be, and one table that belongs to tenants."""

    setup: str = ""  # SQL that a superuser runs once
    migrator: str = "migrator"
    app: str = "app"
    backup: str = "backup"
    table: str = ""
    tenant_column: str = "tenant_id"
    environment: Mapping[str, str] = field(default_factory=dict)  # for `migrate`


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a token of this project must carry."""

    tenant_claim: str = "tenant_id"


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Addresses that probes may ask: one public, one tenant-owned collection."""

    public: str = "/"
    collection: str = ""
    create: Mapping[str, Any] = field(default_factory=dict)  # body of a valid POST to the collection

    @property
    def above(self) -> str:
        """The part of the API's addresses that all share; a front passes on what lies below it."""
        return self.collection.rpartition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Backup:
    """The two commands, run from the project's root, and the files that decide what they do."""

    inputs: tuple[str, ...] = ()
    backup: tuple[str, ...] = ()  # last line of its output is the artefact
    restore: tuple[str, ...] = ()  # ${artifact} is filled in
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Prometheus configuration, rules, their unit tests, and the folder of runbooks."""

    config: str = ""
    rules: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    runbooks: str = ""


@dataclass(frozen=True, kw_only=True)
class Compose:
    """The project's own containers: its compose files and what they interpolate."""

    files: tuple[str, ...] = ("compose.yml",)
    services: Mapping[str, str] = field(default_factory=dict)  # logical name -> service, where they differ
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kubernetes:
    """The project's manifests, and what a deployer gives to the cluster beside them."""

    overlay: str = "k8s/overlays/ci"  # what is applied to a test's cluster
    overlays: tuple[str, ...] = ("k8s/overlays/*",)  # what is deployed: read, never applied
    workloads: Mapping[str, str] = field(default_factory=dict)  # logical name -> workload, where they differ
    images: Mapping[str, str] = field(default_factory=dict)  # image -> "DOCKERFILE [CONTEXT]", from the root
    secrets: Mapping[str, str] = field(default_factory=dict)  # "SECRET/KEY" -> value
    config: Mapping[str, str] = field(default_factory=dict)  # "CONFIGMAP/KEY" -> value, instead of its own
    environment: Mapping[str, str] = field(
        default_factory=dict
    )  # "WORKLOAD/NAME" -> value, instead of its own
    labels: Mapping[str, str] = field(default_factory=dict)  # with these a pod of ours is let in
    # Who calls whom, by logical names or labels app.kubernetes.io/name; every other connection is forbidden.
    calls: tuple[str, ...] = (
        "frontend -> backend",
        "backend -> database",
        "backend -> cache",
        "migrate -> database",
        "backup -> database",
    )


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a template's hooks may take, and how much it may weigh."""

    hook_seconds: int = 60
    file_megabytes: int = 20  # of one file
    document_lines: int = 10_000  # of Markdown in a render


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The whole table of a project; a part that is None is not there."""

    answers: Mapping[str, str] = field(default_factory=dict)
    backend: Backend | None = None
    database: Database | None = None
    identity: Identity = Identity()
    routes: Routes = Routes()
    backup: Backup | None = None
    alerts: Alerts | None = None
    compose: Compose | None = None
    kubernetes: Kubernetes | None = None
    limits: Limits = Limits()

    @property
    def declared(self) -> tuple[str, ...]:
        """Addresses that the application answers, with everything below them."""
        backend, routes = self.backend, self.routes
        health = (backend.live, backend.ready) if backend else ()
        return tuple(
            path for path in dict.fromkeys((*health, routes.public, routes.above)) if path not in ("", "/")
        )


_RUN_KEYS = {
    "template",
    "features",
    "waivers",
    "combos",
    "exclude",
    "engines",
    "require",
    "environment",
    "images",
    "node",
}
T = TypeVar("T")


def read_table(text: str, where: str) -> Mapping[str, Any]:
    """The table in the text of a pyproject.toml; empty when there is none; raises SpecError."""
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as problem:
        raise SpecError(f"{where}: not TOML ({problem}); mend the file") from None
    table = tool.get(TABLE, {})
    if not isinstance(table, dict):
        raise SpecError(f"{where}: [tool.{TABLE}] must be a table")
    return table


def read_spec(text: str, where: str = "pyproject.toml") -> Spec:
    """The project's part of its table; keys that steer a run belong to `settings`; raises SpecError."""
    table = {key: value for key, value in read_table(text, where).items() if key not in _RUN_KEYS}
    return _build(Spec, table, where, f"tool.{TABLE}")


def read_limits(table: Mapping[str, Any], where: str) -> Limits:
    """The limits of a run, from the table that steers it; raises SpecError."""
    return _build(Limits, table.get("limits", {}), where, f"tool.{TABLE}.limits")


def _build(kind: type[T], table: Any, where: str, key: str) -> T:
    if not isinstance(table, dict):
        raise SpecError(f"{where}: {key} must be a table, not {table!r}")
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise SpecError(f"{where}: {key}.{unknown[0]} is unknown; there are {', '.join(known)}")
    hints = typing.get_type_hints(kind)
    values = {name: _value(hints[name], value, where, f"{key}.{name}") for name, value in table.items()}
    try:
        return kind(**values)
    except TypeError as problem:
        raise SpecError(f"{where}: [{key}] is incomplete: {problem}") from None


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(arm for arm in typing.get_args(hint) if arm is not type(None))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _build(hint, value, where, key)
    origin = typing.get_origin(hint) or hint
    if origin is tuple:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise SpecError(f"{where}: {key} must be a list of strings, not {value!r}")
        return tuple(value)
    if origin is Mapping:
        return _mapping(typing.get_args(hint)[1], value, where, key)
    if not isinstance(value, hint):
        raise SpecError(f"{where}: {key} must be {hint.__name__}, not {value!r}")
    return value


def _mapping(of: Any, value: Any, where: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(f"{where}: {key} must be a table, not {value!r}")
    wrong = [name for name, item in value.items() if of is str and not isinstance(item, str)]
    if wrong:
        raise SpecError(f"{where}: {key}.{wrong[0]} must be a string, not {value[wrong[0]]!r}")
    return dict(value)
