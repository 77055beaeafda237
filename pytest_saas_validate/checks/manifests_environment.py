"""KS: whether pods give the backend what it reads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.manifests import Manifests, Object, Overlay, Pod, dig, mapping, rows, words
from pytest_saas_validate.evidence.manifests_images import Variables, image
from pytest_saas_validate.evidence.render_environment import foreign
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_EXPANDED = re.compile(r"(?<!\$)\$\(([A-Za-z_]\w*)\)")
_NEAR = 0.8  # of two names, so that one is taken for the other misspelt


@check(
    "KS004",
    severity=Severity.HIGH,
    title="Pods of the backend give it every variable that it needs, and none that it does not read",
    why="a variable that nobody reads leaves its setting at the default, and one that is missing lets new "
    "pods crash in the middle of a deployment",
    remedy="spell the name as the settings do, add it where it is missing, or remove it",
    wants=(Manifests, Variables),
    subject=Subject.PROJECT,
    needs=("kubernetes",),
)
def variables(seen: Manifests, wanted: Variables) -> Iterator[Finding]:
    """env and ConfigMaps of every container with the backend's image, against its settings class."""
    for overlay in seen.overlays:
        ours = [(pod, c) for pod in overlay.pods for c in pod.every if _last(c) in wanted.images]
        if not ours:
            names = ", ".join(sorted(wanted.images))
            yield Finding(
                where=overlay.path, message=f"no pod runs {names}: nothing gives the backend anything"
            )
        for pod, container in ours:
            for message in _amiss(overlay, pod, container, wanted):
                yield Finding(
                    where=pod.resource.where, message=f"container {container.get('name')} {message}"
                )


def _last(container: Object) -> str:
    return image(str(container.get("image") or "")).last


def _amiss(overlay: Overlay, pod: Pod, container: Object, wanted: Variables) -> Iterator[str]:
    names = wanted.settings.names if wanted.settings else frozenset[str]()
    given, whole = _given(overlay, pod, container)
    expanded = set(_EXPANDED.findall(" ".join(_texts(container))))
    for name, source in given.items():
        if name in names | wanted.read or name in expanded:
            continue
        near = difflib.get_close_matches(name, sorted(names), 1, _NEAR)
        if near or not foreign(name):
            hint = f"; there is {near[0]}" if near else ""
            yield f"is given {name}{source}, which nothing in {wanted.folder} reads{hint}"
    if pod.lasting and whole and wanted.settings and container in pod.containers:
        reader = wanted.settings.where.partition(":")[0]
        for name in sorted(wanted.settings.required - set(given)):
            yield f"is not given {name}, which {reader} needs"


def _given(overlay: Overlay, pod: Pod, container: Object) -> tuple[dict[str, str], bool]:
    """Each name with where it comes from, and whether these are all: a Secret's keys are the deployer's."""
    found: dict[str, str] = {}
    whole = True
    for source in rows(container.get("envFrom")):
        name = str(dig(source, "configMapRef", "name") or "")
        config = overlay.find(name, pod.resource.namespace, "ConfigMap") if name else None
        whole = whole and config is not None
        for key in mapping(config.content.get("data")) if config else ():
            found[f"{source.get('prefix') or ''}{key}"] = f" by ConfigMap {name}"
    found |= {str(each.get("name")): "" for each in rows(container.get("env"))}
    return found, whole


def _texts(container: Object) -> Iterator[str]:
    """Everything in which $(NAME) is expanded."""
    yield from words(container.get("command"))
    yield from words(container.get("args"))
    yield from (str(each.get("value") or "") for each in rows(container.get("env")))
