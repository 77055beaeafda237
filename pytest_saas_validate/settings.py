"""How a run is steered: the table in the nearest pyproject.toml and the switches, made one frozen value."""

from __future__ import annotations

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
    TemplateError,
    combine,
    file_reads,
    read_options,
    select,
)
from pytest_saas_validate.findings import Waiver
from pytest_saas_validate.settings_table import (
    read_answers,
    read_excluded,
    read_features,
    read_images,
    read_waivers,
    strings_at,
    text_at,
)
from pytest_saas_validate.spec import Limits, SpecError, read_limits, read_spec, read_table

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
    narrowed: bool = False  # the switches chose the combinations, and not the table
    engines: tuple[str, ...] = ("local",)
    only: tuple[str, ...] = ()  # families and ids; empty: all
    require: frozenset[str] = frozenset()
    waivers: tuple[Waiver, ...] = ()
    environment: str = "locked"
    images: Mapping[str, str] = field(default_factory=dict)  # name in a compose file -> what to use instead
    node: str = ""  # the image of a cluster's nodes; empty: kind's own
    kubeconfig: Path | None = None  # of a cluster that is there; None: one is made
    hooks: bool = True
    preview: bool = False  # whether new checks count as if they were stable
    limits: Limits = field(default_factory=Limits)
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
    preview: bool = False
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
    features = read_features(table, root)
    options = read_options(source) if is_template else ()
    if is_template:
        how = switches.combos or text_at(table, "combos", "all", root)
        space = Space(options, features, tuple(read_excluded(table, options, root)))
        combos = select(how, space, lambda: file_reads(source))
    else:
        combos = (_own_combo(source, features),)
    engines = tuple(switches.engines) or tuple(strings_at(table, "engines", root)) or ("local",)
    return Settings(
        root=root,
        source=source,
        is_template=is_template,
        options=options,
        combos=combos,
        features=features,
        narrowed=bool(switches.combos),
        engines=engines,
        only=tuple(_split(switches.only)),
        require=frozenset(_split(switches.require) or strings_at(table, "require", root)),
        waivers=tuple(read_waivers(table, root)),
        environment=switches.environment or text_at(table, "environment", "locked", root),
        images=read_images(table, root),
        node=os.environ.get(NODE_VARIABLE, "") or text_at(table, "node", "", root),
        kubeconfig=_kubeconfig(switches.kubeconfig, engines),
        hooks=switches.hooks,
        preview=switches.preview,
        limits=read_limits(table, str(root / "pyproject.toml")),
        answers=read_answers(table, switches.answers, options, root) if is_template else {},
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
        source = (root / text_at(table, "template", ".", root)).resolve()
    is_template = (source / "cookiecutter.json").is_file()
    for path in source.iterdir() if source.is_dir() and not is_template else ():
        if "{{" in path.name and "cookiecutter" in path.name:
            raise TemplateError(
                f"{source / 'cookiecutter.json'}: is not there, and {path.name} is; write the file"
            )
    return source, is_template


def _own_combo(root: Path, features: Mapping[str, Feature]) -> Combo:
    """The combination that a generated project says it is, from its `answers`."""
    file = root / "pyproject.toml"
    answers = read_spec(file.read_text(encoding="utf-8"), str(file)).answers if file.is_file() else {}
    options = tuple(Option(name, _order(answer)) for name, answer in answers.items())
    return combine(options, answers, features)


def _order(answer: str) -> tuple[str, ...]:
    return ("yes", "no") if answer in ("yes", "no") else (answer, f"not {answer}")


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


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
