"""Templates of others that lie inside packages: which there are, where they are kept, how they are judged.

`python -m tests.foreign.packages` obtains them: a folder of the cache for each package, 60 MB in all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.process.workspace import cache_root

_LIST = Path(__file__).with_name("packages.toml")
_INSTALL = ["--quiet", "--no-deps", "--no-compile", "--ignore-requires-python"]
_COMMAND = [sys.executable, "-m", "pytest_saas_validate"]


@dataclass(frozen=True)
class Template:
    """One template, and the switches that the command judges it with."""

    package: str
    version: str
    path: str
    switches: tuple[str, ...]
    imports: tuple[str, ...] | None  # None: its hooks import nothing of the package that it lies in
    broken: str = ""  # what a run must say of one that does not render here

    @property
    def id(self) -> str:
        """Short and clear."""
        return f"{self.package}/{self.path.removeprefix(self.package.replace('-', '_')).strip('/')}"

    @property
    def home(self) -> Path:
        """The folder of its package."""
        return cache_root() / "foreign" / f"{self.package}-{self.version}"

    @property
    def folder(self) -> Path:
        """The folder that holds its cookiecutter.json."""
        return self.home / self.path

    @property
    def environment(self) -> Mapping[str, str]:
        """What its hooks need; they may import what lies beside them, and must not leave anything there."""
        path = [str(self.home)] if self.imports is not None else []
        path += [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
        return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, verb: str, *words: str) -> list[str]:
        """The command that judges it; `words` come last, so they win over its own switches."""
        return [*_COMMAND, verb, str(self.folder), "--only=TR", *self.switches, *words]


def templates() -> tuple[Template, ...]:
    """Those that render, in the order of the list."""
    return tuple(template for template in _all() if not template.broken)


def broken() -> tuple[Template, ...]:
    """Those that do not."""
    return tuple(template for template in _all() if template.broken)


def _all() -> Iterator[Template]:
    for package, told in tomllib.loads(_LIST.read_text(encoding="utf-8")).items():
        imports = tuple(told["imports"]) if "imports" in told else None
        for path, switches in told.get("templates", {}).items():
            yield Template(package, told["version"], path, tuple(switches), imports)
        for path, words in told.get("broken", {}).items():
            yield Template(package, told["version"], path, (), imports, words)


def missing() -> str:
    """Why these templates cannot be judged here; empty when they can."""
    gone = sorted({one.package for one in _all() if not one.folder.is_dir()})
    return f"{', '.join(gone)}: not here; python -m tests.foreign.packages obtains them" if gone else ""


def verdicts(template: Template, *words: str) -> Sequence[Mapping[str, Any]]:
    """What a run says of it, as the JSON report has it; raises RuntimeError when there was no run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "verdicts.json"
        command = template.command("run", *words, f"--json={report}")
        ended = subprocess.run(command, env=template.environment, capture_output=True, text=True, check=False)
        if not report.is_file():
            raise RuntimeError(f"{template.id}: no report\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        found: Sequence[Mapping[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["verdicts"]
        return found


def obtain() -> Iterator[str]:
    """Install every package that is not here, alone, without looking at what it was made for."""
    homes = {one.home: one for one in _all() if not one.folder.is_dir()}
    for home, one in homes.items():
        wanted = [f"{one.package}=={one.version}", *(one.imports or ())]
        yield f"{home}: {' '.join(wanted)}"
        words = [*_INSTALL, "--target", str(home), *wanted]
        subprocess.run([sys.executable, "-m", "pip", "install", *words], check=True)


if __name__ == "__main__":
    for said in obtain():
        print(said)
