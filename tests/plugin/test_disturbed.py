"""A full disk, or a program that is killed, is told in a sentence and judges nothing.

`make soak` fills a real disk and kills real runs.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_saas_validate import cli
from pytest_saas_validate.bake import Oven
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.process import NoRoom, disturbed, is_full, no_room, scratch, tells_full

memory = importlib.import_module("pytest_saas_validate.process.memory")  # its function hides it
FULL = os.strerror(errno.ENOSPC)
TABLE = '[tool.pytest-saas-validate]\ntemplate = "template"\n'


@pytest.fixture
def template(pytester: pytest.Pytester) -> Path:
    """A template that is clean."""
    pytester.makefile(".toml", pyproject=TABLE)
    folder = pytester.mkdir("template")
    (folder / "cookiecutter.json").write_text(json.dumps({"slug": "tiny", "name": "Tiny"}))
    (folder / "{{cookiecutter.slug}}").mkdir()
    (folder / "{{cookiecutter.slug}}" / "README.md").write_text("{{cookiecutter.name}}.\n")
    (folder / "hooks").mkdir()
    return folder


def hook(template: Path, code: str) -> None:
    (template / "hooks" / "post_gen_project.py").write_text(code)


def command(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.run(sys.executable, "-m", "pytest_saas_validate", "run", ".", *words)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_full_disk_in_a_hook_is_no_refusal_and_ends_with_3(
    template: Path, pytester: pytest.Pytester, workers: str
) -> None:
    """Of the first bake on, and of one that is made to see whether an answer is refused."""
    for condition in ("True", "'{{cookiecutter.name}}' != 'Tiny'"):
        hook(template, f"if {condition}:\n    raise SystemExit('name: {FULL}')\n")
        report = pytester.path / "report.json"
        result = command(pytester, "--only", "TR001,TR009", "--json", str(report), "--", "-n", workers)
        assert result.ret == 3
        result.stdout.fnmatch_lines(["*ERROR in *", "  no room is left on the disk (*): make room there*"])
        outcomes = {row["check"]: row["outcome"] for row in json.loads(report.read_text())["verdicts"]}
        assert outcomes["TR009"] == "error"
        if condition == "True":
            assert outcomes["TR001"] == "error"


def test_a_hook_that_somebody_ends_is_an_error_and_no_refusal(
    template: Path, pytester: pytest.Pytester
) -> None:
    """Of the first bake, and of one that is made to see whether an answer is refused."""
    for condition in ("True", "'{{cookiecutter.name}}' != 'Tiny'"):
        hook(template, f"import os\nif {condition}:\n    os.kill(os.getpid(), 9)\n")
        report = pytester.path / "report.json"
        result = command(pytester, "--only", "TR001,TR009", "--json", str(report))
        assert result.ret == 3
        result.stdout.fnmatch_lines(
            ["*ERROR in *", "*hooks/post_gen_project.py was ended from outside: *: signal 9 after *"]
        )
        outcomes = {row["check"]: row["outcome"] for row in json.loads(report.read_text())["verdicts"]}
        assert outcomes == {"TR009": "error", "TR001": "error" if condition == "True" else "ok"}


def test_a_full_cache_is_told_by_every_process(template: Path, pytester: pytest.Pytester) -> None:
    """The worker that would make the run's folder, and the controller that would remove it."""
    pytester.makepyfile(
        full="""
        import errno, os
        from pytest_saas_validate.process import workspace
        def full(*words):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "owner.json")
        workspace.write_atomically = full
        """
    )
    for workers in ("0", "2"):
        result = command(pytester, "--only", "TR001", "--", "-n", workers, "-p", "full")
        assert result.ret == 3
        assert "Traceback" not in result.stdout.str() + result.stderr.str()
        result.stdout.fnmatch_lines(["*no room is left on the disk*owner.json*SAAS_VALIDATE_CACHE*"])


def test_a_report_that_cannot_be_written_is_one_sentence(template: Path, pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("file").touch()
    result = command(pytester, "--only", "TR001", "--json", "file/report.json")
    assert result.ret == 3
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    result.stderr.fnmatch_lines(["*a report cannot be written: *file*"])


def test_what_is_behind_an_exception_is_seen() -> None:
    assert not is_full(OSError(errno.EACCES, "no"))
    assert not tells_full("left on device")
    for number in (errno.ENOSPC, errno.EDQUOT):
        assert tells_full(f"cp: error: {os.strerror(number)}")
        made = ValueError("made of it")
        made.__cause__ = KeyError("in between")
        made.__cause__.__context__ = OSError(number, os.strerror(number), "a/file")
        assert is_full(made)
        told = no_room(made)
    assert str(told).startswith("no room is left on the disk (made of it): ")
    assert no_room(told) is told
    assert isinstance(told, NoRoom)


def test_a_full_memory_is_told_as_such_where_it_is_the_one_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder for the cache is no remedy for it."""
    for module in (memory, disturbed):
        monkeypatch.setattr(module, "MEMORY", tmp_path)
    monkeypatch.setattr(memory, "_ROOM", 0)

    def told(place: Path, *names: str) -> str:
        named = (names[0], None, names[1]) if names else ()
        return str(no_room(OSError(errno.ENOSPC, FULL, *named), place))

    inside, outside = str(tmp_path / "saas-run" / "a"), "/cache/a"
    assert told(Path(outside), outside, inside).startswith(f"no room is left in {tmp_path} (")
    assert "--shm-size" in told(Path(outside), outside, inside)
    assert "on the disk" in told(Path(inside), inside, outside)
    assert "on the disk" in told(Path(inside)), "nobody says where, and there is room in memory"
    monkeypatch.setattr(memory, "_ROOM", 1 << 60)
    assert f"in {tmp_path}" in told(Path(inside))
    with pytest.raises(NoRoom, match="no room is left"), scratch():
        raise OSError(errno.ENOSPC, FULL)


def test_what_cookiecutter_and_hooks_leave_in_temporary_folders_is_removed(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "note"
    hook(template, f"import pathlib, tempfile\npathlib.Path({str(note)!r}).write_text(tempfile.mkdtemp())\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    Oven(template=template, home=tmp_path / "home").bake(
        Combo(id="default", answers=(), features=frozenset()), tmp_path / "out"
    )
    assert Path(note.read_text()).is_relative_to(tmp_path / "temporary")
    assert not list((tmp_path / "temporary").iterdir())


def test_an_interruption_at_the_very_end_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*words: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_doctor", interrupted)
    assert cli.main(["doctor"]) == 3
    assert capsys.readouterr().err == "saas-validate: interrupted; the next run removes what is left\n"
