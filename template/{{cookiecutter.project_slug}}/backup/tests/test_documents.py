"""The README says what the tool does."""

from __future__ import annotations

import os
import re
import subprocess

from dbbackup.failure import MEANINGS
from tool import ROOT, Tool

README = (ROOT / "backup" / "README.md").read_text(encoding="utf-8")


def test_every_exit_status_is_listed_as_it_is() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", README, re.MULTILINE)

    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


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
