"""What an overlay builds, and what is changed in it for one stack: namespace, images, values."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import yaml

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.evidence.manifests import Resource, pods
from pytest_saas_validate.tools import Kustomize

Object = dict[str, Any]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
_NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Manifests:
    """Objects in the order in which they are applied; every method returns a changed copy."""

    objects: tuple[Object, ...]

    @classmethod
    def built(cls, root: Path, overlay: str) -> Manifests:
        """What kustomize makes of an overlay; raises BootError with its words."""
        kustomize = Kustomize.found()
        if kustomize.reason:
            raise BootError(kustomize.reason)
        ended = kustomize.build(root, overlay)
        if not ended.ok:
            raise BootError(f"{overlay} does not build\n{ended.explain()}")
        return cls(tuple(each for each in yaml.safe_load_all(ended.text) if each))

    def named(self, kind: str) -> Mapping[str, Object]:
        """The objects of a kind by name."""
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    @property
    def workloads(self) -> Mapping[str, Object]:
        """Everything that makes pods, by name; a name that two kinds share is the first's."""
        found: dict[str, Object] = {}
        for kind in WORKLOADS:
            for name, each in self.named(kind).items():
                found.setdefault(name, each)
        return found

    @property
    def images(self) -> frozenset[str]:
        """Every image that a pod names."""
        return frozenset(container["image"] for each in self.objects for container in containers(each))

    def into(self, namespace: str, labels: Mapping[str, str]) -> Manifests:
        """Everything in one namespace of ours, and what spoke of the old one speaks of it."""
        found = {each["metadata"].get("namespace") for each in self.objects} | set(self.named("Namespace"))
        old = {name for name in found if name}

        def move(each: Object) -> None:
            if each["kind"] == "Namespace":
                each["metadata"] = {
                    **each["metadata"],
                    "name": namespace,
                    "labels": {**each["metadata"].get("labels", {}), **labels},
                }
            elif not Resource("", each).cluster_wide:
                each["metadata"]["namespace"] = namespace
            _rename(each, old, namespace)
            _rename_hosts(each, old, namespace)

        moved = self._each(move)
        if moved.named("Namespace"):
            return moved
        own = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": dict(labels)},
        }
        return Manifests((own, *moved.objects))

    def with_images(self, instead: Callable[[str], str]) -> Manifests:
        """Every image under the name that `instead` gives for it, which no registry may have: it is there."""

        def change(each: Object) -> None:
            for container in containers(each):
                used = instead(container["image"])
                if used != container["image"]:
                    container |= {"image": used, "imagePullPolicy": "IfNotPresent"}

        return self._each(change)

    def with_config(self, values: Mapping[str, str]) -> Manifests:
        """ "CONFIGMAP/KEY" -> value. A name also means one with a hash of its content behind it.

        Raises BootError for a ConfigMap that is not there.
        """
        kept = self
        for place, value in values.items():
            wanted, key = _parts(place, "config")
            known = self.named("ConfigMap")
            name = next((name for name in known if _is(name, wanted)), None)
            if name is None:
                raise BootError(f"config.{place}: no ConfigMap {wanted}; there are {_list(known)}")
            kept = kept._each(partial(_put, name=name, key=key, value=value))
        return kept

    def with_environment(self, values: Mapping[str, str]) -> Manifests:
        """ "WORKLOAD/NAME" -> value, in each container; raises BootError for a workload that is not there."""
        kept = self
        for place, value in values.items():
            name, variable = _parts(place, "environment")
            if name not in self.workloads:
                raise BootError(f"environment.{place}: no workload {name}; there are {_list(self.workloads)}")
            kept = kept._each(partial(_set_variable, name=name, key=variable, value=value))
        return kept

    def secrets(self) -> Iterator[tuple[str, str, str]]:
        """Workload, Secret and key of every reference that a pod cannot start without; key may be empty."""
        for name, each in self.workloads.items():
            pod = pod_template(each).get("spec", {})
            for container in containers(each):
                for variable in container.get("env", ()):
                    reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
                    if reference and not reference.get("optional"):
                        yield name, reference["name"], reference["key"]
                for source in container.get("envFrom", ()):
                    reference = source.get("secretRef")
                    if reference and not reference.get("optional"):
                        yield name, reference["name"], ""
            for volume in pod.get("volumes", ()):
                reference = volume.get("secret")
                if reference and not reference.get("optional"):
                    yield name, reference["secretName"], ""

    def _each(self, change: Callable[[Object], None]) -> Manifests:
        copies = copy.deepcopy(self.objects)
        for each in copies:
            change(each)
        return replace(self, objects=copies)


def pod_template(each: Object) -> Object:
    """The part of an object that describes its pods; empty when it makes none. Not a copy."""
    return cast("Object", next((pod.template for pod in pods((Resource("", each),))), {}))


def containers(each: Object) -> list[Object]:
    """The containers of an object's pods, those that run before them included. Not copies."""
    return [cast("Object", container) for pod in pods((Resource("", each),)) for container in pod.every]


def secret_objects(namespace: str, values: Mapping[str, str]) -> Sequence[Object]:
    """Secrets from "SECRET/KEY" -> value."""
    grouped: dict[str, dict[str, str]] = {}
    for place, value in values.items():
        name, key = _parts(place, "secrets")
        grouped.setdefault(name, {})[key] = value
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": content,
        }
        for name, content in grouped.items()
    ]


def _parts(place: str, table: str) -> tuple[str, str]:
    name, slash, key = place.partition("/")
    if not (name and slash and key):
        raise BootError(f"{table}.{place}: write OBJECT/KEY")
    return name, key


def _is(name: str, wanted: str) -> bool:
    """Kustomize puts ten characters behind the name of what it generates."""
    head, _, end = name.rpartition("-")
    return name == wanted or (head == wanted and len(end) == 10)


def _put(each: Object, name: str, key: str, value: str) -> None:
    if each["kind"] == "ConfigMap" and each["metadata"]["name"] == name:
        each.setdefault("data", {})[key] = value


def _set_variable(each: Object, name: str, key: str, value: str) -> None:
    if each["kind"] not in WORKLOADS or each["metadata"]["name"] != name:
        return
    for container in containers(each):
        others = [found for found in container.get("env", ()) if found["name"] != key]
        container["env"] = [*others, {"name": key, "value": value}]


def _rename(value: Any, old: set[str], new: str) -> None:
    """Selectors of namespaces, and subjects of role bindings."""
    if isinstance(value, dict):
        expression = value.get("key") == _NAME_LABEL and isinstance(value.get("values"), list)
        for key, inner in value.items():
            if key in (_NAME_LABEL, "namespace") and isinstance(inner, str) and inner in old:
                value[key] = new
            elif key == "values" and expression:
                value[key] = [new if each in old else each for each in inner]
            else:
                _rename(inner, old, new)
    elif isinstance(value, list):
        for inner in value:
            _rename(inner, old, new)


def _rename_hosts(each: Object, old: set[str], new: str) -> None:
    """Names of Services, "NAME.NAMESPACE.svc", in what programs are told."""
    names = "|".join(map(re.escape, sorted(old))) or "(?!)"
    host = re.compile(rf"(?<=[a-z0-9]\.)(?:{names})(?=\.svc(?![a-z0-9-]))")

    def rename(texts: Any, keys: Iterable[Any]) -> None:
        for key in keys:
            if isinstance(texts[key], str):
                texts[key] = host.sub(new, texts[key])

    if each["kind"] in ("ConfigMap", "Secret"):
        for part in ("data", "stringData"):
            rename(each.get(part), each.get(part) or ())
    for container in containers(each):
        for variable in container.get("env", ()):
            rename(variable, {"value"} & set(variable))
        for part in ("command", "args"):
            rename(container.get(part), range(len(container.get(part) or ())))


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
