"""Our own programs as pods: each runs under the rules of the workload whose image it has."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.engines.kind.manifests import Object

_NAME = "app.kubernetes.io/name"


def guest_objects(
    guest: Guest, namespace: str, labels: Mapping[str, str], like: Object
) -> tuple[Object, Object, Object]:
    """ConfigMap, Service and Pod of a guest; `like` is the pod template of the workload with its image."""
    about = {"name": guest.service, "namespace": namespace}
    own = {_NAME: guest.service}
    paths = sorted(guest.files)
    spec = like["spec"]
    first = spec["containers"][0]
    container = {
        "name": guest.service,
        "image": guest.image,
        "command": list(guest.command),
        "env": [{"name": name, "value": value} for name, value in guest.environment.items()],
        "ports": [{"containerPort": guest.port}],
        "securityContext": copy.deepcopy(first.get("securityContext", {})),
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
            "securityContext": copy.deepcopy(spec.get("securityContext", {})),
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
