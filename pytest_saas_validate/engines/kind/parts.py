"""The parts of a workload that its name stands for: one container of its pods, one Service, one port."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.manifests import Manifests, Object, pod_template

_DEFAULT = "kubectl.kubernetes.io/default-container"
_WEB = ("http", "https", "web")


def main_container(template: Object, images: Collection[str] = ()) -> Object:
    """The container that has one of these images, else the one that its annotation names, else the first."""
    every: list[Object] = template["spec"]["containers"]
    annotated = (template.get("metadata", {}).get("annotations") or {}).get(_DEFAULT)
    named = [each for each in every if each.get("name") == annotated]
    chosen = [each for each in every if each.get("image") in images]
    return next((each for each in named if each in chosen), (chosen or named or every)[0])


def service_of(manifests: Manifests, workload: str) -> tuple[str, int]:
    """The Service that leads to a workload, and its port for requests; raises BootError when there is none.

    Of several that select its pods it is the one of the same name, else one that has an address of its own.
    """
    services = manifests.named("Service")
    labels = pod_template(manifests.workloads[workload]).get("metadata", {}).get("labels", {})
    selecting = [name for name, each in services.items() if selects(each, labels)]
    addressed = [name for name in selecting if services[name]["spec"].get("clusterIP") != "None"]
    byname = [workload] if workload in services and (workload in selecting or not selecting) else []
    for name in (*byname, *addressed, *selecting):
        ports = services[name]["spec"].get("ports", ())
        if ports:
            return name, _port(ports, set(_ingress_ports(manifests, name)))
    words = ", ".join(f"{label}: {value}" for label, value in labels.items()) or "its pods have no labels"
    raise BootError(
        f"no Service with a port leads to workload {workload}; add one to the overlay that selects its pods "
        f"({words}), or say which workload is meant: [tool.pytest-saas-validate.kubernetes.workloads]"
    )


def selects(service: Object, labels: Mapping[str, str]) -> bool:
    """Whether a Service leads to pods with these labels."""
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _port(ports: Collection[Object], asked: Collection[Any]) -> int:
    named = {port.get("name", ""): port for port in ports}
    web = [named[name] for name in _WEB if name in named]
    called = [port for port in ports if {port["port"], port.get("name", "")} & set(asked)]
    return int((*web, *called, *ports)[0]["port"])


def _ingress_ports(manifests: Manifests, service: str) -> Iterator[Any]:
    """Numbers and names of the ports by which an Ingress calls a Service."""
    for ingress in manifests.named("Ingress").values():
        spec = ingress["spec"]
        paths = [path for rule in spec.get("rules", ()) for path in rule.get("http", {}).get("paths", ())]
        for backend in (spec.get("defaultBackend", {}), *(path["backend"] for path in paths)):
            if backend.get("service", {}).get("name") == service:
                yield from backend["service"].get("port", {}).values()
