"""The catalogue: every `Check` that a module of this package defines."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from pytest_saas_validate.findings import Check

FAMILIES = {
    "TR": "template render",
    "SH": "security headers",
    "SN": "error report scrubbing",
    "AL": "alert rules",
    "BK": "backup and restore",
    "ID": "identity and tenants",
}


class CatalogueError(Exception):
    """Two checks have the same id, or a family has no name."""


@cache
def catalogue() -> tuple[Check, ...]:
    """All checks, by family in the order of `FAMILIES`, then by id; raises CatalogueError."""
    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if not isinstance(value, Check) or found.get(value.id) is value:
                continue
            if value.id in found or value.family not in FAMILIES:
                raise CatalogueError(
                    f"check {value.id}: the id is taken, or its family has no name in FAMILIES"
                )
            found[value.id] = value
    order = list(FAMILIES)
    return tuple(sorted(found.values(), key=lambda check: (order.index(check.family), check.id)))
