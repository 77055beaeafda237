"""The pod that stands for a workload which runs at times: nothing runs in it until it is told to."""

from __future__ import annotations

import copy
from typing import Any

from pytest_saas_validate.engines.kind.manifests import Object


def idle_pod(name: str, namespace: str, template: Object) -> Object:
    """A pod like those of a template, in which every container waits."""
    spec: dict[str, Any] = {**copy.deepcopy(template["spec"]), "restartPolicy": "Always"}
    spec["containers"] = [
        {**container, "command": ["sleep", "infinity"], "args": []} for container in spec["containers"]
    ]
    labels = dict(template.get("metadata", {}).get("labels", {}))
    about = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}
