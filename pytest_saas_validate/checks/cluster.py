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
    why="a refusal comes in the middle of a deployment, with half of the objects applied",
    remedy="mend what the message names; what is only warned of today is refused by a stricter namespace",
    wants=Admissions,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def admitted(seen: Admissions) -> Iterator[Finding]:
    """What the server says of each object: a schema knows fields, and not what they must be to each other."""
    for objection in seen.objections:
        yield Finding(where=objection.where, message=objection.message)


@check(
    "KS010",
    severity=Severity.HIGH,
    title="Pods are replaced without a failed request",
    why="every deployment fails requests of somebody, so that teams deploy seldom, and each deployment "
    "carries more risk",
    remedy="maxUnavailable: 0, a readiness probe, and a preStop sleep in which every proxy learns of it",
    wants=Renewals,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def renewed(seen: Renewals) -> Iterator[Finding]:
    """Requests under light load to each service that answers, while new pods take the place of old ones."""
    for each in seen.replacements:
        yield from _failures(each, "while its pods were replaced")
        if each.trouble:
            yield Finding(where=each.service, message=f"new pods did not take over: {each.trouble}")


@check(
    "KS011",
    severity=Severity.HIGH,
    title="A bad image does no harm, and one command goes back",
    why="a mistaken tag is the commonest bad deployment: where it takes the old pods along it is an "
    "outage, and the way back is first tried then",
    remedy="maxUnavailable: 0 keeps the old pods until new ones are ready; keep a revision to go back to",
    wants=Undos,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def undone(seen: Undos) -> Iterator[Finding]:
    """Requests while each service goes back from new pods, and from an image that cannot be had."""
    for each in seen.replacements:
        yield from _failures(each, "on the way back from new pods and from an image that cannot be had")
        if each.trouble:
            yield Finding(where=each.service, message=f"it did not go back: {each.trouble}")


@check(
    "KS012",
    severity=Severity.HIGH,
    title="No pod reaches another that it has no business with",
    why="a break-in goes on from the pod where it began to everything that answers it: the database, the "
    "cache, the neighbours",
    remedy="deny everything, allow each connection by the labels of both ends, name it in kubernetes.calls",
    wants=Separation,
    subject=Subject.STACK,
    needs=_NEEDS,
    trait=_CLUSTER,
)
def kept_apart(seen: Separation) -> Iterator[Finding]:
    """Attempts to connect, from each workload to each other, against the calls that the table allows."""
    for each in seen.connections:
        if each.reached and not each.allowed:
            yield Finding(where=f"{each.source} -> {each.target}", message="a connection is made")


def _failures(each: Replacement, when: str) -> Iterator[Finding]:
    if each.failed:
        shown = "; ".join(f"{what} after {at:.1f} s" for at, what in each.shown[:_SHOWN])
        more = f" and {each.failed - _SHOWN} more" if each.failed > _SHOWN else ""
        counts = f"{each.failed} of {each.sent} requests failed {when}"
        yield Finding(where=each.service, message=f"{counts}: {shown}{more}")
