"""Which combinations are looked at: all, or few that are proved to cover what was asked."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_saas_validate.combos.values import Combo, Feature, Option, TemplateError, combine

_LIMIT = 256
_TRIES = 24  # rows that are tried for each that is chosen
_EFFORT = 6000  # parts that are looked at for that, about
Answers = Mapping[str, str]
Part = tuple[tuple[str, str], ...]  # answers to some options, by name


@dataclass(frozen=True)
class Space:
    """The options of a template, and answers that it does not take together (`excluded`)."""

    options: tuple[Option, ...]
    features: Mapping[str, Feature]
    excluded: tuple[Part, ...] = ()

    def allows(self, answers: Answers) -> bool:
        """Whether a template takes these answers together, as far as they are given."""
        return not any(all(answers.get(name) == value for name, value in part) for part in self.excluded)

    def combos(self, rows: Iterable[Answers]) -> tuple[Combo, ...]:
        """The combinations of rows that the template takes, each once, in their order."""
        made = [combine(self.options, row, self.features) for row in rows if self.allows(row)]
        return tuple(dict.fromkeys(made))

    def completed(self, part: Answers, wanted: Iterable[Part] = (), first: int = 0) -> dict[str, str] | None:
        """A row that holds `part`, and of `wanted` what a greedy choice can; None when there is none.

        Options are answered in their order, beginning with number `first`.
        """
        if not self.allows(part):
            return None
        order = (*self.options[first:], *self.options[:first])
        option = next((option for option in order if option.name not in part), None)
        if option is None:
            return dict(part)
        known = set(part.items())

        def gained(choice: str) -> int:
            tried = known | {(option.name, choice)}
            return sum((option.name, choice) in one and set(one) <= tried for one in wanted)

        for choice in sorted(option.choices, key=gained, reverse=True):
            row = self.completed({**part, option.name: choice}, wanted, first)
            if row is not None:
                return row
        return None


def everything(space: Space) -> tuple[Combo, ...]:
    """Every combination, in a stable order; raises TemplateError when there are too many to bake."""
    count = 1
    for option in space.options:
        count *= len(option.choices)
    if count > _LIMIT:
        raise TemplateError(
            f"{count} combinations are more than {_LIMIT}; choose --combos=sampled, or pairwise for fewer"
        )
    names = [option.name for option in space.options]
    rows = itertools.product(*(option.choices for option in space.options))
    return space.combos(dict(zip(names, row, strict=True)) for row in rows)


def each(space: Space) -> tuple[Combo, ...]:
    """The defaults, everything on, everything off, and from each of these every other answer alone."""
    switches = [option for option in space.options if option.feature]
    defaults = {option.name: option.default for option in space.options}
    on = {**defaults, **{option.name: option.on for option in switches}}
    off = {**defaults, **{option.name: option.off for option in switches}}
    alone = (
        {**base, option.name: choice}
        for base in (defaults, on, off)
        for option in space.options
        for choice in option.choices
    )
    return space.combos([defaults, on, off, *alone])


def pairwise(space: Space) -> tuple[Combo, ...]:
    """Few combinations in which every pair of answers occurs that the template takes."""
    if len(space.options) < 2:
        return everything(space)
    return cover(space, pairs(space.options))


def sampled(space: Space, reads: Iterable[frozenset[str]]) -> tuple[Combo, ...]:
    """For many options: `each`, every pair, and for each file every answer to the options that it reads.

    So every text that a file can have is baked in one of them, though not every tree.
    """
    parts = [part for names in reads for part in _answers(space.options, names)]
    chosen = [*each(space), *pairwise(space)]
    left = uncovered(chosen, parts)
    return tuple(dict.fromkeys([*chosen, *cover(space, left)]))


def cover(space: Space, parts: Iterable[Part]) -> tuple[Combo, ...]:
    """Few combinations in which each of these parts occurs that the template takes."""
    open_ = {part for part in parts if space.completed(dict(part)) is not None}
    rows: list[dict[str, str]] = []
    while open_:
        row = max(_rows(space, open_), key=lambda tried: sum(set(part) <= tried.items() for part in open_))
        rows.append(row)
        open_ = {part for part in open_ if not set(part) <= row.items()}
    return space.combos(rows)


def _rows(space: Space, open_: Collection[Part]) -> Iterator[dict[str, str]]:
    """Rows to choose from: some parts of all, completed; fewer of them the longer that takes."""
    tries = max(1, min(_TRIES, _EFFORT // len(open_)))
    for number, part in enumerate(sorted(open_)[:: -(-len(open_) // tries)]):
        row = space.completed(dict(part), open_, number % len(space.options))
        if row is not None:
            yield row


def pairs(options: Iterable[Option]) -> Iterator[Part]:
    """Every pair of answers to two options."""
    for one, other in itertools.combinations(sorted(options, key=lambda option: option.name), 2):
        for x, y in itertools.product(one.choices, other.choices):
            yield (one.name, x), (other.name, y)


def uncovered(combos: Iterable[Combo], parts: Iterable[Part]) -> frozenset[Part]:
    """The parts that no combination holds: empty is the proof of coverage."""
    seen = [set(combo.answers) for combo in combos]
    return frozenset(part for part in parts if not any(set(part) <= answers for answers in seen))


def _answers(options: Sequence[Option], names: frozenset[str]) -> Iterator[Part]:
    """Every answer to some options together."""
    chosen = sorted((option for option in options if option.name in names), key=lambda option: option.name)
    for values in itertools.product(*(option.choices for option in chosen)):
        yield tuple((option.name, value) for option, value in zip(chosen, values, strict=True))
