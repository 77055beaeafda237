"""Findings about answers: one for each answer and fault, whatever schemes it was seen over."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pytest_saas_validate.evidence.http import Exchange
from pytest_saas_validate.findings import Finding

Fault = tuple[Exchange, str] | tuple[Exchange, str, str]  # where, what is wrong, and a remedy of its own


def per_answer(rule: Callable[..., Iterable[Fault | Finding]]) -> Callable[..., Iterator[Finding]]:
    """Let a rule yield answers with what is wrong; a finding that it made itself passes as it is.

    The place does not name the scheme, so that a waiver stays valid when one of two is mended.
    """

    @functools.wraps(rule)
    def grouped(*evidence: Any) -> Iterator[Finding]:
        schemes: dict[tuple[str, ...], dict[str, None]] = {}
        for found in rule(*evidence):
            if isinstance(found, Finding):
                yield found
            else:
                exchange, *said = found
                schemes.setdefault((exchange.spot, *said), {})[exchange.scheme] = None
        for (spot, message, *remedy), over in schemes.items():
            told = f"over {' and '.join(over)}: {message}"
            yield Finding(where=spot, message=told, remedy=next(iter(remedy), ""))

    return grouped
