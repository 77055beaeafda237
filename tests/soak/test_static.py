"""Static runs that are killed, or find no room on the disk, leave nothing and spoil no verdict."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.evidence import Found
from pytest_saas_validate.process.identity import descendants
from tests.soak.small import Place, ended, make_template, said, verdicts

SEED = int(os.environ.get("SAAS_SOAK_SEED", "20261127"))
KILLS = [
    (workers, target, number)
    for number in (signal.SIGTERM, signal.SIGKILL)
    for workers, target in itertools.product((0, 2), ("controller", "process group", "below"))
]
TURNS = 20
PLENTY = 1 << 28  # bytes
ROOM = (0.02, 0.2, 0.45, 0.7, 0.9)  # of what an undisturbed run takes

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)


@dataclass(frozen=True)
class Healthy:
    """What an undisturbed run with an empty cache says, keeps and takes."""

    verdicts: Mapping[tuple[str, str], Mapping[str, Any]]
    kept: frozenset[str]
    seconds: float


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def new(template: Path) -> Iterator[Callable[[], Place]]:
    """Makes places with an empty cache."""
    with contextlib.ExitStack() as folders:

        def make() -> Place:
            folder = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="saas-soak-")))
            folder.chmod(0o711)
            return furnished(template, folder)

        yield make


def furnished(template: Path, folder: Path) -> Place:
    place = Place(template, folder / "cache", folder / "temporary")
    place.cache.mkdir()
    place.temporary.mkdir()
    return place


@pytest.fixture(scope="module")
def healthy(new: Callable[[], Place], tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Healthy]:
    """By number of workers; both say the same."""
    found = {}
    for workers in (0, 2):
        place = new()
        began = time.monotonic()
        report = tmp_path_factory.mktemp("healthy") / "report.json"
        found[workers] = clean_run(place, workers, report, began)
    assert found[0].verdicts == found[2].verdicts
    assert {row["outcome"] for row in found[0].verdicts.values()} >= {"ok", "waived"}
    return found


def clean_run(place: Place, workers: int, report: Path, began: float) -> Healthy:
    code, words = place.run(workers, report)
    assert code == 0, words
    assert place.left() == [], words
    assert place.processes() == [], words
    return Healthy(verdicts(report), place.kept(), time.monotonic() - began)


def same_or_error(report: Path, healthy: Healthy, told: str) -> None:
    """A disturbed run may fail to judge; it may not judge otherwise."""
    for case, row in verdicts(report).items():
        if row["outcome"] != "error":
            assert row == healthy.verdicts[case], told


def same_cache(place: Place, healthy: Healthy, told: str) -> None:
    """Where a tool was killed before it told its version, evidence may lie under another name besides."""
    kept = place.kept()
    assert kept >= healthy.kept, told
    assert [name for name in kept - healthy.kept if not name.startswith("evidence/")] == [], told
    for path in (place.cache / "evidence").iterdir():
        assert isinstance(pickle.loads(path.read_bytes()), Found), told


def reached(
    new: Callable[[], Place], workers: int, report: Path, moment: float
) -> tuple[Place, subprocess.Popen[bytes]]:
    """A run that goes on after so many seconds; one that was faster than it should is not taken."""
    while True:
        place = new()
        run = place.start(workers, report)
        time.sleep(moment)
        if run.poll() is None:
            return place, run
        moment *= 0.7


def kill(run: subprocess.Popen[bytes], target: str, number: int, chance: random.Random) -> str:
    """Send the signal to the run, all of its group, or one process below it; returns what was hit."""
    if target == "process group":
        os.killpg(run.pid, number)
        return target
    pid = run.pid
    if target == "below":
        below: list[int] = []
        while not below and run.poll() is None:
            below = sorted(descendants({run.pid}) - {run.pid})
        if not below:
            return "nothing any more"
        pid = chance.choice(below)
    with contextlib.suppress(OSError):
        target = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[-60:]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return target


def test_a_killed_static_run_leaves_nothing_and_no_wrong_verdict(
    new: Callable[[], Place], healthy: Mapping[int, Healthy], tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    for turn in range(TURNS):
        workers, target, number = KILLS[turn % len(KILLS)]
        report, after = tmp_path / f"{turn}.json", tmp_path / f"{turn}-after.json"
        moment = chance.uniform(0.2, 0.95) * healthy[workers].seconds
        place, run = reached(new, workers, report, moment)
        hit = kill(run, target, number, chance)
        code = ended(run)
        told = (
            f"turn {turn}, seed {SEED}: -n {workers}, signal {number} after {moment:.2f} s to {target}: {hit}"
        )
        print(f"{told}: ended with {code}, {len(place.left())} things and {len(place.processes())} processes")
        same_or_error(report, healthy[workers], told)
        if code == 0:
            assert verdicts(report) == healthy[workers].verdicts, told
        assert "INTERNALERROR" not in said(report).read_text(), told

        code, words = place.run(workers, after)
        assert code == 0, f"{told}\n{words}"
        assert verdicts(after) == healthy[workers].verdicts, told
        assert place.left() == [], told
        assert place.processes() == [], told
        same_cache(place, healthy[workers], told)


@contextlib.contextmanager
def disk(folder: Path, size: int) -> Iterator[Callable[[int], None]]:
    """A file system of this many bytes; gives the way to another size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield lambda new: _run("mount", "-o", f"remount,size={new}", str(folder))
    finally:
        _run("umount", str(folder))


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


def taken(run: subprocess.Popen[bytes], folder: Path) -> int:
    """The most bytes that a file system held while a run went on."""
    most = 0
    while run.poll() is None:
        state = os.statvfs(folder)
        most = max(most, (state.f_blocks - state.f_bfree) * state.f_frsize)
        time.sleep(0.002)
    return most


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root can mount a small disk")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_full_disk_is_told_and_spoils_nothing(
    workers: int, template: Path, healthy: Mapping[int, Healthy], tmp_path: Path
) -> None:
    with disk(tmp_path / "large", PLENTY):
        run = furnished(template, tmp_path / "large").start(workers, tmp_path / "large.json")
        needed = taken(run, tmp_path / "large")
        assert ended(run) == 0
    for share in ROOM:
        folder, report, after = (tmp_path / f"{share}{end}" for end in ("", ".json", "-after.json"))
        size = max(int(needed * share) // 4096 * 4096, 4 * 4096)
        told = f"-n {workers}, {size} of {needed} bytes"
        print(told)
        with disk(folder, size) as resize:
            place = furnished(template, folder)
            code, words = place.run(workers, report)
            told += f"\n{words}"
            assert code == 3, told
            assert "no room is left on the disk" in words, told
            assert not re.search(r"Traceback|INTERNALERROR", words), told
            same_or_error(report, healthy[workers], told)

            resize(PLENTY)
            code, words = place.run(workers, after)
            assert code == 0, f"{told}\n{words}"
            assert verdicts(after) == healthy[workers].verdicts, told
            assert place.left() == [], told
            assert place.processes() == [], told
            same_cache(place, healthy[workers], told)
