"""Prove that a SaaS project template, and every project made of it, does what it claims.

The public names are imported when they are first used: pytest loads this package in every run, also where
nobody asks for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_saas_validate.checks import scan
    from pytest_saas_validate.combos import Combo
    from pytest_saas_validate.engines import Stack
    from pytest_saas_validate.findings import Check, Finding, Severity, Stage, Subject, check
    from pytest_saas_validate.project import Project
    from pytest_saas_validate.violations import Violations, assert_clean

_HOMES = {
    "Check": "findings",
    "Combo": "combos",
    "Finding": "findings",
    "Project": "project",
    "Severity": "findings",
    "Stack": "engines",
    "Stage": "findings",
    "Subject": "findings",
    "Violations": "violations",
    "assert_clean": "violations",
    "check": "findings",
    "scan": "checks",
}

__all__ = [
    "Check",
    "Combo",
    "Finding",
    "Project",
    "Severity",
    "Stack",
    "Stage",
    "Subject",
    "Violations",
    "assert_clean",
    "check",
    "scan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
