"""The kill table: what became of each planted defect."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEY = "saas.kill"
_SHOWN = 5  # lines of a reason


@dataclass(frozen=True, kw_only=True)
class Kill:
    """What became of one mutant. `reason` tells why it was not planted, or why nothing could be judged."""

    mutant: str
    title: str
    combo: str = ""
    planted: bool = True
    missed: tuple[str, ...] = ()  # declared, but silent
    false_alarms: tuple[str, ...] = ()  # not declared, but red
    reason: str = ""
    live: bool = False

    @property
    def killed(self) -> bool:
        """Every declared check found it."""
        return self.planted and not self.missed


def record(properties: list[tuple[str, object]], kill: Kill) -> None:
    """Add a kill to a test's properties."""
    properties.append((_KEY, json.dumps(dataclasses.asdict(kill))))


def recorded(properties: Iterable[tuple[str, object]]) -> Iterator[Kill]:
    """The kills among a test's properties."""
    for name, value in properties:
        if name == _KEY:
            data = json.loads(str(value))
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
            yield Kill(**values)


def lines(kills: Sequence[Kill]) -> Iterator[str]:
    """The table as text, survivors and false alarms last and in full."""
    planted = [kill for kill in kills if kill.planted]
    killed = [kill for kill in planted if kill.killed]
    live = sum(kill.live for kill in planted)
    yield ""
    yield f"mutants: {len(planted)} planted ({live} live), {len(killed)} killed"
    for kill in kills:
        if not kill.planted:
            yield f"  not planted  {kill.mutant}: {kill.reason}"
    for kill in planted:
        if kill.missed:
            yield f"  survived     {kill.mutant} ({kill.title}): {', '.join(kill.missed)} stayed silent"
            yield from (f"    {line}" for line in kill.reason.splitlines()[:_SHOWN])
        if kill.false_alarms:
            yield f"  false alarm  {kill.mutant}: {', '.join(kill.false_alarms)}"


def as_json(kills: Sequence[Kill]) -> dict[str, Any]:
    """Counts as a script wants them, and the whole table."""
    planted = [kill for kill in kills if kill.planted]
    return {
        "planted": len(planted),
        "killed": sum(kill.killed for kill in planted),
        "live": sum(kill.live for kill in planted),
        "survivors": [kill.mutant for kill in planted if not kill.killed],
        "false_alarms": [f"{kill.mutant}: {check}" for kill in planted for check in kill.false_alarms],
        "not_planted": {kill.mutant: kill.reason for kill in kills if not kill.planted},
        "mutants": [dataclasses.asdict(kill) for kill in kills],
    }


def write(path: str, kills: Sequence[Kill]) -> Path:
    """Write the table as JSON."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(as_json(kills), indent=1) + "\n", encoding="utf-8")
    return target
