"""Which container, Service and port a workload is known by."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.manifests import Manifests
from pytest_saas_validate.engines.kind.parts import main_container, service_of

NAMED = {"metadata": {"annotations": {"kubectl.kubernetes.io/default-container": "second"}}}


def template(*images: str) -> dict[str, Any]:
    names = ("first", "second", "third")
    every = [{"name": name, "image": image} for name, image in zip(names, images, strict=False)]
    return {"spec": {"containers": every}}


@pytest.mark.parametrize(
    ("pod", "container"),
    [
        (template("proxy", "proxy"), "first"),
        (template("proxy", "proxy", "own"), "third"),
        ({**template("proxy", "proxy"), **NAMED}, "second"),
        ({**template("own", "proxy"), **NAMED}, "first"),
        ({**template("own", "own"), **NAMED}, "second"),
    ],
)
def test_a_container_is_chosen_by_its_image_then_by_the_annotation(
    pod: dict[str, Any], container: str
) -> None:
    assert main_container(pod, {"own"})["name"] == container


def service(name: str, selector: dict[str, str], *ports: tuple[str, int], **spec: Any) -> dict[str, Any]:
    listed = [{"port": number, **({"name": named} if named else {})} for named, number in ports]
    return {
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": selector, "ports": listed, **spec},
    }


def ingress(name: str, port: dict[str, Any]) -> dict[str, Any]:
    path = {"path": "/", "backend": {"service": {"name": name, "port": port}}}
    return {"kind": "Ingress", "metadata": {"name": "way"}, "spec": {"rules": [{"http": {"paths": [path]}}]}}


API, PORT = {"app": "api"}, ("", 80)
CASES: dict[str, tuple[list[dict[str, Any]], tuple[str, int]]] = {
    "selects": ([service("other", {"app": "b"}, PORT), service("front", API, PORT)], ("front", 80)),
    "named": ([service("front", API, PORT), service("api", API, ("", 81))], ("api", 81)),
    "only its name": ([service("api", {}, PORT)], ("api", 80)),
    "another's name": ([service("api", {"app": "b"}, PORT), service("front", API, ("", 81))], ("front", 81)),
    "headless": (
        [service("all", API, ("", 1), clusterIP="None"), service("front", API, PORT)],
        ("front", 80),
    ),
    "http": ([service("api", API, ("metrics", 9), ("https", 443), ("http", 80))], ("api", 80)),
    "web": ([service("api", API, ("metrics", 9), ("web", 80))], ("api", 80)),
    "ingress by name": (
        [service("api", API, ("metrics", 9), ("app", 80)), ingress("api", {"name": "app"})],
        ("api", 80),
    ),
    "ingress by number": (
        [service("api", API, ("metrics", 9), ("app", 80)), ingress("api", {"number": 80})],
        ("api", 80),
    ),
    "ingress of another": (
        [service("api", API, ("metrics", 9), ("app", 80)), ingress("b", {"number": 80})],
        ("api", 9),
    ),
}


def shop(*others: dict[str, Any]) -> Manifests:
    pod = {
        "metadata": {"labels": {**API, "tier": "web"}},
        "spec": {"containers": [{"name": "api", "image": "i"}]},
    }
    return Manifests(
        ({"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": pod}}, *others)
    )


@pytest.mark.parametrize("case", CASES)
def test_a_service_is_the_one_that_selects_the_pods_and_its_port_the_one_for_requests(case: str) -> None:
    objects, found = CASES[case]
    assert service_of(shop(*objects), "api") == found


@pytest.mark.parametrize("others", [[], [service("b", {"app": "b"}, PORT)], [service("api", API)]])
def test_a_workload_that_nothing_leads_to_says_what_to_add(others: list[dict[str, Any]]) -> None:
    with pytest.raises(BootError, match=r"no Service .* workload api; add one .*\(app: api, tier: web\)"):
        service_of(shop(*others), "api")
