"""Evidence about answers: what every kind of them carries, in plain text, through TLS, for other origins."""

from __future__ import annotations

from urllib.parse import urlsplit

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import (
    CLAIMED_HOST,
    CrossOrigin,
    Exchange,
    Exchanges,
    Kind,
    Secured,
    Spoofed,
)
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.client import Client, way_in
from pytest_saas_validate.probes.psql import without_select
from pytest_saas_validate.probes.responses import NOWHERE, STRANGER, Tour, above
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

_OTHER_LOOPBACK = "127.0.0.2"  # an address that nobody configured as a proxy
_CLAIMS = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Host": CLAIMED_HOST,
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": f"for=203.0.113.9;proto=https;host={CLAIMED_HOST}",
}


def _exchanges(project: Project, stack: Stack) -> Exchanges:
    tours = [_tour(project, stack, way_in(stack))]
    missing = []
    if "edge" in stack.services:
        tours.append(_tour(project, stack, "edge"))
    else:
        missing.append("https: this stack has no TLS front")
    return Exchanges(
        exchanges=tuple(exchange for tour in tours for exchange in tour.seen),
        unreached=tuple(dict.fromkeys([*(what for tour in tours for what in tour.unreached), *missing])),
    )


def _secured(project: Project, stack: Stack) -> Secured:
    if "edge" not in stack.services:
        raise Unavailable("this stack has no TLS front; run on an engine that has one (local with nginx)")
    tour = _tour(project, stack, "edge")
    return Secured(exchanges=tuple(tour.seen), unreached=tuple(tour.unreached))


def _tour(project: Project, stack: Stack, service: str) -> Tour:
    with Client(project, stack, service) as client:
        tour = Tour(project, stack, client, good_token(project, stack))
        tour.walk()
    return tour


def _cross_origin(project: Project, stack: Stack) -> CrossOrigin:
    allowed = stack.facts.get("origin", "")
    if not allowed:
        raise Unavailable(
            "the stack does not say which origin is allowed; give it one in the table's environment"
        )
    token = good_token(project, stack)
    path = project.spec.routes.collection if token else project.spec.routes.public
    seen: list[Exchange] = []
    unreached: list[str] = []
    with Client(project, stack) as client:
        fine = client.ask(Kind.OK, "GET", path, token=token, origin=allowed)
        if fine.status != 200:
            raise ProbeError(f"{fine.place} is answered {fine.status}: nothing can be judged by it")
        seen += [fine, client.ask(Kind.UNROUTED, "GET", above(project) + NOWHERE, origin=allowed)]
        seen.append(_preflight(client, Kind.ALLOWED, path, allowed))
        if token:
            seen.append(client.ask(Kind.ANONYMOUS, "GET", path, origin=allowed))
            seen.append(client.ask(Kind.INVALID, "POST", path, token=token, origin=allowed, json=[]))
        for stranger in _strangers(allowed):
            seen.append(client.ask(Kind.OK, "GET", path, token=token, origin=stranger))
            seen.append(_preflight(client, Kind.REFUSED, path, stranger))
        database = project.spec.database
        if token and database and database.table and "database" in stack.services:
            with without_select(stack, database):
                seen += [
                    client.ask(Kind.ERROR, "GET", path, token=token, origin=o) for o in (allowed, STRANGER)
                ]
        else:
            unreached.append(f"{Kind.ERROR}: there is no right to take away for it")
    return CrossOrigin(exchanges=tuple(seen), unreached=tuple(unreached), allowed=allowed)


def _preflight(client: Client, kind: Kind, path: str, origin: str) -> Exchange:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    return client.ask(kind, "OPTIONS", path, origin=origin, headers=asked)


def _strangers(allowed: str) -> tuple[str, ...]:
    """Origins that a careless comparison takes for the allowed one, a plain stranger, and null."""
    parts = urlsplit(allowed)
    other = "http" if parts.scheme == "https" else "https"
    return (
        STRANGER,
        "null",
        f"{allowed}.stranger.invalid",
        f"{parts.scheme}://stranger-{parts.netloc}",
        f"{other}://{parts.netloc}",
    )


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


EXCHANGES = Probe(evidence=Exchanges, subject=Subject.STACK, gather=_exchanges, effect=Effect.WRITES)
SECURED = Probe(evidence=Secured, subject=Subject.STACK, gather=_secured, effect=Effect.WRITES)
CROSS_ORIGIN = Probe(evidence=CrossOrigin, subject=Subject.STACK, gather=_cross_origin, effect=Effect.WRITES)
SPOOFED = Probe(evidence=Spoofed, subject=Subject.STACK, gather=_spoofed)
