"""Programs of others that judge: which there are, where they lie, and how to get them."""

from pytest_saas_validate.tools.awake import awake
from pytest_saas_validate.tools.brief import brief
from pytest_saas_validate.tools.catalogue import TOOLS
from pytest_saas_validate.tools.doctor import Row, doctor
from pytest_saas_validate.tools.finding import FoundTool, find
from pytest_saas_validate.tools.kustomize import Kustomize
from pytest_saas_validate.tools.obtaining import obtain
from pytest_saas_validate.tools.tool import Sample, Tool, ToolError
from pytest_saas_validate.tools.unsteered import unsteered

__all__ = [
    "TOOLS",
    "FoundTool",
    "Kustomize",
    "Row",
    "Sample",
    "Tool",
    "ToolError",
    "awake",
    "brief",
    "doctor",
    "find",
    "obtain",
    "unsteered",
]
