"""Changing the objects that a project's overlays are made of, whatever files they lie in."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import yaml

from pytest_saas_validate.evidence.manifests import Resource, pods
from pytest_saas_validate.evidence.manifests_tree import NAMES, kustomization, taken
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.manifests import overlays

Object = dict[str, Any]
NEEDS = ("kubernetes",)


def deployed(edit: Edit) -> list[str]:
    """The overlays that are deployed; raises NotPlantable when there are none."""
    try:
        return [path for path, real in overlays(edit.project).items() if real]
    except ProbeError as problem:
        raise NotPlantable(str(problem)) from None


def sources(edit: Edit) -> Iterator[tuple[str, list[Object]]]:
    """Each file of objects that a deployed overlay takes, with its objects."""
    for path, file in edit.project.below(*taken(edit.files, deployed(edit))):
        if path.endswith((".yaml", ".yml")) and posixpath.basename(path) not in NAMES:
            try:
                found = list(yaml.safe_load_all(file.text or ""))
            except yaml.YAMLError:
                continue
            if found and all(isinstance(each, dict) for each in found):
                yield path, found


def write(edit: Edit, path: str, objects: Iterable[Object]) -> None:
    """Make a file of these objects."""
    edit.write(path, yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True))


def rewrite(edit: Edit, path: str, objects: list[Object]) -> None:
    """Give a file these objects; without any it is removed, and from its folder's kustomization too."""
    if objects:
        write(edit, path, objects)
        return
    folder, _, name = path.rpartition("/")

    def forget(kept: Object) -> None:
        if name not in kept.get("resources", ()):
            raise NotPlantable(f"{path} is not listed in its own folder")
        kept["resources"].remove(name)

    change_overlay(edit, folder, forget)
    edit.remove(path)


def whole(kind: str) -> Callable[[Object], bool]:
    """Objects of a kind that are no patches of others: they have what a patch leaves out."""
    part = {
        "Deployment": "selector", "Ingress": "rules", "HorizontalPodAutoscaler": "scaleTargetRef",
        "PodDisruptionBudget": "selector", "Service": "selector", "NetworkPolicy": "podSelector",
    }.get(kind)  # fmt: skip
    return lambda each: each.get("kind") == kind and (not part or part in (each.get("spec") or {}))


def change(edit: Edit, wanted: Callable[[Object], bool], act: Callable[[Object], object], what: str) -> None:
    """Change the first object that is wanted; it is gone when `act` empties it. Raises NotPlantable."""
    for path, objects in sources(edit):
        for each in objects:
            if wanted(each):
                act(each)
                rewrite(edit, path, [left for left in objects if left])
                return
    raise NotPlantable(f"no file of the deployed overlays holds {what}")


def in_object(
    id: str,
    title: str,
    kind: str,
    act: Callable[[Object], object],
    *,
    wanted: Callable[[Object], bool] = lambda each: True,
    fires: str | Iterable[str] = "",
    also: Iterable[str] = (),
    on: str = "",
) -> Mutant:
    """A mutant that changes one object; `fires` is by default the check of its id."""
    is_whole = whole(kind)

    @mutant(id, title, fires=fires or id.partition("-")[0], also=also, needs=NEEDS, on=on, at="project")
    def plant(edit: Edit) -> None:
        change(edit, lambda each: is_whole(each) and wanted(each), act, f"a {kind} that this defect fits")

    return plant


def in_container(
    id: str,
    title: str,
    act: Callable[[Object], object],
    *,
    wanted: Callable[[Object], bool] = lambda container: True,
    also: Iterable[str] = (),
) -> Mutant:
    """A mutant that changes the first container of a Deployment that is wanted."""

    def one(each: Object) -> Object | None:
        return next((container for container in containers(each) if wanted(container)), None)

    return in_object(
        id,
        title,
        "Deployment",
        lambda each: act(one(each) or {}),
        wanted=lambda each: one(each) is not None,
        also=also,
    )


def containers(each: Object) -> list[Any]:
    """The containers of an object's pods; not copies."""
    return [container for pod in pods((Resource("", each),)) for container in pod.containers]


def pod_spec(each: Object) -> Object:
    """What the containers of a Deployment's pods share; not a copy."""
    found: Object = each["spec"]["template"]["spec"]
    return found


def change_overlay(edit: Edit, overlay: str, act: Callable[[Object], object]) -> None:
    """Change the kustomization of an overlay."""
    path = kustomization(edit.files, overlay)
    if not path:
        raise NotPlantable(f"{overlay} has no kustomization")
    content = yaml.safe_load(edit.text(path))
    act(content)
    edit.write(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def add(edit: Edit, overlay: str, content: Object) -> None:
    """Give an overlay one more object."""
    name = f"planted-{content['kind'].lower()}.yaml"
    write(edit, posixpath.join(overlay, name), [content])
    change_overlay(edit, overlay, lambda kept: kept.setdefault("resources", []).append(name))
