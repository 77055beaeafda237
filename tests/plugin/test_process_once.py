"""once() and the cache: made one time, whatever dies."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_saas_validate.process import Cache, Workspace, once

MAKER = """
import sys, time
from pathlib import Path
from pytest_saas_validate.process import once
folder = Path(sys.argv[1])
def make():
    with (folder / "made").open("a") as file:
        file.write("x")
    time.sleep(float(sys.argv[2]))
    return 42
print(once(folder, "the/key", make), flush=True)
"""


def maker(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", MAKER, str(folder), str(seconds)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def test_four_processes_make_it_once(tmp_path):
    processes = [maker(tmp_path, 0.3) for _ in range(4)]
    assert [process.communicate()[0] for process in processes] == ["42\n"] * 4
    assert (tmp_path / "made").read_text() == "x"


def test_a_killed_maker_frees_the_others(tmp_path):
    first = maker(tmp_path, 60)
    while not (tmp_path / "made").exists():
        pass
    second = maker(tmp_path, 0)
    first.send_signal(signal.SIGKILL)
    assert second.communicate(timeout=20)[0] == "42\n"
    first.communicate()


def test_a_failed_make_leaves_nothing(tmp_path):
    def fail() -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        once(tmp_path, "key", fail)
    assert once(tmp_path, "key", lambda: 7) == 7
    assert once(tmp_path, "key", fail) == 7


def test_the_cache_outlives_the_run(tmp_path):
    for _ in range(2):
        workspace = Workspace.create(root=tmp_path)
        folder = Cache(workspace, "things").get("k", lambda path: path.joinpath("x").write_text("y") and None)
        assert (folder / "x").read_text() == "y"
        workspace.close()
    assert len([path for path in (tmp_path / "things").iterdir() if not path.is_symlink()]) == 1


def test_a_build_that_is_killed_leaves_nothing_after_the_next_run(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from pytest_saas_validate.process import Cache, Workspace
def build(folder):
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
Cache(Workspace.create(root=Path({str(tmp_path)!r})), "things").get("k", build)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert list((tmp_path / "things").iterdir())
    Workspace.create(root=tmp_path).close()
    assert not list((tmp_path / "things").iterdir())


def test_a_failed_build_leaves_nothing(tmp_path):
    workspace = Workspace.create(root=tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Cache(workspace, "things").get("k", fail)
    assert not list((tmp_path / "things").iterdir())
    workspace.close()
