"""Draw findings over all templates of others, to be judged by hand.

`python -m tests.foreign.draw SEED ROUND` prints them as rows of the data file that lack a verdict.

Checks take turns, so that a noisy one does not crowd out the others; then a template is drawn that the check
speaks of, then one of its findings there. Findings that differ in nothing but a combination are one.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.foreign.packages import Template, templates, verdicts

_COUNT = 40


@dataclass(frozen=True, order=True)
class Found:
    """One finding, as it is judged."""

    check: str
    template: str
    place: str
    message: str


def found(template: Template) -> Iterator[Found]:
    """Everything that a run finds in a template, each once."""
    seen = {
        Found(verdict["check"], template.id, finding["where"], finding["message"])
        for verdict in verdicts(template)
        for finding in verdict["findings"]
    }
    yield from sorted(seen)


def drawn(everything: Mapping[str, list[Found]], seed: int) -> Iterator[Found]:
    """A sample that only the seed decides; `everything` is by check, in a stable order."""
    dice = random.Random(seed)
    left = {check: list(rows) for check, rows in sorted(everything.items())}
    count = min(_COUNT, sum(map(len, left.values())))
    while count:
        for check in [check for check, rows in left.items() if rows]:
            template = dice.choice(sorted({row.template for row in left[check]}))
            row = dice.choice([row for row in left[check] if row.template == template])
            left[check].remove(row)
            yield row
            count -= 1
            if not count:
                return


def main(seed: int, turn: int) -> None:
    """Print what was drawn, as rows of the data file that lack a verdict."""
    everything: dict[str, list[Found]] = {}
    for template in templates():
        for row in found(template):
            everything.setdefault(row.check, []).append(row)
    versions = {template.id: template.version for template in templates()}
    for row in drawn(everything, seed):
        told = {"template": row.template, "version": versions[row.template], "check": row.check}
        told |= {"place": row.place, "message": row.message, "verdict": "", "why": ""}
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
        print("\n".join(["[[finding]]", f"round = {turn}", *lines, ""]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
