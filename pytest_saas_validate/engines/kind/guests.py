"""Our own programs as pods: each runs under the rules of the workload whose image it has."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

from pytest_saas_validate.engines import BootError, edge
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Object
from pytest_saas_validate.engines.kind.readiness import Unrunnable, wait

_NAME = "app.kubernetes.io/name"
# What lets a pod be placed, its image be pulled, and both be allowed. Not what spreads the workload's own.
_OF_A_POD = ("securityContext", "imagePullSecrets", "nodeSelector", "tolerations")
_OF_A_CONTAINER = ("securityContext", "resources")


def of_pod(spec: Object) -> Object:
    """What a pod of ours takes from the pods that it is like."""
    return {key: copy.deepcopy(spec[key]) for key in _OF_A_POD if key in spec}


def of_container(model: Object) -> Object:
    """What a container of ours takes from the one whose image it has."""
    return {key: copy.deepcopy(model[key]) for key in _OF_A_CONTAINER if key in model}


def guest_objects(
    guest: Guest, namespace: str, labels: Mapping[str, str], like: Object
) -> tuple[Object, Object, Object]:
    """ConfigMap, Service and Pod of a guest; `like` is the pod template of the workload with its image."""
    about = {"name": guest.service, "namespace": namespace}
    own = {_NAME: guest.service}
    paths = sorted(guest.files)
    spec = like["spec"]
    model = next((each for each in spec["containers"] if each["image"] == guest.image), spec["containers"][0])
    container = {
        "name": guest.service,
        "image": guest.image,
        "command": list(guest.command),
        "env": [{"name": name, "value": value} for name, value in guest.environment.items()],
        "ports": [{"containerPort": guest.port}],
        # Asked until it serves and never again: a program that is busy keeps its place behind the Service.
        "startupProbe": {**_serves(guest), "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 60},
        **of_container(model),
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            *({"name": "files", "mountPath": path, "subPath": str(at)} for at, path in enumerate(paths)),
        ],
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**about, "labels": {**labels, **own}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            **of_pod(spec),
            "containers": [container],
            "volumes": [
                {"name": "tmp", "emptyDir": {}},
                {"name": "files", "configMap": {"name": guest.service}},
            ],
        },
    }
    files = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": about,
        "data": {str(at): guest.files[path] for at, path in enumerate(paths)},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": about,
        "spec": {"selector": own, "ports": [{"port": guest.port, "targetPort": guest.port}]},
    }
    return files, service, pod


def wait_for(kubectl: Kubectl, guests: Iterable[Guest], workload: str) -> None:
    """Return when every guest in a workload's image serves; raises BootError at the first that does not."""
    for guest in guests:
        try:
            wait(kubectl, pods=[guest.service])
        except Unrunnable as problem:
            raise BootError(
                f"image {guest.image} of {workload} cannot run {guest.command[0]}: our programs run in it; "
                f"put it into the image, or name another workload: "
                f"[tool.pytest-saas-validate.kubernetes.workloads]\n{problem}"
            ) from problem


def remove(kubectl: Kubectl, guests: Iterable[Guest]) -> None:
    """Remove guests that nobody waits for any more."""
    for guest in guests:
        kubectl.words("delete", "pod,service,configmap", guest.service, "--now", "--wait=false")


def _serves(guest: Guest) -> Object:
    """How a guest is seen to serve: by `GET /up`; a front passes every request on, so it has to listen."""
    if guest.name == edge.NAME:
        return {"tcpSocket": {"port": guest.port}}
    return {"httpGet": {"path": "/up", "port": guest.port}}
