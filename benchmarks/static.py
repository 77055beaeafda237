"""What judging files alone costs, as ratios of medians in one run: whole processes against plain bakes.

B is the time of 16 plain `cookiecutter()` calls for the same combinations, in one warm process, into memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from switches import make

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.process import cache_root, memory

TEMPLATE = Path(__file__).parent.parent / "template"
PROJECT = ",".join(check.id for check in catalogue() if check.subject is Subject.PROJECT)
STATIC = ",".join(c.id for c in catalogue() if c.subject in (Subject.PROJECT, Subject.TEMPLATE))
PLAIN = """
import sys, time
from pathlib import Path
from cookiecutter.main import cookiecutter
from pytest_saas_validate.settings import Switches, read_settings
template, out = sys.argv[1:]
combos = read_settings(Path(template), Switches(path=template)).combos
begun = time.perf_counter()
for combo in combos:
    cookiecutter(template, no_input=True, extra_context=combo.mapping, output_dir=f"{out}/{combo.id}")
print(time.perf_counter() - begun)
"""


class Bench:
    """Runs in a cache of their own, which has the tools of the real one."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cache = home / "cache"
        self.cache.mkdir()
        (self.cache / "tools").symlink_to(cache_root() / "tools")
        own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.env = {**own, "SAAS_VALIDATE_CACHE": str(self.cache)}
        self.template = home / "here" / "template"
        shutil.copytree(TEMPLATE, self.template)
        shutil.copy(TEMPLATE.parent / "pyproject.toml", self.template.parent)
        self.peak = 0

    def plain(self) -> float:
        """Seconds of 16 plain bakes."""
        out = self.home / "plain"
        words = [sys.executable, "-c", PLAIN, str(self.template), str(out)]
        seconds = float(subprocess.check_output(words, text=True, stderr=subprocess.DEVNULL, env=self.env))
        shutil.rmtree(out)
        return seconds

    def run(
        self, template: Path, only: str, *words: str, combos: str = "all", rest: tuple[str, ...] = ()
    ) -> float:
        """Seconds of a whole run, which must be clean of errors."""
        argv = [sys.executable, "-m", "pytest_saas_validate", "run", str(template), "--only", only]
        begun = time.perf_counter()
        with (self.home / "output").open("wb") as said:
            process = subprocess.Popen(
                [*argv, "--combos", combos, *words, "--", *rest], env=self.env, stdout=said, stderr=said
            )
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit((self.home / "output").read_text())
        self.peak = max(self.peak, usage.ru_maxrss)
        return seconds

    def cold(self, template: Path, only: str, **how: object) -> float:
        """The same with nothing known."""
        for known in ("judged", "evidence"):
            shutil.rmtree(self.cache / known, ignore_errors=True)
        return self.run(template, only, **how)  # type: ignore[arg-type]

    def changed(self) -> float:
        """Seconds after one file of the template got another line."""
        page = next(self.template.glob("*/README.md"))
        page.write_text(page.read_text() + "\nOne more line.\n")
        return self.run(self.template, STATIC)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        bench = Bench(Path(name))
        few, more, many = (make(Path(name) / f"of-{n}", n) for n in (4, 6, 10))
        cases: dict[str, Callable[[], float]] = {
            "16 plain bakes (B)": bench.plain,
            "render and per-project checks, cold": lambda: bench.cold(bench.template, PROJECT),
            "render and all static checks, cold": lambda: bench.cold(bench.template, STATIC),
            "the same, nothing changed": lambda: bench.run(bench.template, STATIC),
            "the same, one file changed": bench.changed,
            "the same, cold, -n 2": lambda: bench.cold(bench.template, STATIC, rest=("-n", "2")),
            "4 switches, 16 combinations": lambda: bench.cold(few, STATIC),
            "6 switches, 64 combinations": lambda: bench.cold(more, STATIC),
            "10 switches of 1,024, sampled": lambda: bench.cold(many, STATIC, combos="sampled"),
        }
        taken: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(rounds):
            for case, measure in cases.items():
                taken[case].append(measure())
        base = statistics.median(taken["16 plain bakes (B)"])
        for case, seconds in taken.items():
            median = statistics.median(seconds)
            print(f"{case:<40} {median:7.2f} s  {median / base:5.2f} B")
        print(f"peak memory of one process: {bench.peak / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
