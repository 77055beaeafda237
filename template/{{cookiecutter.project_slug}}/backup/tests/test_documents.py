"""The README says what the tool does."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from dbbackup.failure import MEANINGS, ExitCode
from tool import ROOT, Tool, refused

README = (ROOT / "backup" / "README.md").read_text(encoding="utf-8")


def test_every_exit_status_is_listed_as_it_is() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", README, re.MULTILINE)

    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


@pytest.mark.parametrize("script", ["db-backup.sh", "db-restore.sh"])
def test_the_help_of_the_scripts_lists_the_exit_statuses(tool: Tool, script: str) -> None:
    done = tool.run(script, "--help")

    assert done.returncode == 0
    assert not [meaning for meaning in MEANINGS.values() if meaning not in done.stdout]


def test_a_missing_package_is_named(tool: Tool) -> None:
    python = tool.scratch / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    tool.environment["PYTHON"] = str(python)

    refused(tool.run("db-backup.sh"), ExitCode.CLIENT, "the packages of backend/requirements/backup.txt")


def test_its_commands_run_as_written(tool: Tool) -> None:
    commands = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0]
    folder = tool.scratch / "python"
    folder.mkdir()
    (folder / "python").write_text('#!/bin/sh\nexec "$PYTHON" "$@"\n', encoding="utf-8")
    (folder / "python").chmod(0o755)
    environment = tool.environment | {
        "PATH": f"{folder}{os.pathsep}{tool.environment['PATH']}",
        "DUMP": str(tool.backup()),
    }

    done = subprocess.run(
        ["sh", "-eux", "-c", commands], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
