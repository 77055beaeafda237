"""Prove that a SaaS project template, and every project made of it, does what it claims."""

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.findings import Check, Finding, Severity, Violations, assert_clean, check
from pytest_saas_validate.project import Project

__all__ = ["Check", "Combo", "Finding", "Project", "Severity", "Violations", "assert_clean", "check"]
