"""Options of a template, and the combinations of their answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_YES = {"yes", "y", "true", "on", "1"}
_NO = {"no", "n", "false", "off", "0"}
_PREFIXES = ("include_", "use_", "enable_")
_LIMIT = 256


class TemplateError(Exception):
    """A template that cannot be read; the message names the file and what to change."""


@dataclass(frozen=True)
class Option:
    """One variable of a template that is answered from a list; the first choice is the default."""

    name: str
    choices: tuple[str, ...]

    @property
    def default(self) -> str:
        """What cookiecutter takes when nothing is said."""
        return self.choices[0]

    @property
    def feature(self) -> str | None:
        """The feature that a yes/no option switches; None for any other choice."""
        words = {choice.lower() for choice in self.choices}
        if len(self.choices) != 2 or not (words & _YES and words & _NO):
            return None
        for prefix in _PREFIXES:
            if self.name.startswith(prefix):
                return self.name.removeprefix(prefix)
        return self.name

    @property
    def on(self) -> str:
        """The answer that switches the feature on."""
        return next(choice for choice in self.choices if choice.lower() in _YES)


@dataclass(frozen=True)
class Feature:
    """What a project calls a feature: a short name for ids, and words that betray a leftover."""

    name: str
    short: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Combo:
    """One combination of answers; equal answers are the same combination."""

    id: str
    answers: tuple[tuple[str, str], ...]
    features: frozenset[str] = field(compare=False)

    @property
    def mapping(self) -> dict[str, str]:
        """The answers as cookiecutter takes them."""
        return dict(self.answers)


def read_options(template: Path) -> tuple[Option, ...]:
    """The options of a template in the order of its cookiecutter.json; raises TemplateError."""
    source = template / "cookiecutter.json"
    try:
        variables = json.loads(source.read_text(encoding="utf-8"))
    except OSError as problem:
        raise TemplateError(
            f"{source}: {problem.strerror}; give the folder that holds cookiecutter.json"
        ) from None
    except ValueError as problem:
        raise TemplateError(f"{source}: not JSON ({problem}); mend the file") from None
    return tuple(_options(variables))


def _options(variables: Mapping[str, object]) -> Iterator[Option]:
    for name, value in variables.items():
        if name.startswith("_"):
            continue
        if isinstance(value, bool):
            yield Option(name, ("yes", "no") if value else ("no", "yes"))
        elif isinstance(value, list) and len(value) > 1 and all(isinstance(v, str) for v in value):
            yield Option(name, tuple(value))


def combine(options: Sequence[Option], answers: Mapping[str, str], features: Mapping[str, Feature]) -> Combo:
    """The combination that these answers make; options that are not answered take their default."""
    chosen = tuple((o.name, answers.get(o.name, o.default)) for o in options)
    on: list[str] = []
    parts: list[str] = []
    for option, (_, answer) in zip(options, chosen, strict=True):
        feature = option.feature
        if feature is None:
            if answer != option.default:
                parts.append(f"{option.name}={answer}")
        elif answer.lower() in _YES:
            on.append(feature)
            parts.append(features[feature].short if feature in features else feature)
    return Combo("+".join(parts) or "bare", chosen, frozenset(on))


def all_combos(options: Sequence[Option], features: Mapping[str, Feature]) -> tuple[Combo, ...]:
    """Every combination, in a stable order; raises TemplateError when there are too many to bake."""
    count = 1
    for option in options:
        count *= len(option.choices)
    if count > _LIMIT:
        raise TemplateError(f"{count} combinations are more than {_LIMIT}; choose --combos=pairwise")
    names = [option.name for option in options]
    return tuple(
        combine(options, dict(zip(names, values, strict=True)), features)
        for values in itertools.product(*(option.choices for option in options))
    )


def pairwise(options: Sequence[Option], features: Mapping[str, Feature]) -> tuple[Combo, ...]:
    """Few combinations in which every pair of answers occurs (greedy; `uncovered` is the proof)."""
    names = [option.name for option in options]
    if len(options) < 2:
        return all_combos(options, features)
    open_ = set(_pairs(options))
    rows: list[dict[str, str]] = []
    while open_:
        (a, x), (b, y) = min(open_)
        row = {a: x, b: y}
        for option in options:
            if option.name not in row:
                row[option.name] = max(
                    option.choices,
                    key=lambda choice: sum(
                        tuple(sorted(((option.name, choice), known))) in open_ for known in row.items()
                    ),
                )
        rows.append(row)
        open_ -= set(_pairs_of(row))
    return tuple(combine(options, {name: row[name] for name in names}, features) for row in rows)


Pair = tuple[tuple[str, str], tuple[str, str]]


def _pairs(options: Iterable[Option]) -> Iterator[Pair]:
    for one, other in itertools.combinations(sorted(options, key=lambda option: option.name), 2):
        for x, y in itertools.product(one.choices, other.choices):
            yield (one.name, x), (other.name, y)


def _pairs_of(row: Mapping[str, str]) -> Iterator[Pair]:
    yield from itertools.combinations(sorted(row.items()), 2)


def uncovered(combos: Iterable[Combo], options: Sequence[Option]) -> frozenset[Pair]:
    """The pairs of answers that no combination holds: empty is the proof of coverage."""
    seen = {pair for combo in combos for pair in _pairs_of(combo.mapping)}
    return frozenset(_pairs(options)) - seen


def select(how: str, options: Sequence[Option], features: Mapping[str, Feature]) -> tuple[Combo, ...]:
    """The combinations that `all`, `pairwise`, `default`, or a comma separated list of ids names.

    Raises TemplateError for an id that does not exist, naming those that do.
    """
    if how == "all":
        return all_combos(options, features)
    if how == "pairwise":
        return pairwise(options, features)
    if how == "default":
        return (combine(options, {}, features),)
    known = {combo.id: combo for combo in all_combos(options, features)}
    wanted = [part.strip() for part in how.split(",") if part.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise TemplateError(
            f"no combination {(unknown or [how])[0]!r}; there are all, pairwise, default, {', '.join(known)}"
        )
    return tuple(known[name] for name in wanted)
