"""Defects that only a cluster shows: of admission, of replacing pods, of going back, of keeping apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pytest_saas_validate.evidence.manifests import dig
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.objects import (
    NEEDS,
    Object,
    change,
    change_overlay,
    containers,
    deployed,
    in_object,
    whole,
)
from pytest_saas_validate.probes import ProbeError, Unavailable
from pytest_saas_validate.probes.manifests import built

_ON = "cluster"
_POD = "/spec/template/spec"


def _patched(id: str, title: str, kind: str, operation: Object, also: Iterable[str] = ()) -> Mutant:
    """A mutant that patches one object, which has the path, in one environment that is deployed."""

    @mutant(id, title, fires="KS009", also=also, needs=NEEDS, on=_ON, at="project")
    def plant(edit: Edit) -> None:
        overlay = deployed(edit)[-1]
        name = next((name for name in _names(edit, overlay, kind, operation["path"])), "")
        if not name:
            raise NotPlantable(f"{overlay} builds no {kind} with {operation['path']}")
        patch = {"target": {"kind": kind, "name": f"^{name}$"}, "patch": json.dumps([operation])}
        change_overlay(edit, overlay, lambda content: content.setdefault("patches", []).append(patch))

    return plant


def _names(edit: Edit, overlay: str, kind: str, path: str) -> Iterator[str]:
    """The objects of a kind that an overlay builds and that have something at a path."""
    try:
        objects = built(edit.project, overlay)
    except (ProbeError, Unavailable) as problem:
        raise NotPlantable(str(problem)) from None
    for each in objects:
        if each["kind"] == kind and _at(each, path.strip("/").split("/")) is not None:
            yield each["metadata"]["name"]


def _at(value: Any, keys: Sequence[str]) -> Any:
    """What lies below these keys and numbers; None when nothing does."""
    for key in keys:
        if isinstance(value, list):
            value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
        else:
            value = dig(value, key)
    return value


def _served(each: Object) -> bool:
    """Whether requests come to these pods."""
    return any("readinessProbe" in container for container in containers(each))


def _for_some(each: Object) -> bool:
    return bool(each["spec"]["podSelector"])


def _of_containers(act: Callable[[Object], object]) -> Callable[[Object], object]:
    return lambda each: [act(container) for container in containers(each)]


def _unready(container: Object) -> None:
    for name in ("readinessProbe", "startupProbe"):
        container.pop(name, None)


GREEDY = _patched(
    "KS009-greedy",
    "a container asks for more memory than it may have",
    "Deployment",
    {"op": "replace", "path": f"{_POD}/containers/0/resources/requests/memory", "value": "64Gi"},
)
UPSIDE_DOWN = _patched(
    "KS009-upside-down",
    "an autoscaler wants at least more pods than at most",
    "HorizontalPodAutoscaler",
    {"op": "replace", "path": "/spec/minReplicas", "value": 99},
)
UNCONFINED = _patched(
    "KS009-unconfined",
    "the pods of one environment may make every system call",
    "Deployment",
    {"op": "remove", "path": f"{_POD}/securityContext/seccompProfile"},
    also={"KS002"},
)
RECREATE = in_object(
    "KS010-recreate",
    "all pods end before the first new one starts",
    "Deployment",
    lambda each: each["spec"].update(strategy={"type": "Recreate"}),
    fires={"KS010", "KS011"},
    wanted=_served,
    on=_ON,
)
ABRUPT = in_object(
    "KS010-abrupt",
    "a pod that is ending stops to accept connections while it is still sent some",
    "Deployment",
    _of_containers(lambda container: container.pop("lifecycle", None)),
    fires="KS010",
    also={"KS011"},
    wanted=lambda each: _served(each) and any("lifecycle" in container for container in containers(each)),
    on=_ON,
)
EAGER = in_object(
    "KS010-eager",
    "a pod is sent requests before its program listens",
    "Deployment",
    _of_containers(_unready),
    fires="KS010",
    also={"KS008", "KS011"},
    wanted=_served,
    on=_ON,
)
FORGETFUL = in_object(
    "KS011-forgetful",
    "no earlier revision is kept",
    "Deployment",
    lambda each: each["spec"].update(revisionHistoryLimit=0),
    fires="KS011",
    wanted=_served,
    on=_ON,
)
OPEN_IN = in_object(
    "KS012-in",
    "a policy lets everybody in",
    "NetworkPolicy",
    lambda each: [rule.pop("from", None) for rule in each["spec"]["ingress"]],
    fires="KS012",
    wanted=lambda each: _for_some(each) and any("from" in rule for rule in each["spec"].get("ingress") or ()),
    on=_ON,
)
OPEN_OUT = in_object(
    "KS012-out",
    "a policy lets pods out to everywhere",
    "NetworkPolicy",
    lambda each: each["spec"].update(egress=[{}]),
    fires="KS012",
    wanted=lambda each: _for_some(each) and bool(each["spec"].get("egress")),
    on=_ON,
)


@mutant(
    "SH039-pod",
    "a pod's own variable hides what the environment is told: another origin is let in",
    fires="SH039",
    also={"SH"},
    needs=NEEDS,
    on=_ON,
    at="project",
)
def other_origin(edit: Edit) -> None:
    """Of the pods alone: on other engines nothing changes."""
    told = edit.spec.kubernetes.config if edit.spec.kubernetes else {}
    place = next((place for place, value in told.items() if value == "${origin}"), "")
    if not place:
        raise NotPlantable("kubernetes.config tells nobody ${origin}")
    source, _, name = place.partition("/")
    planted = {"name": name, "value": "https://planted.example.test"}

    def reads(each: Object) -> bool:
        return whole("Deployment")(each) and any(_takes(container, source) for container in containers(each))

    change(
        edit,
        reads,
        _of_containers(lambda container: container.setdefault("env", []).append(planted)),
        f"a Deployment with the values of {source}",
    )


def _takes(container: Any, config: str) -> bool:
    sources = container.get("envFrom") or ()
    return any((source.get("configMapRef") or {}).get("name") == config for source in sources)
