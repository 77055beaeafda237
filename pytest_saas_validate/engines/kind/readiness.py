"""When a namespace is ready: its rollouts are complete and its jobs are done, or one never will be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl

READY_SECONDS = 240.0
_PAUSE = 0.3
_PATIENCE = 30.0  # seconds of one reason: a pod may begin again until what it needs is there
_STUCK = frozenset(
    {
        "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull",
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "RunContainerError",
    }
)  # fmt: skip
_KINDS = "deployments,statefulsets,jobs,pods,replicasets"


def wait(kubectl: Kubectl, seconds: float = READY_SECONDS, pods: Sequence[str] = ()) -> None:
    """Return when all workloads of the namespace, or only the named pods, are ready; raises BootError."""
    deadline = time.monotonic() + seconds
    ill: dict[str, float] = {}
    while True:
        found = kubectl.get(_KINDS)["items"]
        if pods:
            found = [each for each in found if each["kind"] == "Pod" and each["metadata"]["name"] in pods]
        missing = {name: reason for each in found for name, reason in _lacks(each)}
        if not missing and found:
            return
        stuck = ills(found)
        ill = {name: ill.get(name, time.monotonic()) for name in stuck}
        for name, since in ill.items():
            if time.monotonic() - since > _PATIENCE:
                raise BootError(f"{name} does not start: {stuck[name]}")
        if time.monotonic() > deadline:
            words = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
            raise BootError(f"not ready after {seconds:g} s: {words}")
        time.sleep(_PAUSE)


def wait_gone(kubectl: Kubectl, selector: str, seconds: float = 60.0) -> None:
    """Return when no pod has these labels any more; raises BootError."""
    deadline = time.monotonic() + seconds
    while kubectl.get("pods", f"--selector={selector}")["items"]:
        if time.monotonic() > deadline:
            raise BootError(f"pods with {selector} do not end within {seconds:g} s")
        time.sleep(_PAUSE)


def _lacks(each: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a workload, or a pod of nobody, lacks to be ready; raises BootError when it will never be."""
    name = f"{each['kind'].lower()}/{each['metadata']['name']}"
    status, spec = each.get("status", {}), each.get("spec", {})
    if each["kind"] == "Job":
        conditions = {
            found["type"]: found for found in status.get("conditions", ()) if found["status"] == "True"
        }
        if "Failed" in conditions:
            raise BootError(f"{name} failed: {conditions['Failed'].get('message', '')}")
        if "Complete" not in conditions:
            yield name, "not complete"
    elif each["kind"] in ("Deployment", "StatefulSet"):
        wanted = spec.get("replicas", 1)
        seen = status.get("observedGeneration", 0) >= each["metadata"]["generation"]
        numbers = [status.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "replicas")]
        if not seen or numbers != [wanted] * 3:
            yield name, f"{numbers[1]} of {wanted} pods are ready"
    elif each["kind"] == "Pod" and not {"ownerReferences", "deletionTimestamp"} & set(each["metadata"]):
        conditions = {found["type"]: found["status"] for found in status.get("conditions", ())}
        if conditions.get("Ready") != "True":
            yield name, str(status.get("phase", "unknown"))


def ills(pods: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """What keeps pods, or who makes them, from starting: name -> reason."""
    return dict(_stuck(pods))


def _stuck(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for pod in (each for each in found if each["kind"] == "Pod"):
        status = pod.get("status", {})
        for part in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            waiting = part.get("state", {}).get("waiting", {})
            if waiting.get("reason") in _STUCK:
                words = f"{waiting['reason']}: {waiting.get('message', '')}"
                yield f"pod/{pod['metadata']['name']}", words
    for owner in (each for each in found if each["kind"] in ("ReplicaSet", "StatefulSet", "Job")):
        for condition in owner.get("status", {}).get("conditions", ()):
            if condition["type"] in ("ReplicaFailure", "FailureTarget") and condition["status"] == "True":
                yield f"{owner['kind'].lower()}/{owner['metadata']['name']}", condition.get("message", "")
