"""A small template with something for every static judge to find, and runs of the command on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.tools import find

ROOT = Path(__file__).parent.parent.parent
_KEY = "\n".join("MIIEpAIBAAKCAQEA7bq3Zc1nV5tLw9RkXo2sJdHfYgQeUuT4vB6NmKpW8rCxEzSi" for _ in range(4))
_HOOK = """
import pathlib
import tempfile
with tempfile.NamedTemporaryFile("w", delete=False) as left:
    left.write("what a hook left")
pathlib.Path("made.txt").write_text("made by the hook\\n" * 50)
"""
_FILES: Mapping[str, str] = {
    "README.md": "# Small\n\nSee [the guide](docs/guide.md).\n"
    "{% if cookiecutter.include_maps == 'yes' %}It draws maps.\n{% endif %}",
    "NOTES.md": "It draws maps and sends mail.\n{% raw %}{{ cookiecutter.left }}{% endraw %}\n",
    "app/main.py": "import app.nothing\n\nNAME = '{{ cookiecutter.project_name }}'\n",
    "app/broken.py": "def broken(:\n",
    "broken.sh": "#!/bin/sh\nif true; then\n",
    "Makefile": "all:\n    echo spaces\n",
    "twice.yml": "a: 1\na: 2\n",
    "half.json": "{",
    "page.js": "const a = ;\n",
    "notes.txt": "A line of text that takes some room on the disk.\n" * 2000,
    "key.pem": f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{_KEY}\n-----END RSA PRIVATE {'KEY'}-----\n",
    ".gitignore": "notes.txt\n",
}
_ANSWERS = {
    "project_name": "Small",
    "project_slug": "small",
    "include_maps": ["yes", "no"],
    "include_mail": ["no", "yes"],
}


def make_template(folder: Path) -> Path:
    """Write the template, with waivers for all that is wrong with it: a run of it ends with 0.

    A finding that got lost shows as "ok" where it has to be "waived".
    """
    project = folder / "template" / "{{cookiecutter.project_slug}}"
    for path, text in _FILES.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    (project.parent / "cookiecutter.json").write_text(json.dumps(_ANSWERS))
    (project.parent / "hooks").mkdir()
    (project.parent / "hooks" / "post_gen_project.py").write_text(_HOOK)
    waivers = [
        f'{check.id} = {{ reason = "on purpose", until = 2999-01-01 }}\n'
        for check in catalogue()
        if check.family == "TR"
    ]
    table = '[tool.pytest-saas-validate]\ntemplate = "template"\n[tool.pytest-saas-validate.waivers]\n'
    (folder / "pyproject.toml").write_text(table + "".join(waivers))
    return folder


@dataclass(frozen=True)
class Place:
    """Where runs are, keep things, and put temporary files."""

    template: Path
    cache: Path
    temporary: Path

    def start(self, workers: int, report: Path) -> subprocess.Popen[bytes]:
        """Begin a run of all static checks; it leads a group of its own.

        What it says goes to a file: who reads a pipe to its end waits for the workers of a killed run too.
        """
        words = ["run", str(self.template), "--only", "TR", "--json", str(report), "--", "-n", str(workers)]
        gitleaks = find("gitleaks").path
        path = [str(gitleaks.parent)] if gitleaks else []
        with said(report).open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "pytest_saas_validate", *words],
                cwd=ROOT,
                env={
                    **os.environ,
                    "SAAS_VALIDATE_CACHE": str(self.cache),
                    "TMPDIR": str(self.temporary),
                    "PYTHONFAULTHANDLER": "1",
                    "PATH": os.pathsep.join([*path, os.environ["PATH"]]),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, workers: int, report: Path) -> tuple[int, str]:
        """A whole run: its exit code and what it said."""
        return ended(self.start(workers, report)), said(report).read_text()

    def left(self) -> Sequence[str]:
        """What is there that no finished run leaves: temporary trees, run folders, locks, half files.

        pytest's own folder is pytest's to age.
        """
        found = [path for path in self.temporary.iterdir() if not path.name.startswith("pytest-of-")]
        found += self.cache.glob("runs/*")
        return [str(path) for path in (*found, *_ending_in(self.cache, (".lock", ".tmp")))]

    def kept(self) -> frozenset[str]:
        """The files of the cache."""
        return frozenset(
            path.relative_to(self.cache).as_posix() for path in self.cache.rglob("*") if path.is_file()
        )

    def processes(self) -> Sequence[int]:
        """Whatever runs with this cache in its environment, whoever started it."""
        mark = f"SAAS_VALIDATE_CACHE={self.cache}".encode()
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _has(path, mark)]


def _ending_in(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Below a folder of which dying processes may still be removing parts."""
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in names if name.endswith(suffixes))


def ended(run: subprocess.Popen[bytes], seconds: float = 300.0) -> int:
    """Wait for a run; its exit code. One that hangs is made to say where."""
    try:
        return run.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGABRT)
        run.wait()
        raise


def said(report: Path) -> Path:
    """Where a run with this report leaves its words."""
    return report.with_suffix(".log")


def verdicts(report: Path) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Check and combination -> everything that the report says of it; empty when there is no report."""
    if not report.exists():
        return {}
    rows = json.loads(report.read_text())["verdicts"]
    return {(row["check"], row["combo"] or ""): row for row in rows}


def _has(environ: Path, mark: bytes) -> bool:
    try:
        return mark in environ.read_bytes().split(b"\0")
    except OSError:
        return False
