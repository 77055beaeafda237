"""Repository-level: pytester for the plugin's own tests, and the switches of the suites that take long."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement, Requirement

pytest_plugins = ["pytester"]

_LONG = {
    "line": "judge the template in every way and compare the verdicts (minutes)",
    "soak": "kill whole runs at random moments (minutes)",
    "foreign": "judge templates of others that packages hold, and compare with a person's verdicts (minutes)",
    "e2e": "judge the template in its own containers; needs Docker (a quarter of an hour)",
    "renders": "run every command of the README of each render (an hour)",
}


@pytest.fixture(autouse=True)
def no_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Child runs must not add theirs to the summary of the step that runs these tests."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def pytest_configure() -> None:
    """Use all of packaging once: Python 3.15 loads parts of it at their first use, and a run within a run
    takes with it what it has loaded, so that the rest would know other classes.
    """
    for text in ("a[b]>=1; python_version > '3'", "a b", "@a", "a>b"):
        with contextlib.suppress(InvalidRequirement):
            Requirement(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One switch for each suite that a plain run leaves out."""
    group = parser.getgroup("this repository")
    for name, help_ in _LONG.items():
        group.addoption(f"--{name}", action="store_true", help=help_)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a long suite out unless it was asked for."""
    name = collection_path.name.split("_")[0]
    if name in _LONG and collection_path.parent.name == "tests" and _is_left_out(config, name):
        return True
    return None


def _is_left_out(config: pytest.Config, name: str) -> bool:
    """Where the battery is run from elsewhere, pytest before 9 reads this file too late for an option."""
    return not config.getoption(f"--{name}", default=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what this run left out."""
    for name, help_ in _LONG.items():
        if _is_left_out(config, name):
            terminalreporter.write_line(f"not exercised: make {name}: {help_}")
