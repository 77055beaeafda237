"""KS: how a cluster takes the manifests, replaces pods, goes back, and keeps apart."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.evidence.cluster import Admissions, Renewals, Replacement, Separation, Undos
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_CLUSTER = "cluster"
_NEEDS = ("kubernetes",)
_SHOWN = 3


@check(
    "KS009",
    severity=Severity.HIGH,
    title="The API server admits every environment under Pod Security restricted, without a warning",
    remedy="mend what the message names; what is only warned of today is refused by a stricter namespace",
    wants=Admissions,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def admitted(seen: Admissions) -> Iterator[Finding]:
    """A schema knows fields and types; what they must be among each other only the server says."""
    for objection in seen.objections:
        yield Finding(where=objection.where, message=objection.message)


@check(
    "KS010",
    severity=Severity.HIGH,
    title="Pods are replaced without a failed request",
    remedy="maxUnavailable: 0, a readiness probe, and a preStop sleep in which every proxy learns of it",
    wants=Renewals,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def renewed(seen: Renewals) -> Iterator[Finding]:
    """Every deployment does this, so what fails here fails for somebody each time."""
    for each in seen.replacements:
        yield from _failures(each, "while its pods were replaced")
        if each.trouble:
            yield Finding(where=each.service, message=f"new pods did not take over: {each.trouble}")


@check(
    "KS011",
    severity=Severity.HIGH,
    title="A bad image does no harm, and one command goes back",
    remedy="maxUnavailable: 0 keeps the old pods until new ones are ready; keep a revision to go back to",
    wants=Undos,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def undone(seen: Undos) -> Iterator[Finding]:
    """A mistaken tag is the commonest bad deployment, and the way back is never tried until it is needed."""
    for each in seen.replacements:
        yield from _failures(each, "on the way back from new pods and from an image that cannot be had")
        if each.trouble:
            yield Finding(where=each.service, message=f"it did not go back: {each.trouble}")


@check(
    "KS012",
    severity=Severity.HIGH,
    title="No pod reaches another that it has no business with",
    remedy="deny everything, allow each connection by the labels of both ends, name it in kubernetes.calls",
    wants=Separation,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def kept_apart(seen: Separation) -> Iterator[Finding]:
    """A break-in goes on from where it began to everything that answers it."""
    for each in seen.connections:
        if each.reached and not each.allowed:
            yield Finding(where=f"{each.source} -> {each.target}", message="a connection is made")


def _failures(each: Replacement, when: str) -> Iterator[Finding]:
    if each.failed:
        shown = "; ".join(f"{what} after {at:.1f} s" for at, what in each.shown[:_SHOWN])
        more = f" and {each.failed - _SHOWN} more" if each.failed > _SHOWN else ""
        counts = f"{each.failed} of {each.sent} requests failed {when}"
        yield Finding(where=each.service, message=f"{counts}: {shown}{more}")
