"""Options of a template, and the combinations of their answers that are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_saas_validate.combos.selection import (
    Space,
    each,
    everything,
    pairs,
    pairwise,
    sampled,
    uncovered,
)
from pytest_saas_validate.combos.template import file_reads, read_by_file, read_options
from pytest_saas_validate.combos.values import Combo, Feature, Option, TemplateError, combine

__all__ = [
    "SELECTIONS",
    "Combo",
    "Feature",
    "Option",
    "Space",
    "TemplateError",
    "combine",
    "each",
    "everything",
    "file_reads",
    "pairs",
    "pairwise",
    "read_by_file",
    "read_options",
    "sampled",
    "select",
    "uncovered",
]
Reads = Callable[[], Iterable[frozenset[str]]]
SELECTIONS = ("all", "pairwise", "each", "sampled", "default")


def select(how: str, space: Space, reads: Reads = tuple) -> tuple[Combo, ...]:
    """The combinations that one of SELECTIONS, or a comma separated list of ids, names.

    `reads` tells the options that each file reads; it is asked only for a sample. Raises TemplateError for an
    id that does not exist, naming those that do, and when nothing is left.
    """
    named: dict[str, Callable[[], tuple[Combo, ...]]] = {
        "all": lambda: everything(space),
        "pairwise": lambda: pairwise(space),
        "each": lambda: each(space),
        "sampled": lambda: sampled(space, reads()),
        "default": lambda: space.combos([{}]),
    }
    chosen = named[how]() if how in named else _by_id(how, space, reads)
    if not chosen:
        raise TemplateError(f"combos {how}: everything is in the table's `exclude`; nothing is left to judge")
    return chosen


def _by_id(how: str, space: Space, reads: Reads) -> tuple[Combo, ...]:
    known = {combo.id: combo for combo in _known(space, reads)}
    wanted = [part.strip() for part in how.split(",") if part.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise TemplateError(
            f"no combination {(unknown or [how])[0]!r}; there are {', '.join(SELECTIONS)}, {', '.join(known)}"
        )
    return tuple(known[name] for name in wanted)


def _known(space: Space, reads: Reads) -> tuple[Combo, ...]:
    """All combinations; where there are too many, those of the sample."""
    try:
        return everything(space)
    except TemplateError:
        return sampled(space, reads())
