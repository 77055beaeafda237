"""Defects of objects: fields, restrictions, names, credentials, images."""

from __future__ import annotations

from typing import Any

from pytest_saas_validate.evidence.manifests_images import image
from pytest_saas_validate.evidence.manifests_tree import kustomization
from pytest_saas_validate.evidence.render_calls import read
from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.mutants.objects import (
    NEEDS,
    Object,
    add,
    change_overlay,
    deployed,
    in_container,
    in_object,
    pod_spec,
)

_ALSO = ("TR006",)


def _context(container: Object) -> Object:
    context: Object = container.setdefault("securityContext", {})
    return context


TYPE = in_container(
    "KS001-type",
    "a port is given as text",
    lambda container: container["ports"][0].update(containerPort="http"),
    wanted=lambda container: bool(container.get("ports")),
)
FIELD = in_container(
    "KS001-field",
    "a field is misspelt",
    lambda container: container.update(imagePullPolicyy="IfNotPresent"),
)
VERSION = in_object(
    "KS001-version",
    "an object has a version that is not served any more",
    "PodDisruptionBudget",
    lambda each: each.update(apiVersion="policy/v1beta1"),
)


def _root(each: Object) -> None:
    pod_spec(each).get("securityContext", {}).pop("runAsNonRoot", None)
    for container in pod_spec(each)["containers"]:
        _context(container).pop("runAsNonRoot", None)


ROOT = in_object("KS002-root", "pods may run as root", "Deployment", _root)
CAPABLE = in_container(
    "KS002-capabilities",
    "a container keeps the default capabilities",
    lambda container: _context(container).pop("capabilities", None),
)
GAINS = in_container(
    "KS002-escalation",
    "a container may gain privileges",
    lambda container: _context(container).pop("allowPrivilegeEscalation", None),
)
HOST = in_object(
    "KS002-volume",
    "a pod mounts a folder of its node",
    "Deployment",
    lambda each: (
        pod_spec(each).setdefault("volumes", []).append({"name": "node", "hostPath": {"path": "/var/log"}})
    ),
)
EARLY = in_object(
    "KS002-early",
    "a privileged container runs before the others",
    "Deployment",
    lambda each: (
        pod_spec(each)
        .setdefault("initContainers", [])
        .append(
            {
                **pod_spec(each)["containers"][0],
                "name": "early",
                "command": ["true"],
                "securityContext": {"privileged": True},
                **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe", "lifecycle")),
            }
        )
    ),
)
LEVEL = in_object(
    "KS002-namespace",
    "the namespace enforces a weaker level",
    "Namespace",
    lambda each: each["metadata"].update(labels={"pod-security.kubernetes.io/enforce": "baseline"}),
)


@mutant("KS003-namespace", "two environments share a namespace", fires="KS003", needs=NEEDS, at="project")
def one_namespace(edit: Edit) -> None:
    """As a copied overlay leaves it."""
    first, second = _two(edit)
    name = read(edit.text(kustomization(edit.files, first))).get("namespace")
    if not name:
        raise NotPlantable(f"{first} sets no namespace")
    change_overlay(edit, second, lambda kept: kept.update(namespace=name))


@mutant("KS003-role", "environments share a role of the cluster", fires="KS003", needs=NEEDS, at="project")
def one_role(edit: Edit) -> None:
    """It lies in no namespace, so that the overlays do not part it."""
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "planted"},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}],
    }
    for overlay in _two(edit):
        add(edit, overlay, role)


def _two(edit: Edit) -> tuple[str, str]:
    found = deployed(edit)
    if len(found) < 2:
        raise NotPlantable("only one overlay is deployed")
    return found[0], found[1]


def _password() -> str:
    """Nobody's, and like one that somebody has."""
    return "Vq7nTz4w" + "Ke29xLbR"


@mutant("KS005-secret", "a Secret has data", fires="KS005", also=_ALSO, needs=NEEDS, at="project")
def secret(edit: Edit) -> None:
    """To get started with; it is applied over the real one."""
    data = {"planted": _password()}
    content = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "planted"}, "stringData": data}
    add(edit, deployed(edit)[0], content)


@mutant(
    "KS005-generated",
    "a Secret is generated",
    fires="KS005",
    also=_ALSO,
    needs=NEEDS,
    at="project",
)
def generated(edit: Edit) -> None:
    """Of a value in the kustomization."""
    made = {"name": "planted", "literals": [f"planted={_password()}"]}
    change_overlay(edit, deployed(edit)[0], lambda kept: kept.setdefault("secretGenerator", []).append(made))


@mutant(
    "KS005-address",
    "a ConfigMap holds an address with a password",
    fires="KS005",
    also=(*_ALSO, "TR016"),
    needs=NEEDS,
    at="project",
)
def address(edit: Edit) -> None:
    """Of a service that the deployer knows."""
    data = {"UPSTREAM": f"https://planted:{_password()}@upstream.acme-corp.com/v1"}
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "planted"}, "data": data}
    add(edit, deployed(edit)[0], content)


SPOKEN = in_container(
    "KS005-variable",
    "a pod gives a password as a plain value",
    lambda container: container.setdefault("env", []).append(
        {"name": "SSL_CERT_PASSWORD", "value": _password()}
    ),
    also=(*_ALSO, "KS004"),
)


def _named(container: Object, **parts: Any) -> None:
    """Give an image another tag, or another last part of its name."""
    given = image(container["image"])
    head = given.name[: len(given.name) - len(given.last)]
    tag = parts.get("tag", given.tag or "1")
    container["image"] = head + parts.get("last", given.last) + (f":{tag}" if tag else "")


UNVERSIONED = in_container(
    "KS006-none", "an image has no version", lambda container: _named(container, tag="")
)
LATEST = in_container(
    "KS006-latest", "an image is whatever is the latest", lambda container: _named(container, tag="latest")
)
MISSPELT = in_container(
    "KS006-name",
    "an image has a name that nobody builds",
    lambda container: _named(container, last=f"{image(container['image']).last}e"),
    also=("KS004",),
)
