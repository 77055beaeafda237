"""What the suites on Docker share: the command as a user calls it, and what the engine of containers has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Holdings = Mapping[str, frozenset[str]]


@pytest.fixture(scope="session")
def validate() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in this repository and return how it ended and what it said."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest_saas_validate", *words],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def everything() -> Callable[[], Holdings]:
    """What the Docker engine holds, by id."""

    def listed(*words: str) -> frozenset[str]:
        ended = subprocess.run(["docker", *words, "--quiet"], capture_output=True, text=True, check=True)
        return frozenset(ended.stdout.split())

    return lambda: {
        "containers": listed("ps", "--all"),
        "volumes": listed("volume", "ls"),
        "networks": listed("network", "ls"),
        "images": listed("images", "--all"),
    }
