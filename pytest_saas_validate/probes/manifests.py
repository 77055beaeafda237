"""What kustomize makes of every overlay, without its secrets, and what a schema validator says of it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.evidence.manifests import Manifests, Overlay, Resource, Validated
from pytest_saas_validate.evidence.manifests_secrets import cleaned
from pytest_saas_validate.evidence.manifests_tree import kustomization, matching, taken
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.process import run, scratch
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes
from pytest_saas_validate.tools import Kustomize, find

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SAID = re.compile(r"^(INFO|WARN|ERROR) \S*?(\d+)\.json (.*)$", re.M)
_PASSED = re.compile(r"^passed for resource ")
_FAULT = re.compile(r"^(?:did not validate for resource \S+ against version \S+|could not be validated): ")
_WIDTH = 300
_READ_ONCE = """
import functools, sys
from kubernetes_validate import __main__, utils
utils.schema_contents = functools.cache(utils.schema_contents)
utils.yaml.SafeLoader = getattr(utils.yaml, "CSafeLoader", utils.yaml.SafeLoader)
sys.exit(__main__.main())
"""
_TABLE = "[tool.pytest-saas-validate.kubernetes]"


def overlays(project: Project) -> Mapping[str, bool]:
    """The folder of each overlay, and whether it is deployed; raises ProbeError when the table names none."""
    spec = project.spec.kubernetes or Kubernetes()
    for_tests = posixpath.normpath(spec.overlay)
    deployed: list[str] = []
    for pattern in spec.overlays:
        found = matching(project.files, pattern)
        if not found:
            raise ProbeError(f"{pattern}: no folder with a kustomization; name the overlays in {_TABLE}")
        # A pattern catches the overlay for tests too; one that is named is deployed.
        deployed += [path for path in found if path != for_tests or path == posixpath.normpath(pattern)]
    known = dict.fromkeys(deployed or [for_tests], True)
    if kustomization(project.files, for_tests):
        known.setdefault(for_tests, False)
    elif spec.overlay != Kubernetes().overlay:
        raise ProbeError(f"{spec.overlay} in {_TABLE} has no kustomization")
    return known


def _inputs(project: Project) -> Sequence[str]:
    return taken(project.files, overlays(project))


def objects(text: str, where: str) -> Iterator[dict[str, Any]]:
    """Each object of a stream, those in lists one by one; raises ProbeError for what is none."""
    try:
        documents = list(yaml.load_all(text, Loader=_LOADER))
    except (yaml.YAMLError, ValueError) as problem:
        raise ProbeError(f"{where}: not YAML: {problem}") from None
    for document in documents:
        if document is not None:
            yield from _unpacked(document, where)


def _unpacked(document: Any, where: str) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict):
        raise ProbeError(f"{where}: holds {type(document).__name__} where an object should be")
    if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
        for each in document["items"]:
            yield from _unpacked(each, where)
    else:
        yield document


@lru_cache(maxsize=16)
def _built(kustomize: Kustomize, root: Path, overlay: str, content: str) -> str:
    """What an overlay builds. Two probes ask for the same `content`; it is built for the first."""
    ended = kustomize.build(root, overlay)
    if not ended.ok:
        raise ProbeError(f"{overlay} does not build\n{ended.explain()}")
    return ended.text


def built(project: Project, overlay: str) -> list[dict[str, Any]]:
    """The objects of one overlay, with everything that they hold; raises ProbeError and Unavailable."""
    kustomize = Kustomize.found()
    if kustomize.reason:
        raise Unavailable(kustomize.reason)
    content = project.digest(*_inputs(project))
    return list(objects(_built(kustomize, project.root, overlay, content), overlay))


def _manifests(project: Project, features: Mapping[str, Feature]) -> Manifests:
    guests = (project.spec.kubernetes or Kubernetes()).labels
    found: list[Overlay] = []
    leaks: list[Fault] = []
    for path, deployed in overlays(project).items():
        made = [cleaned(path, each) for each in built(project, path)]
        if not made:
            raise ProbeError(f"{path} builds no object: there is nothing to judge")
        leaks += [fault for _, faults in made for fault in faults]
        resources = tuple(resource for resource, _ in made)
        found.append(
            Overlay(path=path, deployed=deployed, resources=resources, guests={} if deployed else guests)
        )
    return Manifests(overlays=tuple(found), leaks=tuple(leaks))


def _validated(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[Validated]:
    """What one process says of the objects of all these projects; raises Unavailable and ProbeError."""
    validator = find("kubernetes-validate")
    if not validator.path:
        raise Unavailable(validator.reason)
    every = [
        [resource for overlay in _manifests(project, features).overlays for resource in overlay.resources]
        for project in projects
    ]
    said = _said(validator.path, [each for resources in every for each in resources if _is_judged(each)])
    return [_of(resources, said) for resources in every]


def validated(validator: Path, everything: Sequence[Resource]) -> Validated:
    """What one process says of all these objects; raises ProbeError when it passes over one."""
    return _of(everything, _said(validator, [each for each in everything if _is_judged(each)]))


def _of(resources: Sequence[Resource], said: Mapping[str, str]) -> Validated:
    faults = [Fault(each.where, lack) for each in resources if (lack := _lacks(each))]
    faults += [Fault(r.where, said[text]) for r in resources if _is_judged(r) and said[text := _anywhere(r)]]
    custom = {f"{each.kind} of {each.api}" for each in resources if not _lacks(each) and not each.built_in}
    return Validated(tuple(faults), tuple(sorted(custom)))


def _is_judged(each: Resource) -> bool:
    return not _lacks(each) and each.built_in


def _said(validator: Path, resources: Sequence[Resource]) -> Mapping[str, str]:
    """What is wrong with each distinct object, by its text; empty for what is right.

    Objects that only their namespaces tell apart are one.
    """
    texts = {_anywhere(each): each.where for each in resources}
    with scratch(swift=True) as folder:
        files = [f"{number}.json" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            (folder / file).write_text(text, encoding="utf-8")
        ended = run([*_command(validator), "--strict", *files], cwd=folder, timeout=120)
    lines = {int(number): (level, words) for level, number, words in _SAID.findall(ended.text)}
    found: dict[str, str] = {}
    for number, (text, where) in enumerate(texts.items()):
        if number not in lines:
            raise ProbeError(f"kubernetes-validate said nothing of {where}\n{ended.explain()}")
        level, words = lines[number]
        found[text] = "" if level == "INFO" and _PASSED.match(words) else _short(words)
    return found


def _command(validator: Path) -> list[str]:
    """Its own interpreter, with its schemas read once: they are read anew for each object otherwise."""
    with validator.open("rb") as file:
        first = file.readline().decode(errors="replace").strip()
    interpreter = first.removeprefix("#!")
    if first.startswith("#!/") and "python" in Path(interpreter).name and Path(interpreter).is_file():
        return [interpreter, "-c", _READ_ONCE]
    return [str(validator)]


def _anywhere(each: Resource) -> str:
    """An object as text, without its namespace when that is one."""
    content = dict(each.content)
    metadata = dict(content["metadata"])
    if isinstance(metadata.get("namespace"), str):
        metadata["namespace"] = "any"
    return json.dumps({**content, "metadata": metadata}, default=str)


def _lacks(each: Resource) -> str:
    """What an object needs before a schema can be chosen for it."""
    parts = {"apiVersion": each.api, "kind": each.kind, "metadata.name": each.name}
    missing = [name for name, value in parts.items() if not value]
    return f"has no {', '.join(missing)}" if missing else ""


def _short(text: str) -> str:
    said = scrub(_FAULT.sub("", text)).lstrip(": ")
    return said if len(said) <= _WIDTH else f"{said[:_WIDTH]} ..."


MANIFESTS = Probe(
    evidence=Manifests,
    subject=Subject.PROJECT,
    gather=_manifests,
    inputs=_inputs,
    table=("kubernetes",),
    seconds=0.4,
)
VALIDATED = Probe(
    evidence=Validated,
    subject=Subject.PROJECT,
    gather=lambda project, features: _validated([project], features)[0],
    inputs=_inputs,
    table=("kubernetes",),
    together=_validated,
    seconds=1.0,
)
