"""Where a finding is, as a file of the repository: what editors and code scanning can open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from pytest_saas_validate.bake.provenance import named
from pytest_saas_validate.findings import Finding
from pytest_saas_validate.report import Report

_STAND_INS = ("cookiecutter.json", "pyproject.toml", "README.md")


@dataclass(frozen=True, order=True)
class Place:
    """A file below the repository's root, and a line of it; 0 is all of it.

    `name` is the finding's own place where that is no file ("GET /nope"): the file only stands in for it.
    """

    file: str
    line: int = 0
    name: str = ""

    @property
    def uri(self) -> str:
        """The file as a relative reference: a template's braces are not allowed in one."""
        return quote(self.file, safe="/")


def place(finding: Finding, report: Report, *, of_render: bool) -> Place:
    """The file and line to open: in the template where a render shows it, in the project otherwise."""
    path, line = _traced(finding.source)
    if not finding.source and not of_render:
        path, line = named(finding.where)
    if _is_file(report, path):
        return Place(_below(report, path), line)
    there = (name for name in _STAND_INS if _is_file(report, name))
    return Place(_below(report, next(there, _STAND_INS[not report.is_template])), name=finding.where)


def _traced(source: str) -> tuple[str, int]:
    """The parts of a place in a template, whose names may hold spaces and colons."""
    path, _, line = source.rpartition(":")
    return (path, int(line)) if line.isdecimal() else (source, 0)


def _is_file(report: Report, path: str) -> bool:
    """Whether it is one below the folder that was judged; a place that is none can hold anything."""
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts:
        return False
    try:
        return (report.folder / path).is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a character that none may have
        return False


def _below(report: Report, path: str) -> str:
    return (report.folder / path).relative_to(report.root).as_posix()
