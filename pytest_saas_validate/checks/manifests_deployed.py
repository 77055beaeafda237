"""KS: what every environment that is deployed has to have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_saas_validate.evidence.manifests import (
    Manifests,
    Object,
    Overlay,
    Pod,
    Resource,
    dig,
    mapping,
    rows,
    words,
)
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_WAYS = {"Ingress": "ingress", "Egress": "egress"}
_NEEDED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))


@check(
    "KS008",
    severity=Severity.HIGH,
    title="What is deployed denies by default, survives a drain, tells its health, and is bounded",
    why="a drained node is an outage, one pod starves its neighbours, and a break-in reaches all that is "
    "in the cluster",
    remedy="add the missing part to the base, so that every environment has it",
    wants=Manifests,
    subject=Subject.PROJECT,
    needs=("kubernetes",),
)
def deployed(seen: Manifests) -> Iterator[Finding]:
    """Policies, disruption budgets, probes, resources, tokens and replicas, not of the tests' overlay."""
    for overlay in (each for each in seen.overlays if each.deployed):
        yield from _policies(overlay)
        yield from _budgets(overlay)
        for each in overlay.of("HorizontalPodAutoscaler"):
            yield from _replicas(each, overlay)
        for pod in overlay.pods:
            for message, remedy in (*_probes(pod, overlay), *_resources(pod), *_token(pod, overlay)):
                yield Finding(where=pod.resource.where, message=message, remedy=remedy)


def _policies(overlay: Overlay) -> Iterator[Finding]:
    """Each namespace with pods denies everything that no policy allows."""
    for namespace in dict.fromkeys(pod.resource.namespace for pod in overlay.pods):
        shut = {
            way
            for each in overlay.of("NetworkPolicy")
            if each.namespace == namespace and not mapping(each.spec.get("podSelector"))
            for way in _ways(each)
            if not each.spec.get(_WAYS[way])
        }
        for way in _WAYS.keys() - shut:
            yield Finding(
                where=f"{overlay.path}: namespace {namespace or 'default'}",
                message=f"no NetworkPolicy denies {way.lower()} of every pod",
                remedy="add a NetworkPolicy with podSelector: {}, policyTypes: [Ingress, Egress] and no rule",
            )


def _ways(policy: Resource) -> tuple[str, ...]:
    """The directions that a policy speaks of."""
    types = words(policy.spec.get("policyTypes"))
    if types:
        return tuple(way for way in types if way in _WAYS)
    return ("Ingress", "Egress") if policy.spec.get("egress") else ("Ingress",)


def _budgets(overlay: Overlay) -> Iterator[Finding]:
    for pod in overlay.pods:
        count = _count(pod.resource, overlay)
        if pod.resource.kind not in ("Deployment", "StatefulSet") or count < 2:
            continue
        budgets = [each for each in overlay.of("PodDisruptionBudget") if _covers(each, pod, overlay)]
        if not budgets:
            yield Finding(
                where=pod.resource.where,
                message=f"has {count} pods and no PodDisruptionBudget: a drain may end all at once",
                remedy="add a PodDisruptionBudget with maxUnavailable: 1 and the labels of the pods",
            )
        for budget in budgets:
            least, most = budget.spec.get("minAvailable"), budget.spec.get("maxUnavailable")
            if most in (0, "0", "0%") or least == "100%" or (isinstance(least, int) and least >= count):
                yield Finding(
                    where=budget.where,
                    message=f"lets none of {count} pods go: no node can be drained",
                    remedy="write maxUnavailable: 1",
                )


def _covers(budget: Resource, pod: Pod, overlay: Overlay) -> bool:
    return pod in overlay.selected(budget.spec.get("selector"), budget.namespace)


def _scaler(each: Resource, overlay: Overlay) -> Resource | None:
    """The autoscaler of a workload."""
    scalers = (s for s in overlay.of("HorizontalPodAutoscaler") if s.namespace == each.namespace)
    return next((s for s in scalers if s.scaled == (each.kind, each.name)), None)


def _count(each: Resource, overlay: Overlay) -> int:
    """How many pods a workload has at least."""
    scaler = _scaler(each, overlay)
    count: Any = scaler.spec.get("minReplicas") if scaler else each.spec.get("replicas")
    return count if isinstance(count, int) else 1


def _replicas(scaler: Resource, overlay: Overlay) -> Iterator[Finding]:
    what, name = scaler.scaled
    each = overlay.find(name, scaler.namespace, what)
    if each is not None and each.spec.get("replicas") is not None:
        yield Finding(
            where=each.where,
            message=f"replicas is {each.spec['replicas']} although {scaler.kind} {scaler.name} scales it",
            remedy="remove replicas: every apply would undo what the autoscaler did",
        )


def _probes(pod: Pod, overlay: Overlay) -> Iterator[tuple[str, str]]:
    """Of what runs on: alive, and, where requests come in, ready."""
    served = any(
        pod in overlay.selected({"matchLabels": selector}, each.namespace)
        for each in overlay.of("Service")
        if (selector := mapping(each.spec.get("selector")))
    )
    for container in pod.containers if pod.lasting else ():
        name = container.get("name")
        if not container.get("livenessProbe"):
            yield (
                f"container {name} has no livenessProbe",
                "ask the process itself, and none of what it depends on",
            )
        if served and container.get("ports") and not container.get("readinessProbe"):
            yield (
                f"container {name} has no readinessProbe",
                "ask for what a request needs: a rollout waits for it",
            )


def _resources(pod: Pod) -> Iterator[tuple[str, str]]:
    for container in pod.every:
        lacks = [f"{part}.{what}" for part, what in _NEEDED if not _given(container, part, what)]
        if lacks:
            yield (
                f"container {container.get('name')} has no {', '.join(lacks)}",
                "request what it needs, and limit its memory, in resources",
            )


def _given(container: Object, part: str, what: str) -> bool:
    """A limit is the request where none is written."""
    given = dig(container, "resources", part, what)
    return given is not None or (
        part == "requests" and dig(container, "resources", "limits", what) is not None
    )


def _token(pod: Pod, overlay: Overlay) -> Iterator[tuple[str, str]]:
    """No token of the API, unless a binding gives the account rights."""
    account = overlay.find(pod.account, pod.resource.namespace, "ServiceAccount")
    own = pod.spec.get("automountServiceAccountToken")
    shared = account.content.get("automountServiceAccountToken") if account else None
    bound = any(
        subject.get("name") == pod.account
        for each in overlay.of("RoleBinding", "ClusterRoleBinding")
        for subject in rows(each.content.get("subjects"))
    )
    if not bound and (own if own is not None else shared) is not False:
        yield (
            f"gets a token of ServiceAccount {pod.account}, which no binding gives a right",
            "write automountServiceAccountToken: false in the pod and in the account",
        )
