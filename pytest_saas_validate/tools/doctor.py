"""What is here and what is not, for a person and for a report."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_saas_validate.tools.awake import awake
from pytest_saas_validate.tools.catalogue import TOOLS
from pytest_saas_validate.tools.finding import find


@dataclass(frozen=True, kw_only=True)
class Row:
    """One tool: where it is, or why it is not there and how to get it."""

    name: str
    found: bool
    version: str
    path: str
    reason: str
    how: str


def doctor(samples: bool = False) -> list[Row]:
    """A row for each tool; with `samples` also one that is here but judges wrongly counts as missing."""
    return [_row(name, samples) for name in TOOLS]


def _row(name: str, samples: bool) -> Row:
    found = find(name)
    reason = awake(name) if samples and found.path else found.reason
    return Row(
        name=name,
        found=not reason,
        version=found.version,
        path=str(found.path or ""),
        reason=reason,
        how=TOOLS[name].remedy,
    )
