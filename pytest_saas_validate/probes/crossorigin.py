"""Evidence about what pages of other origins may read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import CrossOrigin, Exchange, Kind
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.locating import NOWHERE, address
from pytest_saas_validate.probes.psql import without_rights
from pytest_saas_validate.probes.refusals import addresses, bodies, refused, too_large
from pytest_saas_validate.probes.responses import STRANGER
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

_PORT = 8443
# What developers leave in a list of origins, and what is no page of the web.
_LEFT_OVER = (
    *("http://localhost", "http://localhost:3000", "http://localhost:5173", "http://127.0.0.1:8000"),
    *("file://", "https://example.com"),
)


def _cross_origin(project: Project, stack: Stack) -> CrossOrigin:
    allowed = stack.facts.get("origin", "")
    if not allowed:
        raise Unavailable(
            "the stack does not say which origin is allowed; give it one in the table's environment"
        )
    token = good_token(project, stack)
    path = project.spec.routes.collection if token else ""
    asked = path or project.spec.routes.public
    unreached: list[str] = []
    with Client(project, stack) as client:
        fine = client.ask(Kind.OK, "GET", asked, token=token, origin=allowed)
        if fine.status != 200:
            raise ProbeError(f"{fine.place} is answered {fine.status}: nothing can be judged by it")
        seen = [fine, client.ask(Kind.UNROUTED, "GET", project.spec.routes.above + NOWHERE, origin=allowed)]
        if path:
            seen += _answers(project, client, token, allowed, unreached)
            seen += _failures(project, stack, client, token, allowed, unreached)
        else:
            seen.append(_preflight(client, Kind.ALLOWED, asked, allowed))
        seen += _to_strangers(client, asked, token, allowed)
    return CrossOrigin(exchanges=tuple(seen), unreached=tuple(unreached), allowed=allowed)


def _answers(
    project: Project, client: Client, token: str, allowed: str, unreached: list[str]
) -> Iterator[Exchange]:
    """What a page of the allowed origin gets: each method, after the question that a browser asks first."""
    path, create = project.spec.routes.collection, dict(project.spec.routes.create)
    absent, shown = f"{path}/{uuid.uuid4()}", path + "/{id}"
    yield client.ask(Kind.ANONYMOUS, "GET", path, origin=allowed)
    yield client.ask(Kind.ABSENT, "GET", absent, token=token, origin=allowed, shown=shown)
    yield client.ask(Kind.METHOD, "PATCH", path, token=token, origin=allowed)
    for refusal in (*list(bodies("POST", path, create))[:1], next(addresses(path))):
        yield refused(client, refusal, token, allowed)
    large = too_large(client, path, token, allowed)
    if large is None:
        unreached.append(f"{Kind.TOO_LARGE}: there is no limit")
    else:
        yield large
    yield _preflight(client, Kind.ALLOWED, path, allowed)
    if not create:
        return
    made = client.send("POST", path, token=token, headers={"Origin": allowed}, json=create)
    yield client.keep(Kind.CREATED, made)
    yield _preflight(client, Kind.ALLOWED, path, allowed, "POST")
    one = address(made, path)
    for method in ("PUT", "PATCH", "DELETE") if one else ():
        body = None if method == "DELETE" else create
        found = client.ask(Kind.OK, method, one, token=token, origin=allowed, json=body, shown=shown)
        if found.status < 300:
            yield found
            yield _preflight(client, Kind.ALLOWED, one, allowed, method, shown)


def _failures(
    project: Project, stack: Stack, client: Client, token: str, allowed: str, unreached: list[str]
) -> Iterator[Exchange]:
    path, create = project.spec.routes.collection, dict(project.spec.routes.create)
    database = project.spec.database
    if database is None or not database.table or "database" not in stack.services:
        unreached.append(f"{Kind.ERROR}: there is no right to take away for it")
        return
    with without_rights(stack, database):
        for origin in (allowed, STRANGER):
            yield client.ask(Kind.ERROR, "GET", path, token=token, origin=origin)
        yield client.ask(Kind.ERROR, "POST", path, token=token, origin=allowed, json=create)


def _to_strangers(client: Client, path: str, token: str, allowed: str) -> Iterator[Exchange]:
    for stranger in strangers(allowed):
        yield client.ask(Kind.OK, "GET", path, token=token, origin=stranger)
        yield _preflight(client, Kind.REFUSED, path, stranger)
    for look_alike in look_alikes(allowed):
        yield client.ask(Kind.ANONYMOUS, "GET", path, origin=look_alike)


def _preflight(
    client: Client, kind: Kind, path: str, origin: str, method: str = "GET", shown: str = ""
) -> Exchange:
    """The question of a browser before a page may send a token, and JSON where there is a body."""
    names = "authorization, content-type" if method in ("POST", "PUT", "PATCH") else "authorization"
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": names}
    what = "" if method == "GET" else f"for {method}"
    return client.ask(kind, "OPTIONS", path, origin=origin, headers=asked, shown=shown, what=what)


def strangers(allowed: str) -> tuple[str, ...]:
    """Origins that a careless comparison takes for the allowed one, a plain stranger, and null."""
    parts = urlsplit(allowed)
    other = "http" if parts.scheme == "https" else "https"
    return (
        STRANGER,
        "null",
        f"{allowed}.stranger.invalid",
        f"{parts.scheme}://stranger-{parts.netloc}",
        f"{parts.scheme}://stranger.{parts.netloc}",
        f"{other}://{parts.netloc}",
        *list(_exchanged(allowed))[:1],
    )


def look_alikes(allowed: str) -> tuple[str, ...]:
    """More of them, one for each way to compare that is not whole and exact."""
    parts = urlsplit(allowed)
    host, port = parts.hostname or "", parts.port
    at = f":{port}" if port else ""
    begin, labels = f"{parts.scheme}://", host.split(".")
    found = [
        *list(_exchanged(allowed))[1:],
        f"{begin}{host}:{_PORT + 1 if port == _PORT else _PORT}",
        f"{begin}{host}.{at}",
        f"{begin}{host.upper()}{at}",
        f"{parts.scheme.upper()}://{host}{at}",
        f"{begin}stranger{host}{at}",
        f"{allowed}x",
        f"{allowed}_.stranger.invalid",
        f"{allowed}@stranger.invalid",
        f"{STRANGER}/{allowed}",
        f"{STRANGER}?{allowed}",
        f"{allowed} {STRANGER}",
        f"{allowed},{STRANGER}",
        f"{allowed}/",
        host,
        *_LEFT_OVER,
    ]
    if port:
        found.append(begin + host)
    if len(labels) > 2 and not labels[-1].isdigit():
        found += [f"{begin}{'.'.join(labels[1:])}{at}", f"{begin}stranger.{'.'.join(labels[1:])}{at}"]
    return tuple(origin for origin in dict.fromkeys(found) if origin != allowed)


def _exchanged(allowed: str) -> Iterator[str]:
    """Each dot of the host in turn is another letter: the dot of a regular expression is any."""
    for at, letter in enumerate(allowed):
        if letter == ".":
            yield f"{allowed[:at]}x{allowed[at + 1 :]}"


CROSS_ORIGIN = Probe(evidence=CrossOrigin, subject=Subject.STACK, gather=_cross_origin, effect=Effect.WRITES)
