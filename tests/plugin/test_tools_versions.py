"""What a program said is kept between runs where its file decides it, and believed only when it is whole."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_saas_validate.tools import versions
from pytest_saas_validate.tools.tool import ToolError

PROGRAM = b"\x7fELF\x02\x01\x01"
MACH = b"\xcf\xfa\xed\xfe\x0c"
SHIM = b'#!/usr/bin/env bash\nexec asdf exec promtool "$@"\n'
CONSOLE = b"#!/srv/environment/bin/python\nimport sys\n"
LONG = b"#!/bin/sh\n'''exec' /srv/environment/bin/python \"$0\" \"$@\"\n' '''\n"
Asks = Callable[[Path], int]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and an environment with one package."""
    (tmp_path / "packages" / "one-1.0.dist-info").mkdir(parents=True)
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "packages"))
    return tmp_path / "cache"


@pytest.fixture
def asks(cache: Path) -> Asks:
    """How often a program is asked by two runs."""

    def count(path: Path) -> int:
        asked: list[Path] = []
        for _ in range(2):
            assert versions.kept("promtool", path, lambda: asked.append(path) or "3.5.3") == "3.5.3"
        return len(asked)

    return count


def made(path: Path, content: bytes = PROGRAM) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [PROGRAM, MACH])
def test_a_program_is_asked_once(asks: Asks, tmp_path: Path, content: bytes) -> None:
    file = made(tmp_path / "bin" / "promtool", content)
    assert (asks(file), asks(file)) == (1, 0)


def test_another_program_in_its_place_is_asked_again(asks: Asks, tmp_path: Path) -> None:
    file = made(tmp_path / "bin" / "promtool")
    assert asks(file) == 1
    os.utime(file, (1, 1))
    assert asks(file) == 1
    made(file, PROGRAM + b"longer")
    os.utime(file, (1, 1))
    assert asks(file) == 1


def test_a_link_to_a_program_of_a_longer_name_is_one(asks: Asks, tmp_path: Path) -> None:
    made(tmp_path / "opt" / "promtool-3.5")
    (tmp_path / "promtool").symlink_to("opt/promtool-3.5")
    assert asks(tmp_path / "promtool") == 1


def test_a_program_that_many_names_lead_to_is_asked_by_each_run(asks: Asks, tmp_path: Path) -> None:
    """The name that it is called by, and files of its own, decide which program answers."""
    made(tmp_path / "bin" / "mise")
    (tmp_path / "promtool").symlink_to("bin/mise")
    assert asks(tmp_path / "promtool") == 2


@pytest.mark.parametrize("content", [SHIM, CONSOLE, b""])
def test_a_script_elsewhere_is_asked_by_each_run(asks: Asks, tmp_path: Path, content: bytes) -> None:
    assert asks(made(tmp_path / "shims" / "promtool", content)) == 2


@pytest.mark.parametrize("content", [CONSOLE, LONG])
def test_a_script_of_this_environment_is_asked_once_as_long_as_its_packages_stay(
    asks: Asks, tmp_path: Path, content: bytes
) -> None:
    file = made(tmp_path / "environment" / "bin" / "promtool", content)
    assert (asks(file), asks(file)) == (1, 0)
    packages = tmp_path / "packages"
    (packages / "one-1.0.dist-info").rename(packages / "one-1.1.dist-info")
    assert (asks(file), asks(file)) == (1, 0)


def test_a_script_in_this_environment_that_starts_no_package_is_asked_by_each_run(
    asks: Asks, tmp_path: Path
) -> None:
    assert asks(made(tmp_path / "environment" / "bin" / "promtool", SHIM)) == 2


def test_what_was_obtained_is_asked_once(asks: Asks, cache: Path) -> None:
    assert asks(made(cache / "tools" / "promtool.1234" / "bin" / "promtool", CONSOLE)) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"3.5",
        b'"3.5',
        b'"3.5; rm"',
        b'"3"',
        b"null",
        b"\xff",
        b"[" * 9999,
        b'"%s.1"' % (b"9" * 50),
    ],
)
def test_an_answer_that_is_not_whole_is_asked_anew(
    asks: Asks, cache: Path, tmp_path: Path, content: bytes
) -> None:
    file = made(tmp_path / "bin" / "promtool")
    assert asks(file) == 1
    (answer,) = (cache / "versions").iterdir()
    answer.write_bytes(content)
    assert (asks(file), asks(file)) == (1, 0)


def test_a_program_without_a_number_is_asked_once(cache: Path, tmp_path: Path) -> None:
    file = made(tmp_path / "bin" / "promtool")
    assert versions.kept("promtool", file, lambda: versions.UNKNOWN) == versions.UNKNOWN
    assert versions.kept("promtool", file, lambda: "3.5.3") == versions.UNKNOWN


def test_one_that_does_not_answer_leaves_nothing(asks: Asks, cache: Path, tmp_path: Path) -> None:
    def fail() -> str:
        raise ToolError("busy")

    file = made(tmp_path / "bin" / "promtool")
    with pytest.raises(ToolError):
        versions.kept("promtool", file, fail)
    assert not list((cache / "versions").iterdir())
    assert asks(file) == 1


def test_a_cache_that_cannot_be_written_costs_time_only(asks: Asks, cache: Path, tmp_path: Path) -> None:
    cache.write_text("in the way")
    assert asks(made(tmp_path / "bin" / "promtool")) == 2


def test_a_program_that_is_gone_is_asked(asks: Asks, tmp_path: Path) -> None:
    assert asks(tmp_path / "promtool") == 2
