"""Hooks of a bake: in time, with an empty home, and with an eye on what they leave outside."""

from __future__ import annotations

import os
import re
import shutil
import site
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake.source import entries, leads_out, links, parts
from pytest_saas_validate.process import Killed, run, scratch
from pytest_saas_validate.process.forking import ForkServers
from pytest_saas_validate.process.network import cut_off
from pytest_saas_validate.process.runner import TIMED_OUT, Start
from pytest_saas_validate.project import Hooked
from pytest_saas_validate.spec import TABLE

# What a script may rely on wherever cookiecutter runs: the utilities of POSIX, and the interpreters of hooks.
_UTILITIES = re.findall(
    r"\S+",
    "[ awk basename bash bc cat chmod chown cksum cmp comm cp csplit cut dash date dd df diff dirname du "
    "echo ed env expand expr false file find fold getconf grep head hostname iconv id join kill link ln "
    "locale ls mkdir mkfifo mktemp mv nl nohup od paste patch pathchk pr printf ps pwd python python3 "
    "readlink realpath rm rmdir sed sh sleep sort split stat stty tail tee test touch tr true tsort tty "
    "uname unexpand uniq unlink wc which xargs",
)


@dataclass(frozen=True)
class Way:
    """How the hooks of a bake are run. What comes out must not depend on it."""

    times: int = 1  # how often those after the bake are run
    offline: bool = False  # without a network
    alone: bool = False  # without other programs than those that are everywhere

    @property
    def name(self) -> str:
        """One word for it."""
        return f"{self.times}{'-offline' * self.offline}{'-alone' * self.alone}"


class Runner:
    """Runs the hooks of one bake in its own home and temporary folder."""

    def __init__(self, seconds: float, way: Way, servers: ForkServers | None = None) -> None:
        self._seconds, self._way, self._servers = seconds, way, servers
        self._box = Path()
        self._before: frozenset[tuple[str, int, int]] = frozenset()
        self.name = ""  # of the hook that runs, or ran last
        self.output: list[str] = []
        self.ran: list[str] = []

    @contextmanager
    def watching(self, template: Path, into: Path) -> Iterator[None]:
        """Inside, cookiecutter runs hooks through this one; it is put back afterwards."""
        import cookiecutter.hooks as hooks

        plain, rendered = hooks.run_script, hooks.run_script_with_context
        with scratch() as self._box:
            if (template / "hooks").is_dir():
                self._before = frozenset(_outside(template, into))
            hooks.run_script = self._run
            hooks.run_script_with_context = self._named(rendered)
            try:
                yield
            finally:
                hooks.run_script, hooks.run_script_with_context = plain, rendered

    def seen(self, template: Path, into: Path, root: Path) -> Hooked:
        """What ran, and what it left outside of the project; to be asked inside of `watching`."""
        if not self.ran:
            return Hooked()
        own = root.resolve().relative_to(into.resolve()).parts[0]
        changed = {path for path, *_ in set(_outside(template, into)) - self._before}
        strays = sorted(_stray(path, template, into) for path in changed - {os.fspath(into / own)})
        home = self._box / "home"
        found = [path.relative_to(home).parts for path in sorted(home.rglob("*")) if not path.is_dir()]
        strays += [f"~/{'/'.join(parts[:2])}" for parts in found]
        strays += [
            f"{link.relative_to(root)} -> {link.readlink()}" for link in links(root) if leads_out(link, root)
        ]
        return Hooked(tuple(dict.fromkeys(self.ran)), tuple(strays))

    def _named(self, plain: Callable[..., None]) -> Callable[..., None]:
        def run_script_with_context(script_path: Any, cwd: Any, context: Any) -> None:
            self.name = Path(script_path).name
            plain(script_path, cwd, context)

        return run_script_with_context

    def _run(self, script: str, cwd: str | Path = ".") -> None:
        """What cookiecutter does to run a hook, with its output kept and a time limit."""
        from cookiecutter.utils import make_executable

        file = Path(script)
        # Where cookiecutter leaves what it rendered, with every answer in it.
        rendered = file.parent == Path(tempfile.gettempdir())
        self.name = self.name if rendered else file.name
        make_executable(script)
        argv = [*(cut_off() if self._way.offline else ()), *_interpreter(script), script]
        try:
            for _ in range(self._way.times if self.name.startswith("post_gen") else 1):
                self._once(argv, Path(cwd), self._start(argv) if rendered else None)
        finally:
            if rendered:
                file.unlink(missing_ok=True)

    def _start(self, argv: list[str]) -> Start | None:
        """By a fork where it makes no difference: a script that was rendered has nothing beside it."""
        is_plain = argv[0] == sys.executable and not self._way.alone
        return self._servers.begin if self._servers is not None and is_plain else None

    def _once(self, argv: list[str], cwd: Path, start: Start | None) -> None:
        from cookiecutter.exceptions import FailedHookException

        self.ran.append(f"hooks/{self.name}")
        result = run(argv, cwd=cwd, env=self._environment(), timeout=self._seconds, start=start)
        self.output.append(result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace"))
        if result.killed:
            raise Killed(f"hooks/{self.name} was ended from outside: {result.explain()}")
        if result.code == TIMED_OUT:
            raise FailedHookException(
                f"hooks/{self.name}: not done after {self._seconds:g} s and ended, with all that it started; "
                f"mend it, or raise hook_seconds in [tool.{TABLE}.limits]"
            )
        if not result.ok:
            raise FailedHookException(f"hooks/{self.name}: exit code {result.code}")

    def _environment(self) -> dict[str, str]:
        """That of this process, with a home and a temporary folder that hold nothing."""
        places = {"HOME": self._box / "home", "TMPDIR": self._box / "temporary"}
        if self._way.alone:
            places["PATH"] = self._box / "programs"
        for name, place in places.items():
            if not place.is_dir():
                place.mkdir()
                _fill(place, _UTILITIES if name == "PATH" else ())
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        packages = {"PYTHONUSERBASE": site.getuserbase()}  # they would be looked for in the home
        return {**packages, **kept, **{name: str(place) for name, place in places.items()}}


def _interpreter(script: str) -> tuple[str, ...]:
    return (sys.executable,) if script.endswith(".py") else ()


def _fill(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        place = shutil.which(name)
        if place:
            (folder / name).symlink_to(place)


def _outside(template: Path, into: Path) -> Iterator[tuple[str, int, int]]:
    """What lies beside the project and in the template, so that a change of it shows."""
    for entry in os.scandir(into):
        yield entry.path, 0, 0
    for part in parts(template):
        for entry in entries(part):
            if not entry.is_dir(follow_symlinks=False):
                facts = entry.stat(follow_symlinks=False)
                yield entry.path, facts.st_mtime_ns, facts.st_size


def _stray(path: str, template: Path, into: Path) -> str:
    """In words that are the same wherever a run keeps its bakes."""
    if Path(path).parent == into:
        return f"../{Path(path).name}"
    return f"the template's {os.path.relpath(path, template)}"
