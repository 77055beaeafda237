"""The catalogue: every `Check` that a module of this package defines."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from pytest_saas_validate.findings import Check, Finding, Subject

FAMILIES = {
    "TR": "template render",
    "SH": "security headers",
    "SN": "error report scrubbing",
    "AL": "alert rules",
    "BK": "backup and restore",
    "ID": "identity and tenants",
    "ST": "containers and images",
    "KS": "Kubernetes manifests and rollout",
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


def scan(name: str, *evidence: object) -> tuple[Finding, ...]:
    """What the checks of a family, or one check, find in evidence of one's own; the heaviest first.

    Only checks whose kinds of evidence are all given are asked. Raises CatalogueError when there is none:
    nothing found must never mean that nothing looked.
    """
    given = {type(value): value for value in evidence}
    asked = [
        c
        for c in catalogue()
        if name in (c.id, c.family)
        and c.subject is not Subject.ENGINES  # those compare evidence of several engines
        and all(kind in given for kind in c.kinds)
    ]
    if not asked:
        kinds = ", ".join(kind.__name__ for kind in given)
        raise CatalogueError(
            f"no check of {name!r} judges {kinds or 'nothing'}; see saas-validate list checks"
        )
    found = [
        (check.severity.rank, finding) for check in asked for finding in check(*map(given.get, check.kinds))
    ]
    return tuple(finding for _, finding in sorted(found, key=lambda pair: (pair[0], pair[1].where)))
