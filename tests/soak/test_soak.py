"""Runs that are killed at random moments leave nothing behind once the next run has begun."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_saas_validate.process import Ledger
from pytest_saas_validate.process.identity import birth, carrying, descendants

ROOT = Path(__file__).parent.parent.parent
RUNS = 10
EARLIEST, LATEST = 5.0, 60.0  # seconds until the kill: from the first bake to the last probe
SEED = int(os.environ.get("SAAS_SOAK_SEED", "20261124"))
KILLS = [
    (target, number)
    for number in (signal.SIGTERM, signal.SIGKILL)
    for target in ("controller", "worker", "process group")
]


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """A cache of its own, open for the user that PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="saas-soak-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def start(cache: Path) -> subprocess.Popen[bytes]:
    words = [
        "-m",
        "pytest",
        "--pyargs",
        "pytest_saas_validate.battery",
        "-q",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
    ]
    words += ["--saas-only=SH,ID,TR001", "--saas-combos=all"]
    environment = {**os.environ, "SAAS_VALIDATE_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def next_run(cache: Path) -> None:
    words = ["-m", "pytest_saas_validate", "run", "template", "--only", "TR001", "--combos", "bare"]
    environment = {**os.environ, "SAAS_VALIDATE_CACHE": str(cache)}
    subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120
    )


def kill(run: subprocess.Popen[bytes], target: str, number: int, chance: random.Random) -> None:
    """Send the signal; a run whose worker died goes on and is waited for."""
    if target == "process group":
        os.killpg(run.pid, number)
    elif target == "controller":
        os.kill(run.pid, number)
    else:
        workers = [pid for pid in descendants({run.pid}) if b"execnet" in command_line(pid)]
        if workers:
            os.kill(chance.choice(sorted(workers)), number)
    try:
        run.wait(timeout=240)
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()
        raise


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def entries(cache: Path) -> list[dict[str, object]]:
    """Everything that any run below this cache wrote into its ledger."""
    found: list[dict[str, object]] = []
    for file in cache.glob("runs/*/ledger.jsonl"):
        found += [dict(entry) for entry in Ledger(file).open_entries()]
    return found


def alive(entry: dict[str, object]) -> bool:
    pid = entry.get("pid")
    return isinstance(pid, int) and bool(birth(pid)) and birth(pid) == entry.get("birth")


def listening(ids: list[str]) -> set[int]:
    """Ports that the processes of these runs listen on."""
    import psutil

    found: set[int] = set()
    for pid in {pid for id_ in ids for pid in carrying(id_)}:
        with contextlib.suppress(psutil.Error):
            connections = psutil.Process(pid).net_connections(kind="tcp")
            found |= {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
    return found


def answering(ports: set[int]) -> list[int]:
    found = []
    for port in sorted(ports):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(port)
    return found


def stays(entry: dict[str, object]) -> bool:
    """A folder that is there still, though not as a finished part of the cache."""
    path = Path(str(entry.get("path", "/nowhere")))
    link = entry.get("unless_linked")
    published = bool(link) and Path(str(link)).resolve() == path.resolve()
    return entry.get("kind") == "folder" and path.exists() and not published


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_run_leaves_nothing(cache: Path) -> None:
    chance = random.Random(SEED)
    users = {user.pw_name for user in pwd.getpwall()}
    next_run(cache)
    for turn in range(RUNS):
        target, number = KILLS[turn % len(KILLS)]
        run = start(cache)
        moment = chance.uniform(EARLIEST, LATEST)
        time.sleep(moment)
        ids = [folder.name for folder in cache.glob("runs/*")]
        known, ports = entries(cache), listening(ids)
        kill(run, target, number, chance)
        known += entries(cache)
        next_run(cache)
        told = f"turn {turn}, seed {SEED}: {target}, signal {number} after {moment:.1f} s"
        print(f"{told}: {len(known)} ledger entries, {len(ports)} ports")
        assert [entry for entry in known if alive(entry)] == [], told
        assert [pid for id_ in ids for pid in carrying(id_)] == [], told
        assert answering(ports) == [], told
        assert [entry["path"] for entry in known if stays(entry)] == [], told
        assert list(cache.glob("runs/*")) == [], told
        assert {user.pw_name for user in pwd.getpwall()} == users, told
        places = [Path(tempfile.gettempdir()), Path("/dev/shm")]
        left = [path for place in places if place.is_dir() for path in place.iterdir()]
        assert [path for path in left if any(id_ in path.name for id_ in ids)] == [], told
