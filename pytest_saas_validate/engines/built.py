"""The images that a run builds: announced once, named by what they are made of, and removed when it ends."""

from __future__ import annotations

from pytest_saas_validate.process import Workspace, once
from pytest_saas_validate.process.docker import RUN_LABEL, announce

_REPOSITORY = "pytest-saas-validate"


def announced(workspace: Workspace) -> str:
    """The ledger's line of this run's images, written before the first of them exists."""
    return once(workspace.shared, "images", lambda: announce(workspace.ledger, RUN_LABEL, workspace.run_id))


def tag(workspace: Workspace, digest: str) -> str:
    """The name of an image of this run."""
    return f"{_REPOSITORY}:{workspace.run_id}-{digest[:16]}"
