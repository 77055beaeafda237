"""When a namespace is ready: its rollouts are complete and its jobs are done, or one never will be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.execution import LACKS_PROGRAM
from pytest_saas_validate.engines.kind.kubectl import Kubectl

READY_SECONDS = 240.0
_PAUSE = 0.3
_PATIENCE = 30.0  # seconds of one reason: a pod may begin again until what it needs is there
_LOOP = "CrashLoopBackOff"
_STUCK = frozenset(
    {
        _LOOP, "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull",
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "RunContainerError",
    }
)  # fmt: skip
_KINDS = "deployments,statefulsets,daemonsets,jobs,pods,replicasets"
_COUNTS: Mapping[str, tuple[str, str, str]] = {  # updated, ready, total
    "Deployment": ("updatedReplicas", "readyReplicas", "replicas"),
    "StatefulSet": ("updatedReplicas", "readyReplicas", "replicas"),
    "DaemonSet": ("updatedNumberScheduled", "numberReady", "currentNumberScheduled"),
}


class Unrunnable(BootError):
    """An image has not the program that a pod starts: no time helps."""


def wait(kubectl: Kubectl, seconds: float = READY_SECONDS, pods: Sequence[str] = ()) -> None:
    """Return when all workloads of the namespace, or only the named pods, are ready; raises BootError.

    A workload that ends and is begun again may be waiting for another, longer each time: only the whole
    time counts for it. The named pods are ours, and wait for nobody.
    """
    deadline = time.monotonic() + seconds
    ill: dict[str, float] = {}
    while True:
        found = _counting(kubectl.get(_KINDS)["items"])
        if pods:
            found = [each for each in found if each["kind"] == "Pod" and each["metadata"]["name"] in pods]
        missing = {name: reason for each in found for name, reason in _lacks(each)}
        if not missing and found:
            return
        stuck = ills(found)
        ill = {name: ill.get(name, time.monotonic()) for name in stuck}
        for name, since in ill.items():
            if LACKS_PROGRAM.search(stuck[name]):
                raise Unrunnable(f"{name} does not start: {stuck[name]}")
            heals = stuck[name].startswith(_LOOP) and not pods
            if time.monotonic() - since > _PATIENCE and not heals:
                raise BootError(f"{name} does not start: {stuck[name]}")
        if time.monotonic() > deadline:
            ends = {name: f"{reason}{_last_line(kubectl, name)}" for name, reason in stuck.items()}
            words = "; ".join(f"{name}: {reason}" for name, reason in {**missing, **ends}.items())
            raise BootError(f"not ready after {seconds:g} s: {words}")
        time.sleep(_PAUSE)


def wait_gone(kubectl: Kubectl, selector: str, seconds: float = 60.0) -> None:
    """Return when no pod has these labels any more; raises BootError."""
    deadline = time.monotonic() + seconds
    while kubectl.get("pods", f"--selector={selector}")["items"]:
        if time.monotonic() > deadline:
            raise BootError(f"pods with {selector} do not end within {seconds:g} s")
        time.sleep(_PAUSE)


def _counting(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the jobs that a CronJob made and their pods: its hour may come during a wait."""
    timed = {each["metadata"]["name"] for each in found if _owner(each, "CronJob")}
    return [each for each in found if not _owner(each, "CronJob") and _owner(each, "Job") not in timed]


def _owner(each: Mapping[str, Any], kind: str) -> str:
    """The name of the object of a kind that made this one; empty when none did."""
    owners = each["metadata"].get("ownerReferences", ())
    return next((str(owner["name"]) for owner in owners if owner["kind"] == kind), "")


def _lacks(each: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a workload, or a pod of nobody, lacks to be ready; raises BootError when it will never be."""
    name = f"{each['kind'].lower()}/{each['metadata']['name']}"
    status, spec = each.get("status", {}), each.get("spec", {})
    if each["kind"] == "Job" and not spec.get("suspend"):
        conditions = {
            found["type"]: found for found in status.get("conditions", ()) if found["status"] == "True"
        }
        if "Failed" in conditions:
            raise BootError(f"{name} failed: {conditions['Failed'].get('message', '')}")
        if "Complete" not in conditions:
            yield name, "not complete"
    elif each["kind"] in _COUNTS:
        wanted = (
            status.get("desiredNumberScheduled", 0)
            if each["kind"] == "DaemonSet"
            else spec.get("replicas", 1)
        )
        updated, ready, total = (status.get(key, 0) for key in _COUNTS[each["kind"]])
        if status.get("observedGeneration", 0) < each["metadata"]["generation"]:
            yield name, "its last change is not seen yet"
        elif {updated, ready, total} != {wanted}:
            yield name, f"of {wanted} pods {updated} are updated and {ready} ready, and there are {total}"
    elif each["kind"] == "Pod" and not {"ownerReferences", "deletionTimestamp"} & set(each["metadata"]):
        conditions = {found["type"]: found["status"] for found in status.get("conditions", ())}
        if status.get("phase") == "Failed":
            raise BootError(f"{name} failed: {status.get('message') or status.get('reason', '')}")
        if conditions.get("Ready") != "True" and status.get("phase") != "Succeeded":
            yield name, str(status.get("phase", "unknown"))


def ills(pods: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """What keeps pods, or who makes them, from starting: name -> reason."""
    return dict(_stuck(pods))


def _stuck(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for pod in (each for each in found if each["kind"] == "Pod"):
        status = pod.get("status", {})
        if "deletionTimestamp" in pod["metadata"]:
            continue
        for part in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            waiting = part.get("state", {}).get("waiting", {})
            if waiting.get("reason") in _STUCK:
                words = f"{waiting['reason']}: {waiting.get('message', '')}{_ending(part)}"
                yield f"pod/{pod['metadata']['name']}", words
    for owner in (
        each for each in found if each["kind"] in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")
    ):
        for condition in owner.get("status", {}).get("conditions", ()):
            if condition["type"] in ("ReplicaFailure", "FailureTarget") and condition["status"] == "True":
                yield f"{owner['kind'].lower()}/{owner['metadata']['name']}", condition.get("message", "")


def _ending(part: Mapping[str, Any]) -> str:
    """How a container ended the last time, unless that is why it waits."""
    last = part.get("lastState", {}).get("terminated")
    said = (last or {}).get("message")
    if not last or (said and said == part["state"]["waiting"].get("message")):
        return ""
    return f" (exit code {last.get('exitCode')}; {said or last.get('reason', '')})"


def _last_line(kubectl: Kubectl, name: str) -> str:
    """The last line that a stuck pod logged."""
    if not name.startswith("pod/"):
        return ""
    said = kubectl.ended("logs", name, "--all-containers", "--tail=1", "--ignore-errors").text.strip()
    return f"; it said last: {said.splitlines()[-1]}" if said else ""
