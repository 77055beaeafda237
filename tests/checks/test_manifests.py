"""Family KS: silent on what is meant well, loud on one defect, and never clean without having looked."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.evidence.manifests import Manifests, Overlay, Validated
from pytest_saas_validate.evidence.manifests_images import Recipes, Variables, image
from pytest_saas_validate.evidence.manifests_secrets import cleaned, credential
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_environment import Settings
from pytest_saas_validate.findings import Check
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.manifests import objects
from tests.checks.foreign import BASE, NAMESPACE

CHECKS = {check.id: check for check in catalogue() if check.family == "KS" and not check.trait}
RECIPES = Recipes(built={"shop-web": "server/Dockerfile"}, others=frozenset({"postgres"}))
VARIABLES = Variables(
    images=frozenset({"shop-web"}),
    folder="server",
    settings=Settings("server/shop/conf.py:1", frozenset({"SHOP_DATABASE"}), frozenset({"SHOP_LEVEL"})),
    read=frozenset({"SHOP_DEBUG"}),
)
GIVEN: dict[type, Any] = {Recipes: RECIPES, Variables: VARIABLES}
GOOD = [*yaml.safe_load_all(BASE), *yaml.safe_load_all(NAMESPACE)]


def of_kind(content: list[Any], kind: str, name: str = "") -> Any:
    fitting = (x for x in content if x["kind"] == kind and name in ("", x["metadata"]["name"]))
    return next(fitting)


def good(namespace: str = "live") -> list[Any]:
    """The objects of one environment that is as it should be."""
    content = copy.deepcopy(GOOD)
    for each in content:
        each["metadata"]["name" if each["kind"] == "Namespace" else "namespace"] = namespace
    return content


def built(*overlays: list[Any], deployed: bool = True, guests: dict[str, str] | None = None) -> Manifests:
    made = [[cleaned(f"env{n}", each) for each in content] for n, content in enumerate(overlays)]
    return Manifests(
        overlays=tuple(
            Overlay(
                path=f"env{n}", deployed=deployed, resources=tuple(r for r, _ in each), guests=guests or {}
            )
            for n, each in enumerate(made)
        ),
        leaks=tuple(fault for each in made for _, faults in each for fault in faults),
    )


def said(check: Check, manifests: Manifests) -> list[str]:
    """Place and message of everything that a check finds."""
    return [f"{f.where} {f.message}" for f in check(*(GIVEN.get(kind, manifests) for kind in check.kinds))]


def changed(path: str, value: Any, *, kind: str = "Deployment", name: str = "") -> list[Any]:
    """The good environment with one value set, or taken away by `...`."""
    content = good()
    *way, last = path.split("/")
    place = of_kind(content, kind, name)
    for step in way:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    key = int(last) if last.isdigit() else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return content


POD = "spec/template/spec"
ONE = f"{POD}/containers/0"
JUDGED = [check for check in CHECKS.values() if check.id != "KS001"]


@pytest.mark.parametrize("check", JUDGED, ids=lambda check: check.id)
def test_an_environment_as_it_should_be(check: Check) -> None:
    assert said(check, built(good("live"), good("trial"))) == []


@pytest.mark.parametrize(
    ("check", "path", "value", "words"),
    [
        ("KS002", f"{POD}/hostNetwork", True, "hostNetwork is true"),
        ("KS002", f"{POD}/securityContext/runAsNonRoot", ..., "runAsNonRoot is not set"),
        ("KS002", f"{POD}/securityContext/seccompProfile", ..., "seccompProfile is not set"),
        ("KS002", f"{POD}/securityContext/runAsUser", 0, "runAsUser is 0"),
        ("KS002", f"{POD}/securityContext/seccompProfile/type", "Unconfined", "seccompProfile is Unconfined"),
        ("KS002", f"{POD}/securityContext/sysctls", [{"name": "kernel.msgmax"}], "sets kernel.msgmax"),
        ("KS002", f"{POD}/volumes", [{"name": "a", "hostPath": {"path": "/"}}], "volume a is a hostPath"),
        ("KS002", f"{ONE}/securityContext/runAsNonRoot", False, "runAsNonRoot is False"),
        ("KS002", f"{ONE}/securityContext/privileged", True, "is privileged"),
        ("KS002", f"{ONE}/securityContext/capabilities/drop", ["NET_RAW"], "keeps capabilities"),
        ("KS002", f"{ONE}/securityContext/capabilities/add", ["SYS_TIME"], "adds the capability SYS_TIME"),
        ("KS002", f"{ONE}/securityContext/procMount", "Unmasked", "procMount is Unmasked"),
        ("KS002", f"{ONE}/ports/0/hostPort", 80, "takes port 80 of the node"),
        (
            "KS002",
            f"{POD}/initContainers",
            [{"name": "x", "securityContext": {"capabilities": {"drop": ["ALL"]}}}],
            "container x: allowPrivilegeEscalation is not set",
        ),
        (
            "KS004",
            f"{ONE}/env/0",
            {"name": "SHOP_LEVLE"},
            "SHOP_LEVLE, which nothing in server reads",
        ),
        ("KS004", f"{ONE}/env", [], "is not given SHOP_DATABASE"),
        ("KS004", f"{ONE}/args", [], "is given HOST_NAME"),
        ("KS004", f"{ONE}/args", ["$$(HOST_NAME)"], "is given HOST_NAME"),
        ("KS004", f"{ONE}/image", "other:1", "no pod runs shop-web"),
        ("KS005", f"{ONE}/env/0", {"name": "SHOP_PASSWORD", "value": "x"}, "SHOP_PASSWORD is a password"),
        ("KS006", f"{ONE}/image", "shop-web", "image shop-web has no version"),
        ("KS006", f"{ONE}/image", "a.example:5000/shop-web", "has no version"),
        ("KS006", f"{ONE}/image", "a.example/shop-web:latest", "has no version"),
        ("KS006", f"{ONE}/image", "a.example/acme/shop-wep:1", "is built by nobody; there is shop-web"),
        ("KS006", f"{ONE}/image", "worker:1", "image worker:1 names no registry"),
        ("KS006", f"{ONE}/image", ..., "a container has no image"),
        ("KS007", f"{ONE}/envFrom/0/configMapRef/name", "gone", "from ConfigMap gone, which is not there"),
        (
            "KS007",
            f"{ONE}/env/0",
            {"name": "SHOP_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "GONE"}}},
            "takes GONE from ConfigMap web, which does not have it",
        ),
        ("KS007", f"{POD}/volumes", [{"name": "a", "configMap": {"name": "gone"}}], "from ConfigMap gone"),
        (
            "KS007",
            f"{POD}/volumes",
            [
                {
                    "name": "a",
                    "projected": {"sources": [{"configMap": {"name": "web", "items": [{"key": "B"}]}}]},
                }
            ],
            "takes B from ConfigMap web",
        ),
        ("KS007", f"{POD}/serviceAccountName", "gone", "ServiceAccount gone, which is not there"),
        (
            "KS007",
            f"{POD}/volumes",
            [{"name": "a", "persistentVolumeClaim": {"claimName": "gone"}}],
            "PersistentVolumeClaim gone",
        ),
        ("KS007", f"{ONE}/volumeMounts", [{"name": "gone", "mountPath": "/"}], "no volume of the pod"),
        ("KS007", f"{ONE}/livenessProbe/httpGet/port", "gone", "livenessProbe asks port gone"),
        ("KS007", "spec/serviceName", "gone", "governed by Service gone"),
        ("KS007", "spec/selector/matchLabels/app", "gone", "does not select its own pods"),
        ("KS008", f"{ONE}/livenessProbe", ..., "has no livenessProbe"),
        ("KS008", f"{ONE}/readinessProbe", ..., "has no readinessProbe"),
        ("KS008", f"{ONE}/resources/limits", ..., "has no requests.memory, limits.memory"),
        ("KS008", f"{ONE}/resources", None, "has no requests.cpu, requests.memory, limits.memory"),
        ("KS008", f"{POD}/automountServiceAccountToken", True, "gets a token of ServiceAccount web"),
        ("KS008", f"{POD}/serviceAccountName", ..., ""),
        ("KS008", "spec/replicas", 2, "replicas is 2 although HorizontalPodAutoscaler web scales it"),
    ],
)
def test_one_defect_of_a_deployment(check: str, path: str, value: Any, words: str) -> None:
    found = said(CHECKS[check], built(changed(path, value)))
    assert [words in line for line in found] == ([True] if words else []), found
    assert all(line.startswith(("env0: Deployment web ", "env0 no pod runs")) for line in found)


@pytest.mark.parametrize(
    ("check", "kind", "path", "value", "words"),
    [
        ("KS002", "Namespace", "metadata/labels", None, "pod-security.kubernetes.io/enforce is not set"),
        ("KS002", "Namespace", "metadata/name", "other", "namespace live is not among its objects"),
        ("KS004", "ConfigMap", "data", {"SHOP_LEVLE": "a"}, "SHOP_LEVLE by ConfigMap web"),
        ("KS005", "ConfigMap", "data", {"A": "amqp://a:b@c/d"}, "data.A is a password inside of an address"),
        ("KS007", "Service", "spec/selector/app", "gone", "selects no pod: app=gone"),
        ("KS007", "Service", "spec/ports/0/targetPort", "gone", "leads to port gone"),
        ("KS007", "Ingress", "spec/defaultBackend", {"service": {"name": "gone"}}, "Service gone"),
        (
            "KS007",
            "Ingress",
            "spec/defaultBackend",
            {"service": {"name": "web", "port": {"name": "gone"}}},
            "leads to port gone of Service web",
        ),
        ("KS007", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name", "gone", "scales Deployment gone"),
        ("KS007", "PodDisruptionBudget", "spec/selector/matchLabels/app", "gone", "selects no pod: app=gone"),
        ("KS008", "PodDisruptionBudget", "spec/maxUnavailable", 0, "lets none of 2 pods go"),
        ("KS008", "PodDisruptionBudget", "spec/selector/matchLabels/app", "gone", "no PodDisruptionBudget"),
        ("KS008", "NetworkPolicy", "spec/policyTypes", ["Ingress"], "no NetworkPolicy denies egress"),
        ("KS008", "NetworkPolicy", "spec/ingress", [{}], "no NetworkPolicy denies ingress"),
    ],
)
def test_one_defect_of_another_object(check: str, kind: str, path: str, value: Any, words: str) -> None:
    found = said(CHECKS[check], built(changed(path, value, kind=kind)))
    assert [words in line for line in found] == [True], found


@pytest.mark.parametrize("part", ["podSelector", "ingress"])
def test_a_policy_names_pods_that_are_there_or_brought_along(part: str) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["guest"]}]}
    value = selector if part == "podSelector" else [{"from": [{"podSelector": selector}]}]
    content = changed(f"spec/{part}", value, kind="NetworkPolicy", name="web")
    assert len(said(CHECKS["KS007"], built(content))) == 1
    assert said(CHECKS["KS007"], built(content, guests={"app": "guest"})) == []


def test_an_overlay_for_tests_need_not_have_what_a_deployed_one_has() -> None:
    bare = [each for each in good() if each["kind"] not in ("NetworkPolicy", "PodDisruptionBudget")]
    assert said(CHECKS["KS008"], built(bare, deployed=False)) == []
    assert len(said(CHECKS["KS008"], built(bare))) == 3


def test_an_account_with_rights_gets_its_token() -> None:
    content = changed(f"{POD}/automountServiceAccountToken", True)
    binding = {"kind": "RoleBinding", "metadata": {"name": "a"}, "subjects": [{"name": "web"}]}
    assert said(CHECKS["KS008"], built([*content, binding])) == []


def test_environments_are_compared_by_kind_namespace_and_name() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a"}}
    found = said(CHECKS["KS003"], built([*good("live"), role], [*good("trial"), role]))
    assert found == ["env0: ClusterRole a is in env1 too, without a namespace"]
    assert len(said(CHECKS["KS003"], built(good("live"), good("live")))) == len(good())


def test_two_apis_may_have_a_kind_of_the_same_name() -> None:
    other = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "live"},
    }
    assert said(CHECKS["KS003"], built([*good("live"), other])) == []


# Credentials


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("DB_PASSWORD", "change-me", True),
        ("DB_PASSWORD", "$(FROM_ELSEWHERE)", False),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD_FILE", "/run/secrets/a", False),
        ("TOKEN", "/run/secrets/a", False),
        ("TOKEN_URL", "https://id.example/token", False),
        ("A", "redis://:word@cache:6379", True),
        ("A", "redis://:$(WORD)@cache:6379", False),
        ("A", "https://id.example:443/a@b", False),
        ("a.pem", "-----BEGIN " + "PRIVATE KEY-----\nMII", True),
        ("a.sql", "-- roles\nALTER ROLE a PASSWORD 'Vq7nTz4w" + "Ke29';\n", True),
        ("a.sql", "-- roles\nALTER ROLE a PASSWORD :'word';\n", False),
    ],
)
def test_what_is_a_credential(name: str, value: str, is_one: bool) -> None:
    assert bool(credential(name, value)) is is_one


def test_no_secret_is_kept_as_evidence() -> None:
    word = "Vq7nTz4w" + "Ke29"
    content = changed(f"{ONE}/env/0", {"name": "A", "value": f"redis://:{word}@cache"})
    content += [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": word}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}, "type": "Opaque"},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"API_KEY": word}},
    ]
    manifests = built(content)
    assert word not in repr(manifests)
    assert word in repr(content)
    assert sorted(fault.where for fault in manifests.leaks) == [
        "env0: ConfigMap c",
        "env0: Deployment web",
        "env0: Secret a",
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", "", "")),
        ("h:5000/b/a", ("h:5000/b/a", "", "")),
        ("h:5000/b/a:1@sha256:f", ("h:5000/b/a", "1", "sha256:f")),
    ],
)
def test_the_parts_of_an_image(text: str, parts: tuple[str, ...]) -> None:
    found = image(text)
    assert (found.name, found.tag, found.digest) == parts


# Whatever a file holds


def test_lists_empty_documents_and_anchors_are_read() -> None:
    text = """\
---
# nothing
---
apiVersion: v1
kind: List
items:
  - {kind: ConfigMap, metadata: &m {name: a}}
  - kind: ConfigMapList
    items: [{kind: ConfigMap, metadata: {<<: *m, namespace: b}}]
---
kind: Deployment
"""
    found = list(objects(text, "env"))
    assert [(each["kind"], each.get("metadata")) for each in found] == [
        ("ConfigMap", {"name": "a"}),
        ("ConfigMap", {"name": "a", "namespace": "b"}),
        ("Deployment", None),
    ]


@pytest.mark.parametrize(
    "text", ["just words", "- a\n- b\n", "a: [", "a: 2026-99-99\n", "kind: List\nitems: [1]\n"]
)
def test_what_is_no_object_is_an_error(text: str) -> None:
    with pytest.raises(ProbeError, match=r"^env: "):
        list(objects(text, "env"))


HOSTILE: list[Any] = [None, "text", 7, [], {}, [None], ["text"], {"a": None}]
IN_POD = ("", "/containers", "/volumes", "/initContainers", "/securityContext")
IN_CONTAINER = (
    "",
    "/env",
    "/envFrom",
    "/ports",
    "/securityContext",
    "/resources",
    "/image",
    "/livenessProbe",
)
PLACES = [
    "metadata", "spec", "spec/template", "spec/template/metadata", "spec/selector",
    *(POD + place for place in IN_POD), *(ONE + place for place in IN_CONTAINER),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_shape_makes_a_check_fail(place: str) -> None:
    for value in HOSTILE:
        for check in JUDGED:
            said(check, built(changed(place, value)))


@pytest.mark.parametrize(
    "kind", sorted({each["kind"] for each in GOOD} | {"CronJob", "Job", "Pod", "Secret", "Any"})
)
def test_no_shape_of_another_object_does_either(kind: str) -> None:
    known = next((each for each in GOOD if each["kind"] == kind), {"kind": kind, "metadata": {"name": "a"}})
    for part in ("metadata", "spec", "data", *(f"spec/{key}" for key in known.get("spec", {}))):
        for value in HOSTILE:
            content = (
                [*changed(part, value, kind=kind)] if known in GOOD else [*good(), {**known, part: value}]
            )
            for check in JUDGED:
                said(check, built(content))


def test_faults_of_a_validator_are_findings() -> None:
    (found,) = CHECKS["KS001"](Validated((Fault("env: Pod a", "'2' is not of type 'integer'"),)))
    assert (found.where, found.message) == ("env: Pod a", "'2' is not of type 'integer'")
    assert found.remedy


def test_every_check_is_for_kubernetes_only() -> None:
    assert all(check.needs == {"kubernetes"} for check in CHECKS.values())
