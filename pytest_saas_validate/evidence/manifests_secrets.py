"""Credentials in objects: found, named, and taken out before anything is kept."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, cast

from pytest_saas_validate.evidence.manifests import Resource, mapping, pods, rows
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_passwords import passwords
from pytest_saas_validate.project import File

_GONE = "[scrubbed]"
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@", re.I)
_NAME = re.compile(
    r"(password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|credentials?)$", re.I
)
_REFERENCE = re.compile(r"^(\$[({]\w+[)}]|/|true$|false$|file:)", re.I)


def credential(name: str, value: str) -> str:
    """What kind of credential a value is; empty when it is none."""
    if _KEY.search(value):
        return "a private key"
    address = _ADDRESS.search(value)
    if address and not _REFERENCE.match(address.group(1)):
        return "a password inside of an address"
    if _NAME.search(name) and value.strip() and not _REFERENCE.match(value.strip()):
        return "a password by its name"
    if "\n" in value and any(True for _ in passwords({name: File(value.encode())})):
        return "a password in a file"
    return ""


def cleaned(overlay: str, content: dict[str, Any]) -> tuple[Resource, tuple[Fault, ...]]:
    """An object without its secrets, and what was found; the content itself stays as it is."""
    content = copy.deepcopy(content)
    resource = Resource(overlay, content)
    return resource, tuple(Fault(resource.where, message) for message in _cleaned(resource, content))


def _cleaned(resource: Resource, content: dict[str, Any]) -> Iterator[str]:
    if resource.kind == "Secret":
        for part in ("data", "stringData"):
            values = mapping(content.get(part))
            if values:
                yield f"{part} holds {', '.join(map(str, values))}: whoever reads the repository has them"
                content[part] = dict.fromkeys(values, _GONE)
    elif resource.kind == "ConfigMap":
        for name, value in mapping(content.get("data")).items():
            what = credential(str(name), str(value))
            if what:
                yield f"data.{name} is {what}: a ConfigMap is shown to everyone who may look around"
                content["data"][name] = _GONE
    for pod in pods((resource,)):
        for container in pod.every:
            for variable in rows(container.get("env")):
                what = credential(str(variable.get("name")), str(variable.get("value") or ""))
                if what:
                    yield f"container {container.get('name')}: {variable.get('name')} is {what}"
                    cast("dict[str, Any]", variable)["value"] = _GONE
