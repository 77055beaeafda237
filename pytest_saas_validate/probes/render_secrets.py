"""Evidence about secrets in a render, by gitleaks."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import Fault, SecretsInCode, SecretsInData, SecretsInText
from pytest_saas_validate.evidence.render_calls import read
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.layers import Layers
from pytest_saas_validate.process import run, scratch
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.tools import brief, find, unsteered

T = TypeVar("T", SecretsInCode, SecretsInData, SecretsInText)
_SAMPLE = "saas-validate-sample.pem"
_CONFIG = ".gitleaks.toml"
_OWN_WORDS = frozenset({_CONFIG, ".gitleaksignore"})  # speak of paths of their own project
_HASH = re.compile(rb"--hash=sha256:[0-9a-f]{64}")  # most of a lock, and slow to read
# A scan takes a second for each megabyte, and these change with few switches: each is read by itself.
_CODE = frozenset({".py", ".sh", ".sql", ".js", ".mjs", ".ts", ".css", ".html", ".mako"})
_DATA = frozenset({".txt", ".json", ".lock", ".svg"})


def fake_key() -> str:
    """A private key that opens nothing, put together here so that no scanner finds it in this file."""
    kind = "RSA PRIVATE " + "KEY"
    body = "\n".join("MIIEpAIBAAKCAQEA7bq3Zc1nV5tLw9RkXo2sJdHfYgQeUuT4vB6NmKpW8rCxEzSi" for _ in range(4))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"


def _paths(project: Project, kind: type) -> list[str]:
    """Files of one kind, and what configures gitleaks for all of them."""
    own = {*_OWN_WORDS, *_extended(project.files)}
    return [name for name in project.files if name in own or _kind(name) is kind]


def _extended(files: Mapping[str, File]) -> Iterator[str]:
    """The configurations that the project's own extends; it names them from the project's folder."""
    name, seen = _CONFIG, {""}
    while name not in seen and name in files:
        seen.add(name)
        extend = read(files[name].text or "", tomllib.loads).get("extend")
        name = posixpath.normpath(str(extend.get("path", ""))) if isinstance(extend, dict) else ""
        yield name


def _kind(name: str) -> type:
    suffix = PurePosixPath(name).suffix
    return SecretsInCode if suffix in _CODE else SecretsInData if suffix in _DATA else SecretsInText


def _scan(files: Mapping[str, File]) -> dict[str, list[Fault]]:
    """What gitleaks finds in each of these files; raises Unavailable, or ProbeError when it finds nothing."""
    tool = find("gitleaks")
    if tool.path is None:
        raise Unavailable(tool.reason)
    with scratch(swift=True) as place:
        folder, report = place / "files", place / "report.json"
        for path, content in {
            **{n: f.content for n, f in files.items()},
            _SAMPLE: fake_key().encode(),
        }.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_HASH.sub(b"", content))
        options = ("--redact", "--no-banner", "--report-format=json", f"--report-path={report}")
        result = run([tool.path, "dir", ".", *options], cwd=folder, env=unsteered("gitleaks", brief()))
        try:
            found = json.loads(report.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise ProbeError(f"gitleaks gave no report\n{result.explain()}") from None
    places = [(Path(row["File"]).as_posix(), row["StartLine"], row["RuleID"]) for row in found]
    if not any(path == _SAMPLE for path, _, _ in places):
        raise ProbeError(f"gitleaks did not find the key that was put there for it; see {_CONFIG}")
    faults: dict[str, list[Fault]] = {}
    for path, line, rule in places:
        if path != _SAMPLE:
            fault = Fault(f"{path}:{line}", f"holds what looks like a secret ({rule})")
            faults.setdefault(path, []).append(fault)
    return faults


def _scan_trees(trees: Sequence[Mapping[str, File]]) -> Iterator[tuple[Fault, ...]]:
    """The same of several trees: one process for all that have no words of their own for gitleaks."""
    layers = Layers.of(tree for tree in trees if _OWN_WORDS.isdisjoint(tree))
    said = _scan(dict(layers.files())) if layers.layers else {}
    for tree in trees:
        if _OWN_WORDS.isdisjoint(tree):
            yield tuple(layers.faults(tree, said))
        else:
            yield tuple(fault for faults in _scan(tree).values() for fault in faults)


def _probe(kind: type[T]) -> Probe:
    def together(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[T]:
        trees = [{name: project.files[name] for name in _paths(project, kind)} for project in projects]
        return [kind(faults) for faults in _scan_trees(trees)]

    return Probe(
        evidence=kind,
        subject=Subject.PROJECT,
        gather=lambda project, features: together([project], features)[0],
        inputs=lambda project: _paths(project, kind),
        together=together,
        seconds=0.6,
    )


CODE, DATA, TEXT = _probe(SecretsInCode), _probe(SecretsInData), _probe(SecretsInText)
