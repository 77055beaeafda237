"""Findings about what a reader, a parser or a comparison stumbled over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.findings import Finding


def per_fault(faults: Iterable[Fault]) -> Iterator[Finding]:
    """One for each fault, as it was told."""
    for fault in faults:
        yield Finding(where=fault.where, message=fault.message, source=fault.source)
