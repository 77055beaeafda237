"""The file of what is known: whole, or not there; never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.findings import Finding, Row
from pytest_saas_validate.judging import Judged
from pytest_saas_validate.plan import judgements as module
from pytest_saas_validate.plan.judgements import Judgements

ONE = Judged(
    findings=(Finding(where="a.py:1", message="is bad", remedy="drop it", check="TR001", source="a:2"),),
    unreached=("b.mako",),
    rows=(Row(name="200: x-frame-options", values={"local": "DENY"}),),
)


def test_what_is_written_is_read_whole(tmp_path: Path) -> None:
    many = {f"key {number}": ONE for number in range(1200)}
    Judgements(tmp_path).write({**many, "clean": Judged()})
    found = Judgements(tmp_path).read([*many, "clean", "unknown"])
    assert found == {**many, "clean": Judged()}


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    assert Judgements(tmp_path / "none").read(["key"]) == {}
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_none_is_told_and_replaced(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "judged.sqlite3").write_bytes(b"no database" * 1000)
    kept = Judgements(tmp_path, said.append)
    assert kept.read(["key"]) == {}
    assert "not a database" in said[0]
    kept.write({"key": ONE})
    assert kept.read(["key"]) == {"key": ONE}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "file").write_text("in the way")
    Judgements(tmp_path / "file", said.append).write({"key": ONE})
    assert len(said) == 1


def test_what_nobody_made_anew_for_two_weeks_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Judgements(tmp_path)
    kept.write({"old": ONE})
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 15 * 24 * 3600)
    kept.write({"new": ONE})
    assert kept.read(["old", "new"]) == {"new": ONE}
