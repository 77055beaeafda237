"""run(): every way a program can end."""

import os
import sys
import time
from pathlib import Path

import pytest

from pytest_saas_validate.process import run


def test_output_and_code_are_kept():
    result = run([sys.executable, "-c", "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)"])
    assert (result.code, result.text, result.stderr, result.ok) == (3, "out\n", b"err", False)
    assert "exit code 3" in result.explain()
    assert "stderr: err" in result.explain()


def test_standard_input_of_any_size_arrives():
    assert run(["wc", "-c"], stdin=b"x" * 3_000_000).text.strip() == "3000000"


def test_a_program_that_is_not_there_is_127():
    result = run(["no-such-program-here"])
    assert result.code == 127
    assert "no-such-program-here" in result.explain()


def test_a_folder_that_is_not_there_is_said(tmp_path):
    assert "no such folder" in run(["true"], cwd=tmp_path / "gone").explain()


def test_the_time_limit_kills_the_whole_group(tmp_path):
    note = tmp_path / "pid"
    began = time.monotonic()
    result = run(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], timeout=0.5)
    assert result.code == 124
    assert "timeout" in result.explain()
    assert time.monotonic() - began < 5
    assert is_gone(int(note.read_text()))


def test_output_held_open_by_a_background_process_does_not_hang():
    began = time.monotonic()
    assert run(["sh", "-c", "sleep 60 & echo done"], timeout=30).text == "done\n"
    assert time.monotonic() - began < 5


def test_errors_are_scrubbed():
    assert "hunter22" not in run(["sh", "-c", "echo password=hunter22 >&2; exit 1"]).explain()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_it_runs_as_another_user():
    assert run(["id", "-un"], user="nobody").text.strip() == "nobody"
    assert run(["id", "-G"], user="nobody").text.split() == [run(["id", "-g"], user="nobody").text.strip()]


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False
