"""Evidence about files: read, never run."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import (
    Documents,
    Fault,
    Locks,
    Parsed,
    Passwords,
    PythonModules,
    Rendered,
    Swallowed,
)
from pytest_saas_validate.evidence.render_ignore import Ignored
from pytest_saas_validate.evidence.render_locks import is_manifest
from pytest_saas_validate.evidence.render_passwords import passwords
from pytest_saas_validate.evidence.render_python import python_floor, read_python
from pytest_saas_validate.evidence.render_syntax import data_faults, parser_of
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.project import NOT_SOURCE, File, Project, digest_of
from pytest_saas_validate.tools import git

_NO = frozenset({"no", "n", "false", "off", "0"})
_PREFIXES = ("include_", "use_", "enable_")
_UNREAD = {".mako": "Mako templates"}


def _rendered(project: Project, features: Mapping[str, Feature]) -> Rendered:
    off = []
    names = [option for option, _ in project.combo.answers]
    others = {option: [name for name in names if name != option] for option in names}
    for option, answer in project.combo.answers:
        name = next((option.removeprefix(p) for p in _PREFIXES if option.startswith(p)), option)
        told = features.get(name)
        # Where another option has that very name, the word stands for its answer.
        if answer.lower() in _NO and name not in project.features and (told or name not in others[option]):
            off.append(told or Feature(name, name, (name,)))
    options = tuple(option for option, _ in project.combo.answers)
    made = Ignored(project.files)
    empty = sorted(folder for folder in _empty_folders(project.root) if not made.covers(folder))
    return Rendered(project.files, tuple(off), options, tuple(empty), project.root.name)


def _empty_folders(root: Path) -> Iterator[str]:
    """Folders of sources that hold no file, nor a folder that does."""
    seen: list[tuple[str, bool]] = []
    for folder, names, files in os.walk(root):
        entered = [name for name in names if name not in NOT_SOURCE]
        seen.append((folder, bool(files) or entered != names))
        names[:] = entered
    filled: set[str] = set()
    for folder, holds in reversed(seen):
        if holds or folder in filled:
            filled.add(str(Path(folder).parent))
        elif folder != str(root):
            yield Path(folder).relative_to(root).as_posix()


def _data_inputs(project: Project) -> Sequence[str]:
    """What a parser here reads, what no parser reads, and what tells the oldest Python."""
    return [
        name
        for name in project.files
        if parser_of(name) or name.endswith((*_UNREAD, "pyproject.toml", "ruff.toml"))
    ]


def _parsed(project: Project, features: Mapping[str, Feature]) -> Parsed:
    files = project.files
    charts = [posixpath.join(posixpath.dirname(n), "templates/") for n in files if n.endswith("Chart.yaml")]
    helm = {name for name in files if any(name.startswith(chart) for chart in charts)}
    unread = {what for suffix, what in _UNREAD.items() if any(name.endswith(suffix) for name in files)}
    unread |= {"Helm templates"} if helm else set()
    faults = data_faults({name: file for name, file in files.items() if name not in helm})
    return Parsed(tuple(faults), python_floor(files), tuple(sorted(unread)))


def _python_inputs(project: Project) -> Sequence[str]:
    return [name for name in project.files if name.endswith((".py", ".pyi"))]


def _python(project: Project, features: Mapping[str, Feature]) -> PythonModules:
    return read_python({name: project.files[name] for name in _python_inputs(project)})


def _passwords(project: Project, features: Mapping[str, Feature]) -> Passwords:
    return Passwords(tuple(dict.fromkeys(passwords(project.files))))


def _swallowed(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[Swallowed]:
    """What git says of every path, by the project's own .gitignore files only; raises Unavailable.

    Projects with equal rules are asked about together.
    """
    if not git.available():
        raise Unavailable("git is not here; install it")
    groups: dict[str, dict[str, File]] = {}
    rules = [digest_of(git.rules(project.files).items()) for project in projects]
    for project, rule in zip(projects, rules, strict=True):
        groups.setdefault(rule, {}).update(project.files)
    try:
        found = {rule: git.ignored(files) for rule, files in groups.items()}
    except git.GitError as problem:
        raise ProbeError(f"git did not ignore what was told to be ignored\n{problem}") from None
    return [
        Swallowed(
            tuple(
                Fault(path, f"is ignored by {by}: a commit leaves it out")
                for path, by in found[rule].items()
                if path in project.files
            )
        )
        for project, rule in zip(projects, rules, strict=True)
    ]


def _documents_inputs(project: Project) -> Sequence[str]:
    return [name for name in project.files if name.endswith((".md", ".markdown"))]


def _documents(project: Project, features: Mapping[str, Feature]) -> Documents:
    texts = {name: project.files[name].text or "" for name in _documents_inputs(project)}
    lines = {name: len(text.splitlines()) for name, text in texts.items()}
    return Documents(lines, project.spec.limits.document_lines)


def _locks(project: Project, features: Mapping[str, Feature]) -> Locks:
    backend = project.spec.backend
    named = (
        tuple(posixpath.normpath(posixpath.join(backend.path, x)) for x in backend.locks) if backend else ()
    )
    manifests = {n for n, f in project.files.items() if n.endswith(".in") and is_manifest(f.text or "")}
    texts = {
        name: file.text or ""
        for name, file in project.files.items()
        if name in named
        or (name.endswith((".txt", ".in")) and f"{name.rpartition('.')[0]}.in" in manifests)
        or posixpath.basename(name) in ("package.json", "package-lock.json")
    }
    return Locks(texts, named)


RENDERED = Probe(
    evidence=Rendered,
    subject=Subject.PROJECT,
    gather=_rendered,
    beyond=lambda root: tuple(sorted(_empty_folders(root))),
)
PARSED = Probe(evidence=Parsed, subject=Subject.PROJECT, gather=_parsed, inputs=_data_inputs)
PYTHON = Probe(evidence=PythonModules, subject=Subject.PROJECT, gather=_python, inputs=_python_inputs)
PASSWORDS = Probe(evidence=Passwords, subject=Subject.PROJECT, gather=_passwords)
SWALLOWED = Probe(
    evidence=Swallowed,
    subject=Subject.PROJECT,
    gather=lambda project, features: _swallowed([project], features)[0],
    together=_swallowed,
    seconds=0.1,
)
LOCKS = Probe(evidence=Locks, subject=Subject.PROJECT, gather=_locks)
DOCUMENTS = Probe(
    evidence=Documents,
    subject=Subject.PROJECT,
    gather=_documents,
    inputs=_documents_inputs,
    table=("limits",),
)
