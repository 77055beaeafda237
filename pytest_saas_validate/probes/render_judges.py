"""Public judges of files: each reads all files of its kind in one process, beside two samples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_calls import DOCKERFILE
from pytest_saas_validate.evidence.render_judged import ByHadolint, ByRuff, ByShellcheck
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.layers import Layers
from pytest_saas_validate.probes.render_scripts import shell_of
from pytest_saas_validate.process import run, scratch
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.tools import find, unsteered

_WIDTH = 200
Tree = Mapping[str, File]
Said = Iterable[tuple[str, int, str]]  # file as it was given, line (0: unknown), message


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A program, how it is asked, how its answer is read, and what proves it awake."""

    tool: str
    words: tuple[str, ...]
    read: Callable[[Any, Mapping[str, str]], Said]  # of its answer, and the texts by the names it was given
    good: str
    bad: str
    suffix: str  # of the samples
    beside: Mapping[str, str] = field(default_factory=dict)  # files that it is asked with, and not about

    def faults(self, trees: Sequence[Tree]) -> list[tuple[Fault, ...]]:
        """What it says of the files of each tree; equal files are read once.

        Raises Unavailable, or ProbeError when it does not tell its samples apart.
        """
        layers = Layers.of(trees)
        by_file: dict[str, list[Fault]] = {}
        for given, line, message in self._said(dict(layers.files())):
            fault = Fault(f"{given}:{line}" if line else given, _short(message))
            by_file.setdefault(given, []).append(fault)
        return [tuple(layers.faults(tree, by_file)) for tree in trees]

    def _said(self, files: Mapping[str, File]) -> Iterator[tuple[str, int, str]]:
        if not files:
            return
        tool = find(self.tool)
        if tool.path is None:
            raise Unavailable(tool.reason)
        good, bad = f"good{self.suffix}", f"bad{self.suffix}"
        texts = {name: file.text or "" for name, file in files.items()} | {good: self.good, bad: self.bad}
        with scratch(swift=True) as folder:
            for name, text in {**texts, **self.beside}.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            environment = unsteered(self.tool)
            answer = run([tool.path, *self.words, *texts], cwd=Path(folder), env=environment, timeout=120)
        try:
            said = list(self.read(json.loads(answer.text), texts))
        except (ValueError, KeyError, TypeError):
            raise ProbeError(f"{self.tool} did not answer\n{answer.explain()}") from None
        told = {Path(given).name for given, _, _ in said if given.count("/") == 0}
        if told != {bad}:
            raise ProbeError(f"{self.tool} does not tell a good file from a bad one\n{answer.explain()}")
        yield from (row for row in said if row[0] != bad)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _WIDTH else f"{plain[:_WIDTH]} ..."


# Of its errors those that are a matter of taste: an image is built all the same, and works.
_TASTE = {"DL3000", "DL3004", "DL3020", "DL4000"}


def _hadolint(said: Any, texts: Mapping[str, str]) -> Said:
    for row in said:
        if row["level"] == "error" and row["code"] not in _TASTE:
            yield row["file"], row["line"], f"{row['message']} ({row['code']})"


# It knows no experimental instructions, and 2.15 ends at a folder of one letter.
_NOT_FOR_HADOLINT = re.compile(r"\A#\s*syntax=\S+-labs|^\s*WORKDIR\s+[A-Za-z]\s*$", re.M)
HADOLINT = Judge(
    tool="hadolint",
    words=("--no-fail", "--format=json", "--config=no-settings.yaml"),
    read=_hadolint,
    good="FROM scratch\nCOPY one /srv/one\n",
    bad="FROM scratch\nRUN one\n    two\n",
    suffix=".Dockerfile",
    beside={"no-settings.yaml": "ignored: []\n"},  # else it reads those of the home
)
_NO_SHEBANG = 2148  # what others source needs none


def _shellcheck(said: Any, texts: Mapping[str, str]) -> Said:
    for row in said["comments"]:
        if row["level"] == "error" and row["code"] != _NO_SHEBANG:
            yield row["file"], row["line"], f"{row['message']} (SC{row['code']})"


SHELLCHECK = Judge(
    tool="shellcheck",
    words=("--norc", "--severity=error", "--format=json1"),
    read=_shellcheck,
    good="#!/bin/sh\necho one\n",
    bad='#!/bin/bash\nfor one in $@; do echo "$one"; done\n',
    suffix=".sh",
)
# Names that Python 2 had, that notebooks, documentation builders and translations put there, and
# placeholders that a program fills in.
_ELSEWHERE = re.compile(
    r"`(unicode|basestring|long|xrange|raw_input|unichr|reduce|cmp|file|execfile|reload|buffer|apply|_|"
    r"get_ipython|get_config|display|dbutils|spark|tags|ngettext|__[A-Z_]+__)`"
)
_MADE = re.compile(r"\bglobals\(\)|\bexec\(|^# Databricks notebook", re.M)


def _ruff(said: Any, texts: Mapping[str, str]) -> Said:
    """It names files in full; the longest name that it was given is meant."""
    for row in said:
        if str(row["code"]).startswith("F") and not _ELSEWHERE.search(row["message"]):
            given = max((name for name in texts if row["filename"].endswith(f"/{name}")), key=len)
            yield given, row["location"]["row"], f"{row['message']} ({row['code']})"


RUFF = Judge(
    tool="ruff",
    words=(
        "check",
        "--quiet",
        "--no-cache",
        "--no-fix",
        "--isolated",
        "--exit-zero",
        "--select=F63,F7,F82",
        "--output-format=json",
    ),
    read=_ruff,
    good="def one() -> int:\n    return 1\n",
    bad="def one() -> int:\n    return two\n",
    suffix=".py",
)


def _dockerfiles(project: Project) -> Sequence[str]:
    """Those that hadolint can read."""
    return [
        name
        for name, file in project.files.items()
        if DOCKERFILE.search(name) and file.text and not _NOT_FOR_HADOLINT.search(file.text)
    ]


def _scripts(project: Project) -> Sequence[str]:
    return [
        name for name, file in project.files.items() if file.text and shell_of(name, file) in ("sh", "bash")
    ]


def _python(project: Project) -> Sequence[str]:
    """All but those that make names as they run, and notebooks, which are given some."""
    return [
        name
        for name, file in project.files.items()
        if name.endswith(".py") and file.text and not _makes_names(file.text)
    ]


@lru_cache(4096)  # most files are the same in most combinations
def _makes_names(text: str) -> bool:
    return bool(_MADE.search(text))


def _probe(kind: Any, judge: Judge, inputs: Callable[[Project], Sequence[str]]) -> Probe:
    def together(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[Any]:
        trees = [{name: project.files[name] for name in inputs(project)} for project in projects]
        return [kind(faults) for faults in judge.faults(trees)]

    return Probe(
        evidence=kind,
        subject=Subject.PROJECT,
        gather=lambda project, features: together([project], features)[0],
        inputs=inputs,
        together=together,
        seconds=0.3,
    )


BY_HADOLINT = _probe(ByHadolint, HADOLINT, _dockerfiles)
BY_SHELLCHECK = _probe(ByShellcheck, SHELLCHECK, _scripts)
BY_RUFF = _probe(ByRuff, RUFF, _python)
