"""What the command says of this machine and of the cache, and what it removes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_saas_validate import doctor
from pytest_saas_validate.cli import main
from pytest_saas_validate.process import Workspace, once
from pytest_saas_validate.tools import wheels


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "doctor", lambda samples: [])
    return tmp_path / "cache"


def last_lines(capsys: pytest.CaptureFixture[str]) -> Sequence[str]:
    assert main(["doctor"]) == 0
    return capsys.readouterr().out.splitlines()[-2:]


def test_where_the_cache_is_how_large_and_what_of_it_ci_keeps(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, advice = last_lines(capsys)
    assert place.split() == ["cache", "0", "MB", str(cache)]
    assert "under the same path, without runs/ and locks/: " in advice
    workspace = Workspace.create()
    (cache / "tools").mkdir()
    (cache / "tools" / "large").write_bytes(b"x" * 2_600_000)
    place, advice = last_lines(capsys)
    assert place.split() == ["cache", "3", "MB", str(cache)]
    kept = advice.partition(" locks/: ")[2].partition(";")[0].split(", ")
    assert "tools 2.6 MB" in kept
    assert not {part.split()[0] for part in kept} & {"runs", "locks"}
    workspace.close()


def test_clean_takes_only_what_is_of_dead_runs_beside_a_living_one(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    living = Workspace.create()
    (cache / "versions").mkdir()
    once(cache / "versions", "key", lambda: 7)
    (cache / "locks" / "tools-x.lock").touch()
    assert main(["clean"]) == 0
    assert "stays, 1 runs use it; 0 dead runs ended; try again after them" in capsys.readouterr().out
    assert sorted(path.name for path in cache.iterdir()) == ["locks", "runs", "versions"]
    assert not list((cache / "locks").iterdir())
    living.close()
    assert main(["clean"]) == 0
    assert not cache.exists()


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("python_version < '3'", "no-such-thing has no wheel for this Python or this kind of machine"),
        ("python_version > '3'", "no-such-thing is not installed; pip install 'pytest-saas-validate[local]'"),
    ],
)
def test_a_package_that_is_not_offered_here_is_told_apart(
    marker: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        wheels, "requires", lambda name: [f"no-such-thing>=1; {marker} and extra == 'local'", "pytest"]
    )
    assert wheels.missing("no_such_thing", "no-such-thing") == told
    assert wheels.missing("pytest", "pytest") == ""
