"""Evidence about scripts: the programs that will run them read them, without running anything."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import Fault, Scripts
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError
from pytest_saas_validate.probes.layers import Layers
from pytest_saas_validate.process import run, scratch
from pytest_saas_validate.process.runner import TIMED_OUT
from pytest_saas_validate.project import File, Project

_SHEBANG = re.compile(rb"#!\s*(?:\S*/env\s+(?:-S\s+)?)?(?:\S*/)?([\w.+-]+)")
_SHELLS = {"sh": "sh", "dash": "sh", "ash": "sh", "bash": "bash"}
_MAKEFILE = re.compile(r"(^|/)(GNUmakefile|[Mm]akefile)$")
_RUNS = re.compile(r"\$\(shell\b|!=|^\s*-?s?include\b", re.M)
_SAID = re.compile(r"^(.+?):\s*(?:line )?(\d+):\s*(.*)$")
_READ_ALL = """
for file do
  out=$("$SHELL_TO_USE" -n -- "$file" 2>&1)
  printf "%s\\n@@ %s %s\\n" "$out" "$?" "$file"
done
"""
_BAD_SHELL, _BAD_MAKE = "if true; then\n", "all:\n    echo spaces\n"
_SIGNALLED = 128  # a shell adds it to the number of the signal that ended a program
_NO_TARGET = "saas-validate-no-such-target"


def shell_of(name: str, file: File) -> str:
    """Which shell reads a script: by its first line, else by its name; empty for what is none."""
    first = _SHEBANG.match(file.content)
    if first:
        word = first.group(1).decode()
        return _SHELLS.get(word, word if word.endswith("sh") else "")
    return {".sh": "sh", ".bash": "bash"}.get(posixpath.splitext(name)[1], "")


def _is_script(name: str, file: File) -> bool:
    return bool(shell_of(name, file) or _MAKEFILE.search(name))


def _inputs(project: Project) -> Sequence[str]:
    return [name for name, file in project.files.items() if _is_script(name, file)]


def _scripts(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[Scripts]:
    """Each distinct script is read once."""
    trees = [{name: project.files[name] for name in _inputs(project)} for project in projects]
    layers = Layers.of(trees)
    with scratch(swift=True) as folder:
        layers.write(folder)
        faults, unread = _read(dict(layers.files()), folder)
    return [
        Scripts(
            tuple(layers.faults(tree, faults)),
            tuple(f"{name} ({unread[laid]})" for laid, name in layers.names(tree).items() if laid in unread),
        )
        for tree in trees
    ]


def read_scripts(files: Mapping[str, File], root: Path) -> Scripts:
    """What the interpreters say of these files below `root`.

    Raises ProbeError when one is asleep or is ended, and when somebody removes a file meanwhile.
    """
    faults, unread = _read(files, root)
    every = tuple(fault for name in faults for fault in faults[name])
    return Scripts(every, tuple(f"{name} ({why})" for name, why in unread.items()))


def _read(files: Mapping[str, File], root: Path) -> tuple[dict[str, list[Fault]], dict[str, str]]:
    """The faults of each file, and of each that nobody could read the reason.

    A file that is gone would be refused like a broken one.
    """
    faults, unread = _said(files, root)
    for name in faults:
        if not (root / name).is_file():
            raise ProbeError(f"{root / name} was removed while it was read; run again")
    return faults, unread


def _said(files: Mapping[str, File], root: Path) -> tuple[dict[str, list[Fault]], dict[str, str]]:
    by_shell: dict[str, list[str]] = {}
    for name, file in files.items():
        shell = shell_of(name, file)
        if shell:
            by_shell.setdefault(shell, []).append(name)
    faults: dict[str, list[Fault]] = {}
    unread: dict[str, str] = {}
    for shell, names in sorted(by_shell.items()):
        if shell in _SHELLS.values() and shutil.which(shell):
            faults |= _shell(shell, names, root)
        else:
            unread |= dict.fromkeys(names, f"{shell} is not here")
    makefiles = [name for name in files if _MAKEFILE.search(name)]
    make = shutil.which("make")
    if not make:
        return faults, unread | dict.fromkeys(makefiles, "make is not here")
    runs = [name for name in makefiles if _RUNS.search(files[name].text or "")]
    unread |= dict.fromkeys(runs, "make would run a program to read it")
    readable = [name for name in makefiles if name not in runs]
    if readable:
        faults |= _makefiles(make, readable, root)
    return faults, unread


def _shell(shell: str, names: Sequence[str], root: Path) -> dict[str, list[Fault]]:
    with scratch() as folder:
        sample = folder / "sample.sh"
        sample.write_text(_BAD_SHELL, encoding="utf-8")
        words = ["sh", "-c", _READ_ALL, "sh", *(f"./{name}" for name in names), str(sample)]
        result = run(words, cwd=root, env={**os.environ, "SHELL_TO_USE": shell, "LC_ALL": "C"})
    said: list[str] = []
    judged: dict[str, list[Fault]] = {}
    for line in result.text.splitlines():
        end = re.match(r"@@ (\d+) (.*)$", line)
        if end is None:
            said.append(line)
            continue
        name = end.group(2).removeprefix("./")
        if int(end.group(1)) > _SIGNALLED:
            raise ProbeError(f"{shell} was ended before it had read {name}")
        judged[name] = list(_faults(name, said, failed=end.group(1) != "0"))
        said = []
    if not judged.get(str(sample)) or len(judged) != len(names) + 1:
        raise ProbeError(f"{shell} -n found nothing in a broken script\n{result.explain()}")
    return {name: judged[name] for name in names}


def _faults(name: str, said: Iterable[str], *, failed: bool) -> Iterator[Fault]:
    lines = [line for line in said if line.strip()]
    placed = [match for match in map(_SAID.match, lines) if match]
    for match in placed:
        yield Fault(f"{name}:{match.group(2)}", match.group(3))
    if failed and not placed:
        yield Fault(name, " ".join(lines) or "is refused without a word")


def _makefiles(make: str, names: Sequence[str], root: Path) -> dict[str, list[Fault]]:
    with scratch() as folder:
        sample = folder / "Makefile"
        sample.write_text(_BAD_MAKE, encoding="utf-8")
        if not list(_makefile(make, sample, "Makefile")):
            raise ProbeError("make found nothing in a broken Makefile")
    return {name: list(_makefile(make, root / name, name)) for name in names}


def _makefile(make: str, path: Path, name: str) -> Iterator[Fault]:
    """Ask for a target that does not exist: everything is read, and nothing is made."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    words = [make, "-n", "-r", "-R", "-f", path.name, _NO_TARGET]
    result = run(words, cwd=path.parent, env={**plain, "LC_ALL": "C"})
    if result.killed or result.code == TIMED_OUT:
        raise ProbeError(f"make did not read {name}\n{result.explain()}")
    said = result.stderr.decode(errors="replace")
    understood = result.ok or _NO_TARGET in said  # a rule for any name makes that target too
    yield from _faults(name, said.splitlines(), failed=not understood)


SCRIPTS = Probe(
    evidence=Scripts,
    subject=Subject.PROJECT,
    gather=lambda project, features: _scripts([project], features)[0],
    inputs=_inputs,
    together=_scripts,
    seconds=0.2,
)
