"""KS: objects of every environment, as kustomize builds them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.manifests import Manifests, Overlay, Resource, Validated
from pytest_saas_validate.evidence.manifests_images import Recipes, image
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NEEDS = ("kubernetes",)
_NEAR = 0.85  # of two names, so that one is taken for the other misspelt


@check(
    "KS001",
    severity=Severity.HIGH,
    title="Every object is one that the API takes, without a field that it does not know",
    why="the API server refuses it, or drops the misspelled field, and the limit or probe that everybody "
    "sees in the file does not exist",
    remedy="spell the field as the API does, give it a value of its type, and use a version that is served",
    wants=Validated,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def valid(seen: Validated) -> Iterator[Finding]:
    """kubernetes-validate, strict, with the newest schemas that it has; kinds of other APIs have none."""
    yield from per_fault(seen.faults)


@check(
    "KS003",
    severity=Severity.CRITICAL,
    title="No two environments have an object in common",
    why="what is applied to staging changes production: the last one to apply wins",
    remedy="give each overlay a namespace of its own, and a prefix to the names of what lies in none",
    wants=Manifests,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def apart(seen: Manifests) -> Iterator[Finding]:
    """Kind, namespace and name of the objects of all overlays, and whether one has two of the same."""
    places: dict[tuple[str, ...], list[Resource]] = {}
    for overlay in seen.overlays:
        for each in overlay.resources:
            key = (each.group, each.kind, each.namespace, each.name)
            places.setdefault(key, []).append(each)
    for found in places.values():
        namespace = found[0].namespace
        others = sorted({each.overlay for each in found} - {found[0].overlay})
        if others:
            place = f"in namespace {namespace}" if namespace else "without a namespace"
            yield Finding(where=found[0].where, message=f"is in {', '.join(others)} too, {place}")
        elif len(found) > 1:
            yield Finding(where=found[0].where, message=f"is there {len(found)} times")


@check(
    "KS005",
    severity=Severity.CRITICAL,
    title="No object carries a credential",
    why="it is in the repository's history and every clone, open to far more people than a Secret of the "
    "cluster",
    remedy="reference a Secret that the deployer or an operator makes; its values stay out of the repository",
    wants=Manifests,
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def no_credentials(seen: Manifests) -> Iterator[Finding]:
    """Secrets with data, and passwords, keys and tokens in ConfigMaps and in the environment of pods."""
    yield from per_fault(seen.leaks)


@check(
    "KS006",
    severity=Severity.HIGH,
    title="Every image has a version, and a name that somebody builds",
    why="a floating tag is another program on each node, so that no rollback leads to a known build, and a "
    "name that nobody builds belongs to whoever registers it",
    remedy="write name:version, or name@digest; spell the name as the recipe does, or write its registry out",
    wants=(Manifests, Recipes),
    subject=Subject.PROJECT,
    needs=_NEEDS,
)
def images(seen: Manifests, recipes: Recipes) -> Iterator[Finding]:
    """Images of all pods against the recipes of the table, of compose files, and what these pull."""
    for overlay in seen.overlays:
        for where, text in _images(overlay):
            for message in _amiss(text, recipes):
                yield Finding(where=where, message=message)


def _images(overlay: Overlay) -> Iterator[tuple[str, str]]:
    """Place and image of every container."""
    for pod in overlay.pods:
        for container in pod.every:
            yield pod.resource.where, str(container.get("image") or "")


def _amiss(text: str, recipes: Recipes) -> Iterator[str]:
    """What is wrong with the name of an image."""
    given = image(text)
    if not given.name:
        yield "a container has no image"
        return
    if not given.digest and given.tag in ("", "latest"):
        yield f"image {text} has no version: tomorrow's is another"
    ours = {image(name).last for name in recipes.built}
    if given.last in ours or given.name in recipes.others:
        return
    near = difflib.get_close_matches(given.last, sorted(ours), 1, _NEAR)
    if near:
        yield f"image {text} is built by nobody; there is {near[0]}"
    elif given.plain and ours:
        yield f"image {text} names no registry, and no recipe of the project builds it"
