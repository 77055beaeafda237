"""Evidence about the running backend: one unhandled error on a route of its own, seen from the sink."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.sentry import LiveReport
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable, psql
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.sentry_app.canaries import Canaries
from pytest_saas_validate.probes.sentry_envelopes import Envelope
from pytest_saas_validate.probes.sentry_reading import leaks, person, useful_event
from pytest_saas_validate.probes.sentry_sink import Sink
from pytest_saas_validate.probes.tokens import good_claims, has_issuer, sign
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Database, Routes

_SUBJECT = ("subject of the token", "identity")


def _live(project: Project, stack: Stack) -> LiveReport:
    sink = Sink.of(stack)
    canaries, tenant = Canaries(secrets.token_hex(8), "live"), str(uuid.uuid4())
    sink.clear()
    status = unhandled_error(project, stack, canaries, tenant)
    if status != 500:
        raise ProbeError(
            f"POST {project.spec.routes.collection} answered {status}, not 500, without the right to insert"
        )
    items = [item for envelope in sink.wait(_has_event) for item in envelope.items]
    events = [item.body for item in items if item.type == "event" and isinstance(item.body, dict)]
    route, event = f"POST {project.spec.routes.collection}", _of_an_error(events)
    return LiveReport(
        route=route,
        useful=useful_event(route, event, project.spec.routes.collection),
        person=person(event, canaries.make(*_SUBJECT), tenant),
        leaks=leaks(canaries.list(), items),
    )


def _has_event(arrived: tuple[Envelope, ...]) -> bool:
    return any(item.type == "event" for envelope in arrived for item in envelope.items)


def _of_an_error(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The event that carries an exception, or any."""
    return next((event for event in events if event.get("exception")), events[0] if events else None)


def unhandled_error(project: Project, stack: Stack, canaries: Canaries, tenant: str = "") -> int:
    """Ask the collection with canaries while its role may not insert: the status; the right is given back."""
    spec = project.spec
    if (
        spec.database is None
        or not spec.database.table
        or not spec.routes.collection
        or not has_issuer(stack)
    ):
        raise Unavailable(
            "an unhandled error cannot be provoked: say database.table and routes.collection in "
            "[tool.pytest-saas-validate], and run on an engine with an issuer (local)"
        )
    claims = good_claims(project, stack, tenant) | {"sub": canaries.make(*_SUBJECT)}
    token = sign(stack, claims)
    canaries.add("bearer token", "jwt", token, tuple(token.split(".")[1:]))
    with _without_insert(stack, spec.database), Client(project, stack) as client:
        return _ask(client, stack.facts["host"], spec.routes, token, canaries)


@contextmanager
def _without_insert(stack: Stack, database: Database) -> Iterator[None]:
    """Take the application's right to write its table away, and give it back whatever happens."""
    table, role = psql.name(database.table), psql.name(database.app)
    psql.execute(stack, f"REVOKE INSERT ON {table} FROM {role};")
    try:
        yield
    finally:
        psql.execute(stack, f"GRANT INSERT ON {table} TO {role};")


def _ask(client: Client, host: str, routes: Routes, token: str, canaries: Canaries) -> int:
    """One POST with a canary in every place that a client fills."""
    make = canaries.make
    query = urlencode(
        {
            "email": make("query", "email"),
            "token": make("query", "keyed"),
            "q": make("query", "bare"),
            "customer": make("query", "plain"),
        }
    )
    headers = {
        "Host": host,
        "X-Api-Key": make("header X-Api-Key", "keyed"),
        "Cookie": f"session={make('cookie session', 'keyed')}; csrftoken={make('cookie', 'passphrase')}",
        "Referer": f"https://shop.example/?mail={quote(make('header Referer', 'email'))}",
        "User-Agent": f"shop/1.0 ({make('header User-Agent', 'bare')})",
        "X-Forwarded-For": make("header X-Forwarded-For", "ip"),
        "X-Note": make("other header", "bare"),
        "X-Customer": make("other header", "plain"),
        "X-CSRF-Token": make("header X-CSRF-Token", "passphrase"),
        "Proxy-Authorization": f"Basic {canaries.basic('header Proxy-Authorization', 'passphrase')}",
    }
    body = {name: _filled(name, value, canaries) for name, value in routes.create.items()}
    path = f"{routes.collection}?{query}"
    return client.send("POST", path, token=token, headers=headers, json=body).status_code


def _filled(name: str, value: Any, canaries: Canaries) -> Any:
    """A field of a valid body, a canary where it is text."""
    if not isinstance(value, str):
        return value
    return f"{canaries.make(f'body {name}', 'plain')} {canaries.make(f'body {name}', 'email')}"


LIVE = Probe(evidence=LiveReport, subject=Subject.STACK, gather=_live)
