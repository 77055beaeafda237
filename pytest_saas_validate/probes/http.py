"""Evidence about answers: what every kind of them carries, in plain text, through TLS, and to a liar."""

from __future__ import annotations

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import CLAIMED_HOST, Exchanges, Kind, Secured, Spoofed
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.client import Client, way_in
from pytest_saas_validate.probes.kept import kept
from pytest_saas_validate.probes.outages import outages
from pytest_saas_validate.probes.responses import Tour
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

_OTHER_LOOPBACK = "127.0.0.2"  # an address that nobody configured as a proxy
_CLAIMS = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Protocol": "https",
    "X-Url-Scheme": "https",
    "X-Forwarded-Ssl": "on",
    "Front-End-Https": "on",
    "X-Forwarded-Host": CLAIMED_HOST,
    "X-Forwarded-Server": CLAIMED_HOST,
    "X-Original-Host": CLAIMED_HOST,
    "X-Host": CLAIMED_HOST,
    "X-Forwarded-Port": "4431",
    "X-Forwarded-Prefix": f"/{CLAIMED_HOST}",
    "X-Script-Name": f"/{CLAIMED_HOST}",
    "X-Original-URL": "/no-such-page",
    "X-Rewrite-URL": "/no-such-page",
    "X-HTTP-Method-Override": "PATCH",
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": f"for=203.0.113.9;proto=https;host={CLAIMED_HOST}",
}


def _exchanges(project: Project, stack: Stack) -> Exchanges:
    tours = [_tour(project, stack, way_in(stack))]
    missing = []
    if "edge" in stack.services:
        tours.append(_secured_tour(project, stack))
    else:
        missing.append(f"https: {_no_front(stack)}")
    away = _away(project, stack)
    missing += [f"{Kind.AWAY}: {what}" for what in away.unreached]
    return Exchanges(
        exchanges=tuple(exchange for tour in (*tours, away) for exchange in tour.exchanges),
        unreached=tuple(dict.fromkeys([*(what for tour in tours for what in tour.unreached), *missing])),
    )


def _away(project: Project, stack: Stack) -> Exchanges:
    """What is answered while a dependency is away; nothing where that would disturb others."""
    if not stack.owned or project.spec.backend is None:
        return Exchanges(exchanges=(), unreached=("this run did not start the servers, and stops none",))
    seen = outages(project, stack)
    return Exchanges(exchanges=seen.exchanges, unreached=seen.unreached)


def _secured(project: Project, stack: Stack) -> Secured:
    if "edge" not in stack.services:
        raise Unavailable(f"{_no_front(stack)}; run on an engine that has one (local with nginx)")
    tour = _secured_tour(project, stack)
    return Secured(exchanges=tour.exchanges, unreached=tour.unreached)


def _no_front(stack: Stack) -> str:
    reason = stack.facts.get("no_edge", "")
    return "this stack has no TLS front" + (f": {reason}" if reason else "")


def _secured_tour(project: Project, stack: Stack) -> Exchanges:
    """One tour through the TLS front for both kinds of evidence."""
    return kept(stack, "edge", lambda: _tour(project, stack, "edge", whole=False))


def _tour(project: Project, stack: Stack, service: str, whole: bool = True) -> Exchanges:
    with Client(project, stack, service) as client:
        tour = Tour(project, stack, client, good_token(project, stack), whole=whole)
        tour.walk()
    return Exchanges(exchanges=tuple(tour.seen), unreached=tuple(tour.unreached))


def _spoofed(project: Project, stack: Stack) -> Spoofed:
    token = good_token(project, stack)
    asks = [(Kind.OK, project.spec.routes.public, "")]
    if token:
        collection = project.spec.routes.collection
        asks += [(Kind.OK, collection, token), (Kind.SLASH, collection + "/", token)]
    with Client(project, stack, local_address=_OTHER_LOOPBACK) as client:
        try:
            plain = tuple(client.ask(kind, "GET", path, token=t) for kind, path, t in asks)
        except ProbeError as problem:
            raise Unavailable(f"no request can be sent from {_OTHER_LOOPBACK} here: {problem}") from None
        found = tuple(client.ask(kind, "GET", path, token=t, headers=_CLAIMS) for kind, path, t in asks)
    return Spoofed(exchanges=found, plain=plain)


EXCHANGES = Probe(evidence=Exchanges, subject=Subject.STACK, gather=_exchanges, effect=Effect.DISRUPTS)
SECURED = Probe(evidence=Secured, subject=Subject.STACK, gather=_secured, effect=Effect.WRITES)
SPOOFED = Probe(evidence=Spoofed, subject=Subject.STACK, gather=_spoofed)
