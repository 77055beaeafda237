"""What has to be baked, booted and probed, each once; and the verdicts that come of it."""

from pytest_saas_validate.plan.cases import Case, cases
from pytest_saas_validate.plan.plan import Plan

__all__ = ["Case", "Plan", "cases"]
