"""From combinations to jobs: each distinct thing once, the longest first, and as few programs as can be."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.cli import main
from pytest_saas_validate.plan.jobs import Crew, Job, Scope
from pytest_saas_validate.process import run as run_program
from pytest_saas_validate.process.identity import birth

Run = Callable[..., Any]


def test_equal_files_are_one_job(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "jobs", str(template), "--only", "TR", "--json"]) == 0
    jobs = json.loads(capsys.readouterr().out)
    by_evidence = {name: [job for job in jobs if job["evidence"] == name] for name in ("Scripts", "Rendered")}
    (scripts,) = by_evidence["Scripts"]
    assert scripts["scope"] == Scope.CONTENT
    assert len(scripts["combos"]) == 4
    assert [job["combos"] for job in by_evidence["Rendered"]] == [[c] for c in sorted(scripts["combos"])]
    (python,) = (job for job in jobs if job["evidence"] == "PythonModules" and "bare" in job["combos"])
    assert python["scope"] == Scope.SUBTREE
    assert python["combos"] == ["bare"], "the other combinations have more modules"
    assert [job["seconds"] for job in jobs] == sorted((job["seconds"] for job in jobs), reverse=True)


def test_a_person_can_read_them(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "jobs", str(template), "--only", "TR001,TR005"]) == 0
    assert capsys.readouterr().out == (
        "5 cases of 4 combinations: 5 jobs (1 template, 4 tree)\n"
        "  1 template  Rebaked: TR005; for template\n"
        "  4 tree      Rendered: TR001; for bare | jobs | jobs+mail | mail\n"
    )


def test_a_template_that_does_not_render_is_told(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (template / "{{cookiecutter.slug}}" / "broken.txt").write_text("{{ cookiecutter.nobody }}\n")
    assert main(["list", "jobs", str(template), "--only", "TR001"]) == 3
    assert "nobody" in capsys.readouterr().err


def test_each_program_is_started_once_for_all_combinations(run: Run, programs: list[str]) -> None:
    """Two for the shells' own sample and all scripts; git makes a folder and is asked."""
    run("TR002,TR017", kept=False)
    assert sorted(words.split()[0] for words in programs if "node" not in words) == ["git", "git", "sh"]
    assert len([words for words in programs if "node" in words]) <= 1


def job(name: str, work: Callable[[], object]) -> Job:
    return Job(id=name, scope=Scope.CONTENT, evidence="", combos=(), checks=(), seconds=1.0, work=work)


def test_a_crew_does_each_once_and_tells_what_broke() -> None:
    done: list[str] = []
    jobs = [job("one", lambda: done.append("one")), job("two", lambda: done.append("two"))]
    cheap = replace(jobs[0], id="cheap", seconds=0.0)
    with Crew() as crew:
        crew.begin([*jobs, *jobs, cheap, replace(jobs[0], id="tree", scope=Scope.TREE)], Scope.CONTENT)
    assert sorted(done) == ["one", "two"]

    def breaks() -> None:
        raise RuntimeError("told when the crew is left")

    with pytest.raises(RuntimeError, match="told when"), Crew() as crew:
        crew.begin([job("three", breaks)], Scope.CONTENT)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell's background process ignores what Ctrl-C sends."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("while_it", ["works", "waits"])
def test_nobody_waits_for_a_program_after_an_interruption(tmp_path: Path, while_it: str) -> None:
    """It is ended, none is begun after it, and nothing is made of what it said."""
    concluded: list[str] = []

    def work() -> None:
        run_program(["sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 50"])
        concluded.append("from a program that was ended")

    def begin_and_interrupt() -> None:
        with Crew() as crew:
            crew.begin([job("one", work)], Scope.CONTENT)
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                time.sleep(0.01)
            if while_it == "works":
                raise KeyboardInterrupt
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        begin_and_interrupt()
    assert time.monotonic() - began < 5
    assert not birth(int((tmp_path / "pid").read_text()))
    assert concluded == []
    assert run_program(["true"]).ok, "what is torn down afterwards needs programs"
