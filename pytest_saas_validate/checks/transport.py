"""SH: what is promised about TLS, and whose word is taken for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.checks.per_answer import Fault, per_answer
from pytest_saas_validate.evidence.http import CLAIMED_HOST, Exchange, Exchanges, Kind, Secured, Spoofed
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NAME = "strict-transport-security"
_YEAR = 31_536_000  # seconds


@check(
    "SH009",
    severity=Severity.CRITICAL,
    title="Over TLS, Strict-Transport-Security holds for a year and for subdomains",
    why="whoever types the bare name on a foreign network speaks in plain text first, and a stranger there "
    "can read or replace the session",
    remedy="send max-age=63072000; includeSubDomains, and let the server trust its proxy for the scheme",
    wants=Secured,
    subject=Subject.STACK,
)
@per_answer
def transport(seen: Secured) -> Iterator[Fault | Finding]:
    """Every answer through the TLS front; a repeated header counts as none, as browsers take the first."""
    somewhere = any(exchange.values(_NAME) for exchange in seen.exchanges)
    for exchange in seen.exchanges:
        if exchange.kind is Kind.WEBSOCKET:
            continue
        value = next(iter(exchange.values(_NAME)), None)
        if value is None:
            yield exchange, f"{_NAME} is missing", _gap(exchange) if somewhere else ""
            continue
        age = re.search(r'(?i)\bmax-age\s*=\s*"?(\d+)', value)
        if age is None or int(age.group(1)) < _YEAR:
            yield exchange, f"{value!r} holds for less than {_YEAR} seconds"
        if not re.search(r"(?i)(^|;)\s*includeSubDomains\s*(;|$)", value):
            yield exchange, f"{value!r} leaves subdomains out"


def _gap(exchange: Exchange) -> str:
    """How to mend an answer that lacks what others carry: the proxy is trusted already."""
    if exchange.kind is Kind.DENIAL:
        return "other answers carry it: where the header is set, treat the scheme wss of a websocket as https"
    return (
        "other answers carry it, so the scheme is known: set the header outside of whatever gives this answer"
    )


@check(
    "SH010",
    severity=Severity.HIGH,
    title="No Strict-Transport-Security in plain text, and no preload by accident",
    why="without TLS it shows that the scheme is judged wrongly, and a place on the preload list binds "
    "every subdomain for months after it is regretted",
    remedy="send it only when the scheme is https; waive this check where preloading was chosen knowingly",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def transport_in_plain(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Plain answers must not carry it (developers get locked out); preloading cannot be undone."""
    for exchange in seen.exchanges:
        for value in exchange.values(_NAME):
            if exchange.scheme == "http":
                yield exchange, f"{value!r} is sent without TLS"
            if re.search(r"(?i)(^|;)\s*preload\s*(;|$)", value):
                yield exchange, f"{value!r} asks for the browsers' preload list"


@check(
    "SH011",
    severity=Severity.HIGH,
    title="Forwarded headers of a stranger do not change an answer",
    why="a client that may claim scheme, host or address poisons links in mails and caches, and slips past "
    "limits and logs that count by address",
    remedy="trust forwarded headers only from the proxy's addresses, by the server's setting",
    wants=Spoofed,
    subject=Subject.STACK,
)
@per_answer
def forwarded(seen: Spoofed) -> Iterator[Fault | Finding]:
    """A peer that is no proxy claims https, a host, a path and a method; beside it, the same without it."""
    for exchange, plain in zip(seen.exchanges, seen.plain, strict=True):
        if exchange.values(_NAME) and not plain.values(_NAME):
            yield exchange, "the claim of https was believed: HSTS is sent"
        location = next(iter(exchange.values("location")), "")
        plainly = next(iter(plain.values("location")), "")
        if location.startswith("https://") and not plainly.startswith("https://"):
            yield exchange, "the claim of https was believed: the redirect follows it"
        if CLAIMED_HOST in location:
            yield exchange, "the claimed host was believed: the redirect leads there"
        elif exchange.claimed:
            yield exchange, "the claimed host was believed: the answer holds it"
        if exchange.status != plain.status:
            yield exchange, f"the claim changes the answer from {plain.status} to {exchange.status}"
