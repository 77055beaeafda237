"""The plugin's own tests on each Python, and on each pytest; `make matrix` runs this and prints a table."""

from __future__ import annotations

from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PYTESTS = ("8.4", "9.0", "9.1", "9.2")  # the first is the oldest that is supported, the last the newest
CELLS = [(PYTHONS[0], pytest) for pytest in PYTESTS] + [(python, PYTESTS[-1]) for python in PYTHONS[1:]]
SUITES = ("tests/plugin", "tests/checks", "tests/render")
_VERSIONS = "import platform, pytest; print(platform.python_version(), pytest.__version__)"


def result(python: str, pytest: str) -> Path:
    """Where the results of a cell go."""
    return Path("reports", "matrix", f"{python}-{pytest}.xml")


nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv"


@nox.session
@nox.parametrize("python,pytest", CELLS, ids=["-".join(cell) for cell in CELLS])
def tests(session: nox.Session, pytest: str) -> None:
    """One cell; words after -- go to pytest."""
    session.install("--editable", ".[all]", "--group", "dev", f"pytest=={pytest}.*")
    versions = str(session.run("python", "-c", _VERSIONS, silent=True)).strip()
    words = ["-n2", "-q", "-pno:cacheprovider", f"-ojunit_suite_name={versions}"]
    words += [f"--junitxml={result(str(session.python), pytest)}", *SUITES, *session.posargs]
    session.run("python", "-m", "pytest", *words)
