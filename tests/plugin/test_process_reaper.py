"""Nothing outlives its run: not after a killed worker, not after a killed controller."""

import errno
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from pytest_saas_validate.doctor import clean
from pytest_saas_validate.process import (
    Ledger,
    NoRoom,
    Workspace,
    WorkspaceError,
    reap_dead,
    run,
    scratch,
    spawn,
    temporary_files,
)
from pytest_saas_validate.process.identity import birth, carrying, here, is_stopped
from pytest_saas_validate.process.ledger import GONE
from pytest_saas_validate.process.reaper import _OUTSIDE
from pytest_saas_validate.process.runner import Run

LISTENER = "import socket,sys,time;s=socket.create_server(('127.0.0.1',int(sys.argv[1])));time.sleep(300)"
OWNER = """
import json, os, sys, time
from pathlib import Path
from pytest_saas_validate.process import Workspace, run, spawn
workspace = Workspace.create(root=Path(sys.argv[1]))
log = workspace.folder / "log"
deaf = ["sh", "-c", "trap '' TERM; sleep 300 & wait"]
sleeper = spawn(workspace.ledger, deaf, name="deaf", log=log)
listener = spawn(workspace.ledger, [sys.executable, "-c", *sys.argv[2:]], name="port", log=log)
outside = Path(sys.argv[1]) / "outside"
workspace.ledger.plan("folder", path=str(outside))
outside.mkdir()
print(json.dumps([str(workspace.folder), sleeper.pid, listener.pid]), flush=True)
run(["sleep", "300"], timeout=300)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(truth, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_the_next_run_ends_what_a_killed_owner_left(tmp_path):
    port = free_port()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), LISTENER, str(port)], stdout=subprocess.PIPE, text=True
    )
    folder, *pids = json.loads(owner.stdout.readline())
    run_id = Path(folder).name
    try:
        assert eventually(lambda: is_open(port))
        assert eventually(lambda: len(carrying(run_id)) == 4)  # two of `deaf`, `port`, the one in run()
    finally:
        owner.kill()
        owner.communicate()
    assert is_open(port)

    began = time.monotonic()
    workspace = Workspace.create(root=tmp_path)
    assert time.monotonic() - began < 12
    assert not carrying(run_id)
    assert not any(birth(pid) for pid in pids)
    assert not is_open(port)
    assert not (tmp_path / "outside").exists()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [workspace.run_id]
    workspace.close()
    assert not list((tmp_path / "runs").iterdir())


def test_the_controller_ends_what_a_killed_worker_left(tmp_path):
    workspace = Workspace.create(root=tmp_path)
    port = free_port()
    code = f"""
import os, signal, sys
from pathlib import Path
from pytest_saas_validate.process import Workspace, spawn
w = Workspace.attach(Path({str(workspace.folder)!r}))
spawn(w.ledger, [sys.executable, "-c", {LISTENER!r}, "{port}"], name="port", log=w.folder / "log")
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert eventually(lambda: is_open(port))
    reaped = workspace.close()
    assert "port" in reaped.processes
    assert not reaped.left
    assert not is_open(port)
    assert not workspace.folder.exists()


def test_the_next_run_also_ends_the_workers_of_a_killed_owner(tmp_path):
    """A worker may go on for a while without its controller, and start more."""
    worker = f"""
import os
from pathlib import Path
from pytest_saas_validate.process import Workspace, run
Workspace.open("0123456789abcdef", owner=os.getppid(), root=Path({str(tmp_path)!r}))
print(os.getpid(), flush=True)
while True:
    run(["sleep", "60"], timeout=0.002)  # mostly killed between the fork and the program
"""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {worker!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        pid = int(owner.stdout.readline())
        owner.kill()
        owner.wait()
        assert birth(pid)
        Workspace.create(root=tmp_path).close()
        assert not birth(pid)
        assert not carrying("0123456789abcdef")


def test_a_process_that_was_never_recorded_does_not_begin(tmp_path):
    """The starter dies between fork and record: the gate stays shut."""
    workspace = Workspace.create(root=tmp_path)
    note = tmp_path / "began"
    code = f"""
import os, signal
from pathlib import Path
from pytest_saas_validate.process import Ledger, Workspace, spawn
Ledger.add = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
w = Workspace.attach(Path({str(workspace.folder)!r}))
spawn(w.ledger, ["touch", {str(note)!r}], name="x", log=w.folder / "log")
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert eventually(lambda: not carrying(workspace.run_id))
    assert not note.exists()
    workspace.close()


def test_a_number_that_was_used_again_is_not_hit(tmp_path):
    workspace = Workspace.create(root=tmp_path)
    stranger = subprocess.Popen(["sleep", "300"])
    entry = workspace.ledger.plan("process", name="old", signal=15, program="sleep")
    workspace.ledger.add(entry, pid=stranger.pid, birth="12")
    try:
        assert workspace.close().processes == ()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_living_run_is_left_alone(tmp_path):
    first = Workspace.create(root=tmp_path)
    child = spawn(first.ledger, ["sleep", "300"], name="mine", log=first.folder / "log")
    second = Workspace.create(root=tmp_path)
    assert child.alive()
    assert first.folder.exists()
    second.close()
    assert child.alive()
    first.close()
    assert not child.alive()


def test_a_run_of_another_machine_is_left_alone_for_a_day(tmp_path):
    workspace = Workspace.create(root=tmp_path)
    facts = json.loads((workspace.folder / "owner.json").read_text())
    (workspace.folder / "owner.json").write_text(json.dumps({**facts, "here": "elsewhere", "birth": "1"}))
    assert reap_dead(tmp_path) == {}
    yesterday = time.time() - 2 * 86400
    os.utime(workspace.folder, (yesterday, yesterday))
    assert list(reap_dead(tmp_path)) == [workspace.run_id]


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"pid": 1, "bir',
        "[]",
        "{}",
        json.dumps({"pid": 1, "birth": "never"}),
        json.dumps({"pid": "1", "birth": "never", "here": here()}),
        json.dumps({"pid": 1, "birth": None, "here": here()}),
        "[" * 100_000,
    ],
    ids=["empty", "cut", "a list", "nothing", "nowhere", "a text for a number", "no birth", "too deep"],
)
def test_a_run_whose_owner_cannot_be_read_is_left_alone_for_a_day(tmp_path, monkeypatch, content):
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(tmp_path))
    damaged = Workspace.create()
    (damaged.folder / "owner.json").write_text(content)
    Workspace.create().close()
    assert damaged.folder.exists()
    assert "stays, 1 runs use it" in "".join(clean())
    yesterday = time.time() - 2 * 86400
    os.utime(damaged.folder, (yesterday, yesterday))
    assert "1 dead runs ended" in "".join(clean())
    assert not tmp_path.exists()


def test_a_folder_whose_maker_died_goes_at_once_and_one_that_is_being_made_stays(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
import pytest_saas_validate.process.workspace as workspace
workspace.write_atomically = lambda *words: os.kill(os.getpid(), signal.{{}})
workspace.Workspace.create(root=Path({str(tmp_path)!r}))
"""
    assert subprocess.run([sys.executable, "-c", code.format("SIGKILL")]).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "runs").iterdir())) == 1
    Workspace.create(root=tmp_path).close()
    assert not list((tmp_path / "runs").iterdir())
    with subprocess.Popen([sys.executable, "-c", code.format("SIGSTOP")]) as maker:
        assert eventually(lambda: is_stopped(maker.pid))
        looking = threading.Thread(target=lambda: Workspace.create(root=tmp_path).close())
        looking.start()
        looking.join(0.3)
        assert looking.is_alive()
        maker.kill()
        looking.join(20)
    assert not list((tmp_path / "runs").iterdir())


def test_a_run_that_ends_itself_is_left_to_that(tmp_path):
    """Its folder has the name already under which it is removed."""
    ending = Workspace.create(root=tmp_path)
    gone = ending.folder.rename(ending.folder.with_name(ending.run_id + GONE))
    Workspace.create(root=tmp_path).close()
    assert sorted(path.name for path in gone.iterdir()) == ["ledger.jsonl", "owner.json", "shared"]
    (gone / "owner.json").unlink()
    Workspace.create(root=tmp_path).close()
    assert not gone.exists()


def test_one_that_is_gone_before_it_is_reaped_is_no_problem(tmp_path, monkeypatch):
    dead = Workspace.create(root=tmp_path)
    (dead.folder / "owner.json").unlink()
    read = Ledger.open_entries

    def faster(ledger):
        shutil.rmtree(ledger.path.parent)
        return read(ledger)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "open_entries", faster)
        assert reap_dead(tmp_path) == {}
    assert not list((tmp_path / "runs").iterdir())


def test_folders_for_a_moment_go_with_a_killed_run(tmp_path):
    code = f"""
import os, signal, tempfile
from pathlib import Path
from pytest_saas_validate.process import Workspace, scratch, temporary_files
workspace = Workspace.create(root=Path({str(tmp_path)!r}))
with scratch() as one, temporary_files() as other:
    assert {{one.parent, other.parent}} == {{workspace.folder}}
    assert Path(tempfile.mkdtemp()).parent == other
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    Workspace.create(root=tmp_path).close()
    assert not list(tmp_path.rglob("saas-*"))


def test_a_folder_for_a_moment_lies_with_the_others_when_there_is_no_run(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch() as folder, temporary_files() as other:
        assert folder.parent == tmp_path
        assert tempfile.gettempdir() == str(other)
    assert tempfile.gettempdir() == str(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_begun_inside_of_another_gives_its_place_back(tmp_path):
    outer = Workspace.create(root=tmp_path / "outer")
    inner = Workspace.create(root=tmp_path / "inner")
    Workspace.attach(outer.folder)
    Workspace.attach(inner.folder)
    with scratch() as folder:
        assert folder.parent == inner.folder
    inner.close()
    with scratch() as folder:
        assert folder.parent == outer.folder
    assert run(["sh", "-c", "echo $SAAS_VALIDATE_RUN"]).text.strip() == outer.run_id
    outer.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_a_release_is_done_without(tmp_path, monkeypatch, number):
    workspace = Workspace.create(root=tmp_path)
    entry = workspace.ledger.plan("folder", path=str(tmp_path / "a"))

    def full(handle: int, content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match=os.strerror(number)):
            workspace.ledger.plan("folder", path=str(tmp_path / "b"))
        workspace.ledger.release(entry)
        with pytest.raises(NoRoom, match=r"no room is left on the disk \(.*SAAS_VALIDATE_CACHE and TMPDIR"):
            Workspace.open("another", owner=1, root=tmp_path)
    assert [entry["path"] for entry in workspace.ledger.open_entries()] == [str(tmp_path / "a")]
    workspace.close()


def test_a_line_is_written_whole_or_refused(tmp_path, monkeypatch):
    workspace = Workspace.create(root=tmp_path)
    plain = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: plain(handle, content[:7]))
    workspace.ledger.plan("folder", path=str(tmp_path / "a"))
    assert [entry["path"] for entry in workspace.ledger.open_entries()] == [str(tmp_path / "a")]
    workspace.close()


def test_nothing_begins_after_the_end(tmp_path):
    workspace = Workspace.create(root=tmp_path)
    workspace.close()
    with pytest.raises(FileNotFoundError):
        spawn(workspace.ledger, ["sleep", "300"], name="late", log=tmp_path / "log")
    assert not carrying(workspace.run_id)
    assert workspace.close().processes == ()


def test_a_child_is_ended_with_everything_below_it(tmp_path):
    workspace = Workspace.create(root=tmp_path)
    child = spawn(
        workspace.ledger,
        ["sh", "-c", "sleep 300 & echo token=secretvalue; wait"],
        name="tree",
        log=tmp_path / "log",
    )
    assert eventually(lambda: "token" in child.tail())
    assert "secretvalue" not in child.tail()
    assert len(carrying(workspace.run_id)) == 2
    child.stop()
    child.stop()
    assert not carrying(workspace.run_id)
    assert not workspace.ledger.open_entries()
    workspace.close()


def test_a_line_cut_by_death_does_not_hide_the_others(tmp_path):
    workspace = Workspace.create(root=tmp_path)
    first = workspace.ledger.plan("folder", path=str(tmp_path / "a"))
    with workspace.ledger.path.open("a") as file:
        file.write('{"id": "half')
    second = workspace.ledger.plan("folder", path=str(tmp_path / "b"))
    assert [entry["id"] for entry in workspace.ledger.open_entries()] == [first, second]
    workspace.close()


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "process", "name": "a", "signal": 15, "pid": 1},
        {"kind": "process", "pid": os.getppid(), "birth": birth(os.getppid())},
        {"kind": "process", "name": "a", "signal": 15, "pid": [1], "birth": "12"},
        {"kind": "worker", "pid": 1},
        {"kind": "worker", "birth": "12"},
        {"kind": "folder"},
        {"kind": "folder", "path": 7},
        {"kind": "kept"},
        {"kind": "docker", "label": "a"},
        {"kind": "namespace", "name": "a"},
        {"kind": "node-image", "image": "a", "nodes": None},
        {"kind": ["process"]},
        {"kind": "process", "id": ["x"]},
    ],
    ids=lambda facts: f"{facts['kind']} with {'+'.join(facts)}",
)
def test_a_line_that_does_not_tell_what_its_kind_needs_is_none(tmp_path, outside, facts):
    """The others still say what is to be removed; no run and no `clean` ends with it."""
    dead = Workspace.create(root=tmp_path / "cache")
    with dead.ledger.path.open("a") as file:
        file.write(json.dumps({"id": "damaged", **facts}) + "\n")
    (tmp_path / "a").mkdir()
    dead.ledger.plan("folder", path=str(tmp_path / "a"))
    dead.ledger.plan("thing", name="b")  # kept for a day
    (dead.folder / "owner.json").unlink()
    told = []
    Workspace.create(root=tmp_path / "cache", say=told.append).close()
    assert not (tmp_path / "a").exists()
    assert len(told) == 1
    outside.stuck = set()
    Workspace.create(root=tmp_path / "cache").close()
    assert not list((tmp_path / "cache" / "runs").iterdir())


def test_a_worker_may_come_before_its_controller(tmp_path):
    worker = Workspace.open("fedcba98765432100123", owner=os.getpid(), root=tmp_path)
    controller = Workspace.create("fedcba98765432100123", root=tmp_path)
    assert pickle.loads(pickle.dumps(worker)) == controller
    assert json.loads((worker.folder / "owner.json").read_text())["pid"] == os.getpid()
    controller.close()


@pytest.fixture
def outside(monkeypatch):
    """Things that lie elsewhere; what is in `stuck` cannot be removed. `tried` are the attempts."""

    class Outside:
        stuck, tried = {"b"}, []

        def remove(self, entry):
            self.tried.append(entry["name"])
            return [f"thing {entry['name']}: no answer"] if entry["name"] in self.stuck else []

    there = Outside()
    monkeypatch.setitem(_OUTSIDE, "thing", there.remove)
    return there


def test_what_cannot_be_removed_is_tried_again_and_told_until_it_is_gone(tmp_path, outside):
    dead = Workspace.create(root=tmp_path)
    for name in ("a", "b"):
        dead.ledger.plan("thing", name=name)
    dead.sub("stacks/secrets")
    reaped = dead.close()
    assert (reaped.left, reaped.again) == (("thing b: no answer",), True)
    (kept,) = (tmp_path / "runs").iterdir()
    assert [path.name for path in kept.iterdir()] == ["ledger.jsonl"]

    told = []
    Workspace.create(root=tmp_path, say=told.append).close()
    assert told == [
        f"run {dead.run_id} left what could not be removed; the next run tries again\n  thing b: no answer"
    ]
    outside.stuck = set()
    Workspace.create(root=tmp_path, say=told.append).close()
    assert outside.tried == ["a", "b", "b", "b"]
    assert len(told) == 1
    assert not list((tmp_path / "runs").iterdir())


def test_what_cannot_be_removed_is_given_up_after_a_day_and_that_is_told(tmp_path, outside):
    dead = Workspace.create(root=tmp_path)
    dead.ledger.plan("thing", name="b")
    dead.ledger.plan("kept", since=time.time() - 2 * 86400)
    reaped = dead.close()
    assert not reaped.again
    assert reaped.complaint("x") == (
        "run x left what could not be removed; nobody tries again: remove it by hand\n  thing b: no answer"
    )
    assert not list((tmp_path / "runs").iterdir())
    assert reap_dead(tmp_path) == {}


def test_clean_says_what_stays(tmp_path, outside, monkeypatch):
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(tmp_path))
    dead = Workspace.create()
    dead.ledger.plan("thing", name="b")
    dead.close()
    summary, complaint = clean()
    assert "1 dead runs ended" in summary
    assert "thing b: no answer" in complaint
    outside.stuck = set()
    assert len(list(clean())) == 1
    assert not tmp_path.exists()


def test_folders_can_be_entered_but_not_listed_by_others(tmp_path):
    workspace = Workspace.create(root=tmp_path / "cache")
    for path in (workspace.root, workspace.folder, workspace.sub("a/b"), workspace.shared):
        assert path.stat().st_mode & 0o777 == 0o711
    workspace.close()


def test_a_cache_that_cannot_be_used_says_how_to_choose_another(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="SAAS_VALIDATE_CACHE"):
        Workspace.create(root=tmp_path / "file")


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("times", [1, 2])
def test_sigterm_is_an_interruption_and_a_second_one_does_not_break_teardown(times, number):
    code = f"""
import os, signal
from pytest_saas_validate.process import terminate_as_interrupt
before = signal.SIG_DFL
signal.signal(signal.{number}, before)  # whoever began the tests may ignore it
with terminate_as_interrupt():
    try:
        os.kill(os.getpid(), signal.{number})
    except KeyboardInterrupt:
        if {times} == 2:
            os.kill(os.getpid(), signal.{number})
        print("torn down")
print(signal.getsignal(signal.{number}) == before)
"""
    assert run([sys.executable, "-c", code]).text == "torn down\nTrue\n"


def test_what_nohup_began_outlives_its_terminal():
    code = """
import os, signal
from pytest_saas_validate.process import terminate_as_interrupt
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with terminate_as_interrupt():
    os.kill(os.getpid(), signal.SIGHUP)
print("lives")
"""
    assert run([sys.executable, "-c", code]).text == "lives\n"


def test_a_result_pickles():
    result = run(["true"])
    assert isinstance(result, Run)
    assert pickle.loads(pickle.dumps(result)) == result
    assert signal.SIGTERM == 15
