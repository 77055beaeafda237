"""An option, a feature, a combination of answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_YES = {"yes", "y", "true", "on", "1"}
_NO = {"no", "n", "false", "off", "0"}
_PREFIXES = ("include_", "use_", "enable_")
_NOTHING = "bare"  # the id of the combination in which everything is off
_COMMON = re.compile(
    r"examples?|samples?|demos?|tests?|docs?|documentation|api|cli|logging|lint(ing)?|database|frontend|backend|"
    r"extras?|scripts?|cache|web|server|client|notebooks?",
    re.I,
)


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

    @property
    def off(self) -> str:
        """The answer that switches the feature off."""
        return next(choice for choice in self.choices if choice.lower() in _NO)


@dataclass(frozen=True)
class Feature:
    """What a project calls a feature: a short name for ids, and words that betray a leftover."""

    name: str
    short: str
    words: tuple[str, ...]

    @property
    def common(self) -> bool:
        """Whether all that betrays it is a word for a part of any project, and not for a product."""
        return self.words == (self.name,) and bool(_COMMON.fullmatch(self.name))


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


def combine(options: Sequence[Option], answers: Mapping[str, str], features: Mapping[str, Feature]) -> Combo:
    """The combination that these answers make; options that are not answered take their default.

    Other answers give another id.
    """
    chosen = tuple((o.name, answers.get(o.name, o.default)) for o in options)
    labels = [_label(option, features) for option in options]
    parts: list[str] = []
    for option, label, (name, answer) in zip(options, labels, chosen, strict=True):
        if option.feature is None or labels.count(label) > 1 or label == _NOTHING:
            if answer != option.default:
                parts.append(f"{name}={answer.replace('%', '%25').replace('+', '%2B')}")
        elif answer == option.on:
            parts.append(label)
    on = frozenset(
        o.feature for o, (_, answer) in zip(options, chosen, strict=True) if o.feature and answer == o.on
    )
    return Combo("+".join(parts) or _NOTHING, chosen, on)


def _label(option: Option, features: Mapping[str, Feature]) -> str:
    """What stands for a feature in an id; empty for an option that switches none."""
    name = option.feature or ""
    return features[name].short if name in features else name
