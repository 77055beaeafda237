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


def _validated(project: Project, features: Mapping[str, Feature]) -> Validated:
    validator = find("kubernetes-validate")
    if not validator.path:
        raise Unavailable(validator.reason)
    manifests = _manifests(project, features)
    everything = [resource for overlay in manifests.overlays for resource in overlay.resources]
    return validated(validator.path, everything)


def validated(validator: Path, everything: Sequence[Resource]) -> Validated:
    """What one process says of all these objects; raises ProbeError when it passes over one.

    It reads its schemas anew for each file, so objects that only their namespaces tell apart share one.
    """
    faults = [Fault(each.where, lack) for each in everything if (lack := _lacks(each))]
    custom = {f"{each.kind} of {each.api}" for each in everything if not _lacks(each) and not each.built_in}
    judged: dict[str, list[Resource]] = {}
    for each in everything:
        if not _lacks(each) and each.built_in:
            judged.setdefault(_anywhere(each), []).append(each)
    with scratch() as folder:
        files = [folder / f"{number}.json" for number in range(len(judged))]
        for file, text in zip(files, judged, strict=True):
            file.write_text(text, encoding="utf-8")
        ended = run([validator, "--strict", *(file.name for file in files)], cwd=folder, timeout=120)
    said = {int(number): (level, text) for level, number, text in _SAID.findall(ended.text)}
    for number, group in enumerate(judged.values()):
        if number not in said:
            raise ProbeError(f"kubernetes-validate said nothing of {group[0].where}\n{ended.explain()}")
        level, text = said[number]
        if level != "INFO" or not _PASSED.match(text):
            faults += [Fault(each.where, _short(text)) for each in group]
    return Validated(tuple(faults), tuple(sorted(custom)))


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
    evidence=Manifests, subject=Subject.PROJECT, gather=_manifests, inputs=_inputs, table=("kubernetes",)
)
VALIDATED = Probe(
    evidence=Validated, subject=Subject.PROJECT, gather=_validated, inputs=_inputs, table=("kubernetes",)
)
