"""The file of what is known: whole, or not there; never in the way."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
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


def ask(folder: Path, *words: str | Sequence[object]) -> None:
    """Do something to the file that the plugin would not."""
    with sqlite3.connect(folder / "judged.sqlite3") as db:
        db.execute(*words)
    db.close()


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


@pytest.mark.parametrize(
    "columns",
    ["key TEXT", "key TEXT, value TEXT, other REAL", "key TEXT, value TEXT, made REAL, other TEXT NOT NULL"],
)
def test_one_of_another_shape_is_told_once_and_begun_anew(tmp_path: Path, columns: str) -> None:
    said: list[str] = []
    ask(tmp_path, f"CREATE TABLE judged ({columns})")
    kept = Judgements(tmp_path, said.append)
    assert kept.read(["key"]) == {}
    kept.write({"key": ONE})
    assert kept.read(["key"]) == {"key": ONE}
    assert len(said) == 1
    assert "is begun anew: " in said[0]


def test_what_lies_beside_a_broken_one_goes_with_it(tmp_path: Path) -> None:
    for name in ("judged.sqlite3", "judged.sqlite3-journal"):
        (tmp_path / name).write_bytes(b"no database" * 1000)
    Judgements(tmp_path).write({"key": ONE})
    assert [path.name for path in tmp_path.iterdir()] == ["judged.sqlite3"]
    assert Judgements(tmp_path).read(["key"]) == {"key": ONE}


WHOLE = {"findings": [], "unreached": [], "rows": []}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[" * 100_000,
        "7",
        "[]",
        "{}",
        json.dumps({**WHOLE, "findings": 1}),
        json.dumps({**WHOLE, "findings": [{"where": 1, "message": "is bad"}]}),
        json.dumps({**WHOLE, "findings": [{"where": "a", "message": "is bad", "other": "b"}]}),
        json.dumps({**WHOLE, "unreached": "b.mako"}),
        json.dumps({**WHOLE, "unreached": [None]}),
        json.dumps({**WHOLE, "rows": [{"name": "a", "values": "b"}]}),
        json.dumps({**WHOLE, "rows": [{"name": "a", "values": {"local": 1}}]}),
        b"\xff",
        7,
    ],
)
def test_a_row_that_was_not_written_here_is_unknown(tmp_path: Path, value: object) -> None:
    said: list[str] = []
    kept = Judgements(tmp_path, said.append)
    kept.write({"good": ONE, "bad": ONE})
    ask(tmp_path, "UPDATE judged SET value = ? WHERE key = 'bad'", (value,))
    assert kept.read(["good", "bad"]) == {"good": ONE}
    kept.write({"bad": ONE})
    assert kept.read(["good", "bad"]) == {"good": ONE, "bad": ONE}
    assert said == []


def test_a_locked_one_costs_a_second_once(tmp_path: Path) -> None:
    said: list[str] = []
    Judgements(tmp_path).write({"key": ONE})
    kept = Judgements(tmp_path, said.append)
    other = sqlite3.connect(tmp_path / "judged.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    for _ in range(5):
        assert kept.read(["key"]) == {}
        kept.write({"other": ONE})
    assert time.monotonic() - began < 3
    other.close()
    assert kept.read(["key"]) == {}
    (told,) = said
    assert "is not used in this run: database is locked" in told
    assert Judgements(tmp_path).read(["key"]) == {"key": ONE}


def test_one_of_another_user_is_told_once(closed: Path) -> None:
    said: list[str] = []
    kept = Judgements(closed, said.append)
    assert kept.read(["key"]) == {}
    kept.write({"key": ONE})
    (told,) = said
    assert "is not used in this run: " in told


def test_a_broken_one_that_cannot_be_removed_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another user's, in a folder that everybody may write to."""

    def refuse(path: Path, **named: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    said: list[str] = []
    (tmp_path / "judged.sqlite3").write_bytes(b"no database" * 1000)
    kept = Judgements(tmp_path, said.append)
    assert kept.read(["key"]) == {}
    kept.write({"key": ONE})
    (told,) = said
    assert "is not used in this run: file is not a database" in told


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
