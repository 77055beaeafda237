"""Run the plugin's own tests on each Python and pytest of `noxfile.py`, and print a row for each.

A Python that is not on the PATH is unavailable, and with `--require`, or where CI is set, an error. Words
after -- go to pytest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from noxfile import CELLS, result

COLUMNS = ("python", "pytest", "passed", "failed", "skipped", "seconds", "")


def main() -> int:
    """Print the table; the exit code is 0 when every cell that was run is green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--require", action="store_true", help="a Python that is not here is an error")
    parser.add_argument("--only", default="", metavar="LIST", help="cells, or how they begin: 3.11-8.4,3.14")
    parser.add_argument("words", nargs="*", help="for pytest")
    args = parser.parse_args()
    chosen = [cell for cell in CELLS if "-".join(cell).startswith(tuple(args.only.split(",")))]
    result(*CELLS[0]).parent.mkdir(parents=True, exist_ok=True)
    for python, pytest in chosen:
        result(python, pytest).unlink(missing_ok=True)
    required = args.require or bool(os.environ.get("CI"))
    missing = "--error-on-missing-interpreters" if required else "--no-error-on-missing-interpreters"
    sessions = [f"tests({python}-{pytest})" for python, pytest in chosen]
    command = [sys.executable, "-m", "nox", "--session", *sessions, missing, "--", *args.words]
    code = subprocess.run(command, check=False).returncode
    rows = [COLUMNS, *(row(python, pytest) for python, pytest in chosen)]
    for line in rows:
        print("| " + " | ".join(f"{value:<7}" for value in line) + " |")
    return code


def row(python: str, pytest: str) -> tuple[str, ...]:
    """What came of one cell."""
    file = result(python, pytest)
    if not file.exists():
        return (python, pytest, "", "", "", "", "unavailable: not on the PATH, or not installable; see above")
    suite = next(ElementTree.parse(file).getroot().iter("testsuite"))
    count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    seconds = f"{float(suite.get('time', '0')):.0f}"
    versions = suite.get("name", "").split()
    return (*versions, str(passed), str(failed), str(count["skipped"]), seconds, "FAILED" if failed else "")


if __name__ == "__main__":
    sys.exit(main())
