"""Evidence that took a program outlives the run, and a lost or broken shelf costs time only."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.evidence import Found, Missing
from pytest_saas_validate.plan import shelf as module
from pytest_saas_validate.plan.shelf import Shelf

ROOT = "{{cookiecutter.slug}}"
Run = Callable[..., Any]


def test_a_check_of_several_kinds_asks_only_for_what_changed(
    run: Run, template: Path, programs: list[str]
) -> None:
    """Secrets are looked for in code, in data, and in text, each by a scan of its own."""
    before, _ = run("TR006")
    scans = [words for words in programs if "gitleaks dir " in words]
    del programs[:]
    (template / ROOT / "app.py").write_text("print('changed')\n")
    after, _ = run("TR006")
    assert [v.outcome for v in before] == [v.outcome for v in after]
    assert (len(scans), len([words for words in programs if "gitleaks dir " in words])) == (2, 1)


def test_a_run_without_a_cache_keeps_nothing(run: Run, tmp_path: Path) -> None:
    run("TR006", kept=False)
    assert not (tmp_path / "cache" / "evidence").exists()
    run("TR006")
    assert list((tmp_path / "cache" / "evidence").iterdir())


def test_only_what_is_complete_is_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "evidence")
    assert shelf.outcome("key", lambda: Missing(reason="no tool")) == Missing(reason="no tool")
    assert not shelf.knows("key")
    assert shelf.outcome("key", lambda: Found(1)) == Found(1)
    assert shelf.outcome("key", lambda: Found(2)) == Found(1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x05K\x01.",
        pickle.dumps(Found("whole"))[:-9],
        b"cno_such_module\nThing\n.",
        b"cpytest_saas_validate.evidence\nNoSuchThing\n.",
        b"cbuiltins\nint\n(Vx\ntR.",
    ],
    ids=["empty", "text", "another type", "cut", "a module that is gone", "a name that is gone", "raises"],
)
def test_a_broken_one_is_made_again(tmp_path: Path, content: bytes) -> None:
    shelf = Shelf(tmp_path)
    shelf.outcome("key", lambda: Found(1))
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert shelf.outcome("key", lambda: Found(2)) == Found(2)
    assert shelf.outcome("key", lambda: Found(3)) == Found(2)


def test_other_code_knows_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path)
    shelf.outcome("key", lambda: Found(1))
    monkeypatch.setattr(module, "edition", lambda: "another")
    assert not shelf.knows("key")


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "evidence").touch()
    assert Shelf(tmp_path / "evidence").outcome("key", lambda: Found(1)) == Found(1)


def test_what_another_user_kept_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path)
    shelf.outcome("key", lambda: Found(1))
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(pickle, "load", lambda file: pytest.fail("it was read"))
    assert not shelf.knows("key")
    assert shelf.outcome("key", lambda: Found(2)) == Found(2)


def test_a_folder_of_another_user_costs_nothing(closed: Path) -> None:
    assert not Shelf(closed).knows("key")
    assert Shelf(closed).outcome("key", lambda: Found(1)) == Found(1)
