"""KS: whether objects point at things that are there, inside of one environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_saas_validate.evidence.manifests import (
    Manifests,
    Object,
    Overlay,
    Pod,
    Resource,
    chooses,
    dig,
    mapping,
    rows,
)
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_CONFIG = "ConfigMap"


@check(
    "KS007",
    severity=Severity.HIGH,
    title="What an object refers to is in the same environment",
    why="apply reports success, while pods hang before their start, or a Service without endpoints answers "
    "503",
    remedy="spell name, port or labels as the other object does, or add that object to the overlay",
    wants=Manifests,
    subject=Subject.PROJECT,
    needs=("kubernetes",),
)
def references(seen: Manifests) -> Iterator[Finding]:
    """ConfigMaps with their keys, accounts, claims, volumes, ports, targets, selectors; Secrets are the
    deployer's."""
    for overlay in seen.overlays:
        for pod in overlay.pods:
            for message in (*_configs(pod, overlay), *_named(pod, overlay), *_inside(pod)):
                yield Finding(where=pod.resource.where, message=message)
        for each in overlay.resources:
            for message in _of_object(each, overlay):
                yield Finding(where=each.where, message=message)


def _configs(pod: Pod, overlay: Overlay) -> Iterator[str]:
    """ConfigMaps that a pod cannot start without."""
    for name, key in dict.fromkeys(_wanted(pod)):
        found = overlay.find(name, pod.resource.namespace, _CONFIG)
        if found is None:
            yield f"takes values from ConfigMap {name}, which is not there"
        elif key and not {key} & {
            *mapping(found.content.get("data")),
            *mapping(found.content.get("binaryData")),
        }:
            yield f"takes {key} from ConfigMap {name}, which does not have it"


def _wanted(pod: Pod) -> Iterator[tuple[str, str]]:
    """Name and key of every ConfigMap that is not optional; the key is empty for a whole one."""
    sources: list[tuple[Any, str]] = []
    for container in pod.every:
        references = [dig(each, "valueFrom", "configMapKeyRef") for each in rows(container.get("env"))]
        sources += [(each, str(dig(each, "key") or "")) for each in references]
        sources += [(each.get("configMapRef"), "") for each in rows(container.get("envFrom"))]
    for volume in rows(pod.spec.get("volumes")):
        parts = [volume, *rows(dig(volume, "projected", "sources"))]
        for reference in (part.get("configMap") for part in parts):
            items = rows(dig(reference, "items"))
            sources += [(reference, str(item.get("key") or "")) for item in items] or [(reference, "")]
    for reference, key in sources:
        if isinstance(reference, dict) and not reference.get("optional"):
            yield str(reference.get("name") or ""), key


def _named(pod: Pod, overlay: Overlay) -> Iterator[str]:
    """Other objects that a pod names."""
    namespace = pod.resource.namespace
    if pod.account != "default" and overlay.find(pod.account, namespace, "ServiceAccount") is None:
        yield f"runs as ServiceAccount {pod.account}, which is not there"
    for volume in rows(pod.spec.get("volumes")):
        claim = str(dig(volume, "persistentVolumeClaim", "claimName") or "")
        if claim and overlay.find(claim, namespace, "PersistentVolumeClaim") is None:
            yield f"mounts PersistentVolumeClaim {claim}, which is not there"
    service = str(pod.resource.spec.get("serviceName") or "")
    if service and overlay.find(service, namespace, "Service") is None:
        yield f"is governed by Service {service}, which is not there"


def _inside(pod: Pod) -> Iterator[str]:
    """What the parts of a pod say of each other."""
    volumes = {str(each.get("name")) for each in rows(pod.spec.get("volumes"))}
    volumes |= {
        str(dig(each, "metadata", "name")) for each in rows(pod.resource.spec.get("volumeClaimTemplates"))
    }
    for container in pod.every:
        name = container.get("name")
        for mount in rows(container.get("volumeMounts")):
            if str(mount.get("name")) not in volumes:
                yield f"container {name} mounts {mount.get('name')}, which is no volume of the pod"
        known = {str(port.get("name")) for port in rows(container.get("ports"))}
        for what, port in _asked(container):
            if isinstance(port, str) and port not in known:
                yield f"container {name}: {what} asks port {port}, which it does not name"
    selector = pod.resource.spec.get("selector")
    if pod.lasting and isinstance(dig(selector, "matchLabels"), dict) and not chooses(selector, pod.labels):
        yield f"does not select its own pods: {_labels(selector)}"


def _asked(container: Object) -> Iterator[tuple[str, Any]]:
    for what in ("startupProbe", "livenessProbe", "readinessProbe"):
        for way in ("httpGet", "tcpSocket"):
            yield what, dig(container, what, way, "port")
    for what in ("postStart", "preStop"):
        yield what, dig(container, "lifecycle", what, "httpGet", "port")


def _of_object(each: Resource, overlay: Overlay) -> Iterator[str]:
    """What objects other than pods refer to."""
    match each.kind:
        case "Service":
            yield from _service(each, overlay)
        case "Ingress":
            yield from _ingress(each, overlay)
        case "HorizontalPodAutoscaler":
            what, name = each.scaled
            if overlay.find(name, each.namespace, what) is None:
                yield f"scales {what} {name}, which is not there"
        case "PodDisruptionBudget":
            selector = each.spec.get("selector")
            if not overlay.selected(selector, each.namespace):
                yield f"selects no pod: {_labels(selector)}"
        case "NetworkPolicy":
            yield from _policy(each, overlay)


def _service(each: Resource, overlay: Overlay) -> Iterator[str]:
    selector = mapping(each.spec.get("selector"))
    if not selector:  # its endpoints are made by hand, or it is another name
        return
    pods = overlay.selected({"matchLabels": selector}, each.namespace)
    if not pods:
        yield f"selects no pod: {_labels(each.spec.get('selector'))}"
        return
    known = {str(p.get("name")) for pod in pods for c in pod.every for p in rows(c.get("ports"))}
    for port in rows(each.spec.get("ports")):
        target = port.get("targetPort")
        if isinstance(target, str) and target not in known:
            yield f"leads to port {target}, which its pods do not name"


def _ingress(each: Resource, overlay: Overlay) -> Iterator[str]:
    backends = [each.spec.get("defaultBackend")]
    for rule in rows(each.spec.get("rules")):
        backends += [path.get("backend") for path in rows(dig(rule, "http", "paths"))]
    for service in (mapping(dig(backend, "service")) for backend in backends):
        name = str(service.get("name") or "")
        if not service:
            continue
        found = overlay.find(name, each.namespace, "Service")
        if found is None:
            yield f"leads to Service {name}, which is not there"
            continue
        wanted = {
            str(port) for part in ("name", "number") if (port := dig(service, "port", part)) is not None
        }
        listed = {str(port.get(part)) for port in rows(found.spec.get("ports")) for part in ("name", "port")}
        if wanted and not wanted & listed:
            yield f"leads to port {', '.join(wanted)} of Service {name}, which does not have it"


def _policy(each: Resource, overlay: Overlay) -> Iterator[str]:
    """Whom a policy is for, and which pods of its own namespace it names; pods of others are not known."""
    selectors = [("is for", each.spec.get("podSelector"))]
    for way, side in (("ingress", "from"), ("egress", "to")):
        peers = [peer for rule in rows(each.spec.get(way)) for peer in rows(rule.get(side))]
        told = [peer for peer in peers if "namespaceSelector" not in peer and "podSelector" in peer]
        selectors += [(f"{way} {side}", peer.get("podSelector")) for peer in told]
    for what, selector in selectors:
        if not mapping(selector):  # everyone
            continue
        if not overlay.selected(selector, each.namespace) and not (
            overlay.guests and chooses(selector, overlay.guests)
        ):
            yield f"{what} pods that are not there: {_labels(selector)}"


def _labels(selector: Any) -> str:
    """A selector as a person writes it."""
    given = mapping(selector)
    plain = mapping(given.get("matchLabels") or {k: v for k, v in given.items() if isinstance(v, str)})
    listed = [
        f"{x.get('key')} {x.get('operator')} {x.get('values')}" for x in rows(given.get("matchExpressions"))
    ]
    return ", ".join([*(f"{key}={value}" for key, value in plain.items()), *listed]) or "no labels"
