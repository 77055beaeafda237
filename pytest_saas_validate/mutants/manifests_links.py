"""Defects between objects: variables, references, and what a deployed environment lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_saas_validate.evidence.manifests_images import Variables, image
from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.mutants.objects import (
    NEEDS,
    Object,
    change,
    containers,
    in_container,
    in_object,
    pod_spec,
    rewrite,
    sources,
    whole,
)
from pytest_saas_validate.probes import ProbeError, probes


def _of_backend(edit: Edit, act: Callable[[Object], object], wanted: Callable[[Object], bool]) -> None:
    """Change the first container that runs the backend for good and that is wanted."""
    try:
        images = probes()[Variables].gather(edit.project, {}).images
    except ProbeError as problem:
        raise NotPlantable(str(problem)) from None

    def one(each: Object) -> Object | None:
        fitting = (c for c in containers(each) if image(str(c.get("image"))).last in images and wanted(c))
        return next(fitting, None) if whole("Deployment")(each) else None

    change(edit, lambda each: one(each) is not None, lambda each: act(one(each) or {}), "such a backend")


def _settings(edit: Edit, *, required: bool) -> frozenset[str]:
    """The variables that the settings class reads, or cannot do without; raises NotPlantable."""
    try:
        settings = probes()[Variables].gather(edit.project, {}).settings
    except ProbeError as problem:
        raise NotPlantable(str(problem)) from None
    names: frozenset[str] = (settings.required if required else settings.names) if settings else frozenset()
    return names


def _first(container: Object, names: frozenset[str]) -> Object | None:
    """The first variable of a container that is one of these."""
    return next((each for each in container.get("env") or () if each.get("name") in names), None)


@mutant("KS004-misspelt", "a variable is misspelt", fires="KS004", needs=NEEDS, at="project")
def misspelt(edit: Edit) -> None:
    """The backend never sees the value."""
    names = _settings(edit, required=True)

    def misspell(container: Object) -> None:
        variable = _first(container, names) or {}
        variable["name"] = f"{variable['name']}S"

    _of_backend(edit, misspell, lambda container: bool(_first(container, names)))


@mutant("KS004-missing", "a variable that must be given is not", fires="KS004", needs=NEEDS, at="project")
def missing(edit: Edit) -> None:
    """The backend does not start."""
    names = _settings(edit, required=True)
    _of_backend(edit, lambda c: c["env"].remove(_first(c, names)), lambda c: bool(_first(c, names)))


@mutant(
    "KS004-config",
    "a variable is misspelt in a ConfigMap",
    fires="KS004",
    also={"TR016"},
    needs=NEEDS,
    at="project",
)
def misspelt_value(edit: Edit) -> None:
    """It keeps its default in every environment."""
    names = _settings(edit, required=False)

    def misspell(each: Object) -> None:
        name = next(name for name in each["data"] if name in names)
        each["data"] = {f"{k}S" if k == name else k: value for k, value in each["data"].items()}

    change(
        edit,
        lambda each: each.get("kind") == "ConfigMap" and bool(names & (each.get("data") or {}).keys()),
        misspell,
        "a ConfigMap with a variable of the backend",
    )


@mutant("KS004-idle", "a variable is given that nothing reads", fires="KS004", needs=NEEDS, at="project")
def idle(edit: Edit) -> None:
    """It was renamed in the code."""
    given = {"name": "PLANTED_WORKERS", "value": "4"}
    _of_backend(edit, lambda c: c.setdefault("env", []).append(given), lambda c: True)


CONFIG = in_container(
    "KS007-config",
    "a container takes its values from a ConfigMap that is not there",
    lambda container: container.setdefault("envFrom", []).append(
        {"configMapRef": {"name": "planted-absent"}}
    ),
)
ACCOUNT = in_object(
    "KS007-account",
    "a pod runs as an account that is not there",
    "Deployment",
    lambda each: pod_spec(each).update(serviceAccountName="planted-absent"),
)
CLAIM = in_object(
    "KS007-claim",
    "a pod mounts a claim that is not there",
    "Deployment",
    lambda each: (
        pod_spec(each)
        .setdefault("volumes", [])
        .append({"name": "planted", "persistentVolumeClaim": {"claimName": "planted-absent"}})
    ),
)
PORT = in_container(
    "KS007-port",
    "a probe asks a port by a name that the container does not give",
    lambda container: container["readinessProbe"].update(tcpSocket={"port": "planted"}, httpGet=None),
    wanted=lambda container: "readinessProbe" in container,
)
SERVICE = in_object(
    "KS007-service",
    "a Service selects no pod",
    "Service",
    lambda each: each["spec"]["selector"].update(planted="absent"),
    also=("KS008",),
)
TARGET = in_object(
    "KS007-target",
    "a Service leads to a port that its pods do not name",
    "Service",
    lambda each: each["spec"]["ports"][0].update(targetPort="planted"),
)
ROUTE = in_object(
    "KS007-route",
    "an Ingress leads to a Service that is not there",
    "Ingress",
    lambda each: each["spec"].update(
        defaultBackend={"service": {"name": "planted-absent", "port": {"number": 80}}}
    ),
)
SCALED = in_object(
    "KS007-scaled",
    "an autoscaler scales what is not there",
    "HorizontalPodAutoscaler",
    lambda each: each["spec"]["scaleTargetRef"].update(name="planted-absent"),
)
FOR_NOBODY = in_object(
    "KS007-policy",
    "a policy lets in pods that are not there",
    "NetworkPolicy",
    lambda each: (
        each["spec"]
        .setdefault("ingress", [])
        .append({"from": [{"podSelector": {"matchLabels": {"planted": "absent"}}}]})
    ),
    wanted=lambda each: bool(each["spec"]["podSelector"]),
)


@mutant("KS008-policy", "nothing is denied by default", fires="KS008", needs=NEEDS, at="project")
def open_doors(edit: Edit) -> None:
    """Every policy for all pods is gone; what is not selected by another one is open."""
    _without(edit, lambda each: whole("NetworkPolicy")(each) and not each["spec"]["podSelector"])


@mutant("KS008-budget", "a drain may end all pods at once", fires="KS008", needs=NEEDS, at="project")
def no_budget(edit: Edit) -> None:
    """There is no disruption budget."""
    _without(edit, whole("PodDisruptionBudget"))


def _without(edit: Edit, unwanted: Callable[[Object], bool]) -> None:
    """Remove such objects wherever they are; raises NotPlantable when there is none."""
    found = False
    for path, objects in sources(edit):
        left = [each for each in objects if not unwanted(each)]
        if len(left) < len(objects):
            found = True
            rewrite(edit, path, left)
    if not found:
        raise NotPlantable("the deployed overlays have no such object")


STUCK = in_object(
    "KS008-stuck",
    "a budget lets no pod go",
    "PodDisruptionBudget",
    lambda each: (each["spec"].pop("minAvailable", None), each["spec"].update(maxUnavailable=0)),
)
UNPROBED = in_container(
    "KS008-probe", "a container is never asked whether it lives", lambda c: c.pop("livenessProbe"),
    wanted=lambda c: "livenessProbe" in c,
)  # fmt: skip
UNREADY = in_container(
    "KS008-ready", "a container is never asked whether it is ready", lambda c: c.pop("readinessProbe"),
    wanted=lambda c: "readinessProbe" in c,
)  # fmt: skip
UNBOUNDED = in_container(
    "KS008-memory", "a container's memory has no limit", lambda c: c["resources"].pop("limits"),
    wanted=lambda c: bool((c.get("resources") or {}).get("limits")),
)  # fmt: skip
TOKEN = in_object(
    "KS008-token",
    "a pod gets a token of the API",
    "Deployment",
    lambda each: pod_spec(each).update(automountServiceAccountToken=True),
)


@mutant(
    "KS008-replicas", "replicas are written beside an autoscaler", fires="KS008", needs=NEEDS, at="project"
)
def fixed(edit: Edit) -> None:
    """Each apply undoes what the autoscaler did."""
    targets: set[Any] = set()
    for _, objects in sources(edit):
        for each in filter(whole("HorizontalPodAutoscaler"), objects):
            targets.add(each["spec"]["scaleTargetRef"]["name"])
    change(
        edit,
        lambda each: whole("Deployment")(each) and each["metadata"]["name"] in targets,
        lambda each: each["spec"].update(replicas=2),
        "a Deployment with an autoscaler",
    )
