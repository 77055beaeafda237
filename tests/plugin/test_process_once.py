"""once(), locks and the cache: made one time, whatever dies, and nothing stays of who died."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_saas_validate.process import Cache, Workspace, forget_old, locked, once
from pytest_saas_validate.process.once import sweep, write_atomically

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


HOLDER = """
import os, sys, time
from pathlib import Path
from pytest_saas_validate.process import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(lock: Path, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_leaves_no_file(tmp_path):
    with locked(tmp_path / "a.lock"):
        assert (tmp_path / "a.lock").exists()
    assert once(tmp_path, "key", lambda: 7) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["key.pickle"]


def test_a_lock_whose_file_goes_is_still_held_by_one_at_a_time(tmp_path):
    code = f"""
import time
from pathlib import Path
from pytest_saas_validate.process import locked
folder = Path({str(tmp_path)!r})
for _ in range(50):
    with locked(folder / "a.lock"):
        (folder / "inside").touch(exist_ok=False)
        time.sleep(0.0005)
        (folder / "inside").unlink()
"""
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert not list(tmp_path.iterdir())


def test_what_killed_processes_left_is_swept_and_what_is_held_stays(tmp_path):
    dead = holder(tmp_path / "dead.lock", 60)
    dead.kill()
    dead.communicate()
    code = f"""
import os, signal
from pathlib import Path
from pytest_saas_validate.process.once import write_atomically
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path({str(tmp_path)!r}) / "half", b"content")
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    living = holder(tmp_path / "living.lock", 60)
    assert len(list(tmp_path.iterdir())) == 3
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["living.lock"]
    living.kill()
    living.communicate()


def test_the_next_run_sweeps_the_cache(tmp_path):
    Workspace.create(root=tmp_path).close()
    (tmp_path / "versions").mkdir()
    for path in (tmp_path / "versions" / "a.json.123.tmp", tmp_path / "locks" / "old.lock"):
        path.touch()
    (tmp_path / "versions" / "a.json").touch()
    Workspace.create(root=tmp_path).close()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.json"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    write_atomically(tmp_path / "a", b"first")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"first")]


def test_old_values_are_forgotten(tmp_path):
    for name in ("old", "new"):
        once(tmp_path, name, lambda: 7)
        (tmp_path / f"{name}.json").write_text("7")
    long_ago = time.time() - 100
    for name in ("old.pickle", "old.json"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    forget_old(tmp_path, 50)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.json", "new.pickle"]
