"""How a run is steered: the table in the nearest pyproject.toml and the switches, made one frozen value."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_saas_validate.combos import (
    Combo,
    Feature,
    Option,
    Space,
    combine,
    file_reads,
    read_options,
    select,
)
from pytest_saas_validate.findings import Waiver
from pytest_saas_validate.spec import TABLE, SpecError, read_spec, read_table

NODE_VARIABLE = "SAAS_VALIDATE_NODE_IMAGE"  # before the table: which images there are, the machine knows


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a run was told. `source` is a template (it has options) or a project (it has none)."""

    root: Path  # the folder of the table
    source: Path
    is_template: bool
    options: tuple[Option, ...]
    combos: tuple[Combo, ...]
    features: Mapping[str, Feature]
    engines: tuple[str, ...] = ("local",)
    only: tuple[str, ...] = ()  # families and ids; empty: all
    require: frozenset[str] = frozenset()
    waivers: tuple[Waiver, ...] = ()
    environment: str = "locked"
    images: Mapping[str, str] = field(default_factory=dict)  # name in a compose file -> what to use instead
    node: str = ""  # the image of a cluster's nodes; empty: kind's own
    kubeconfig: Path | None = None  # of a cluster that is there; None: one is made
    hooks: bool = True
    answers: Mapping[str, str] = field(default_factory=dict)  # to free texts, in every render

    def wants(self, check: str) -> bool:
        """Whether a check id was asked for."""
        return not self.only or any(check == name or check.rstrip("0123456789") == name for name in self.only)


@dataclass(frozen=True, kw_only=True)
class Switches:
    """What the command line says; None or empty leaves the decision to the table."""

    path: str = ""
    combos: str = ""
    engines: Sequence[str] = ()
    only: str = ""
    require: str = ""
    environment: str = ""
    kubeconfig: str = ""
    hooks: bool = True
    answers: Sequence[str] = ()  # NAME=VALUE


def read_settings(start: Path, switches: Switches = Switches()) -> Settings:
    """The settings that hold at `start`; raises SpecError or TemplateError, naming what to change."""
    given = Path(switches.path).resolve() if switches.path else None
    if given is not None and not given.is_dir():
        raise SpecError(f"{given}: no such folder; give a template or a generated project")
    root, table = _nearest(given or start)
    source, is_template = _source(root, table, given)
    if not is_template and not table and not any(source.iterdir()):
        raise SpecError(f"{source}: the folder is empty; give a template or a generated project")
    features = _features(table, root)
    options = read_options(source) if is_template else ()
    if is_template:
        how = switches.combos or _text(table, "combos", "all", root)
        space = Space(options, features, tuple(_excluded(table, options, root)))
        combos = select(how, space, lambda: file_reads(source))
    else:
        combos = (_own_combo(source, features),)
    engines = tuple(switches.engines) or tuple(_list(table, "engines", root)) or ("local",)
    return Settings(
        root=root,
        source=source,
        is_template=is_template,
        options=options,
        combos=combos,
        features=features,
        engines=engines,
        only=tuple(_split(switches.only)),
        require=frozenset(_split(switches.require) or _list(table, "require", root)),
        waivers=tuple(_waivers(table, root)),
        environment=switches.environment or _text(table, "environment", "locked", root),
        images=_images(table, root),
        node=os.environ.get(NODE_VARIABLE, "") or _text(table, "node", "", root),
        kubeconfig=_kubeconfig(switches.kubeconfig, engines),
        hooks=switches.hooks,
        answers=_answers(table, switches.answers, options, root) if is_template else {},
    )


def _nearest(start: Path) -> tuple[Path, Mapping[str, Any]]:
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            table = read_table(file.read_text(encoding="utf-8"), str(file))
            if table:
                return folder, table
    return start, {}


def _source(root: Path, table: Mapping[str, Any], given: Path | None) -> tuple[Path, bool]:
    source = given
    if source is None or ("template" in table and given == root):
        source = (root / _text(table, "template", ".", root)).resolve()
    return source, (source / "cookiecutter.json").is_file()


def _own_combo(root: Path, features: Mapping[str, Feature]) -> Combo:
    """The combination that a generated project says it is, from its `answers`."""
    file = root / "pyproject.toml"
    answers = read_spec(file.read_text(encoding="utf-8"), str(file)).answers if file.is_file() else {}
    options = tuple(Option(name, _order(answer)) for name, answer in answers.items())
    return combine(options, answers, features)


def _order(answer: str) -> tuple[str, ...]:
    return ("yes", "no") if answer in ("yes", "no") else (answer, f"not {answer}")


def _features(table: Mapping[str, Any], root: Path) -> dict[str, Feature]:
    found = {}
    for name, value in _table(table, "features", root).items():
        if not isinstance(value, dict) or set(value) - {"short", "words"}:
            raise SpecError(_wrong(root, f"features.{name}", "a table with short and words"))
        found[name] = Feature(name, str(value.get("short", name)), tuple(value.get("words", (name,))))
    return found


def _answers(
    table: Mapping[str, Any], given: Sequence[str], options: Sequence[Option], root: Path
) -> dict[str, str]:
    """What the table's `answers` and the command say instead of defaults; combinations choose from lists."""
    answers = {name: str(value) for name, value in _table(table, "answers", root).items()}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise SpecError(f"--answer {text}: must be NAME=VALUE")
        answers[name] = value
    chosen = sorted(answers.keys() & {option.name for option in options})
    if chosen:
        raise SpecError(f"answers: {chosen[0]} is chosen from a list; say which of it by --combos")
    return answers


def _excluded(
    table: Mapping[str, Any], options: Sequence[Option], root: Path
) -> list[tuple[tuple[str, str], ...]]:
    """`exclude` is a list of tables of answers that the template does not take together."""
    known = {option.name: option.choices for option in options}
    entries = table.get("exclude", [])
    found = []
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or not entry or any(entry[n] not in known.get(n, ()) for n in entry):
            what = 'a list of answers to options of the template: [{ include_a = "yes", include_b = "no" }]'
            raise SpecError(_wrong(root, "exclude", what))
        found.append(tuple(sorted(entry.items())))
    return found


def _images(table: Mapping[str, Any], root: Path) -> dict[str, str]:
    """Mirrors: `images."postgres:18" = "registry.example/postgres:18"`."""
    images = dict(_table(table, "images", root))
    if not all(isinstance(name, str) for name in images.values()):
        raise SpecError(_wrong(root, "images", "a table of names of images"))
    return images


def _waivers(table: Mapping[str, Any], root: Path) -> list[Waiver]:
    """`waivers.<id>` is a table, or a list of tables, each with reason and until (a date)."""
    found = []
    for check, entries in _table(table, "waivers", root).items():
        for entry in entries if isinstance(entries, list) else [entries]:
            good = isinstance(entry, dict) and not set(entry) - {"reason", "until", "where"}
            dated = good and type(entry.get("until")) is dt.date  # a time of day is a date too, by its class
            if not dated or not str(entry.get("reason", "")).strip():
                raise SpecError(
                    _wrong(root, f"waivers.{check}", "a table with reason, until (a date) and perhaps where")
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


def _kubeconfig(given: str, engines: Sequence[str]) -> Path | None:
    if not given:
        return None
    file = Path(given).expanduser().absolute()
    if not file.is_file():
        raise SpecError(f"{file}: no such file; give the kubeconfig of a cluster")
    if "kind" not in engines:
        raise SpecError(
            f"{file}: the engine kind, which is for clusters, was not asked for; add --engine=kind"
        )
    return file


def _table(table: Mapping[str, Any], key: str, root: Path) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise SpecError(_wrong(root, key, "a table"))
    return value


def _text(table: Mapping[str, Any], key: str, default: str, root: Path) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise SpecError(_wrong(root, key, "a string"))
    return value


def _list(table: Mapping[str, Any], key: str, root: Path) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SpecError(_wrong(root, key, "a list of strings"))
    return value


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _wrong(root: Path, key: str, what: str) -> str:
    return f"{root / 'pyproject.toml'}: tool.{TABLE}.{key} must be {what}"
