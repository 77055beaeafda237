"""SH: what answers leave behind in caches and cookies, and what they tell that they should not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_saas_validate.evidence.http import Exchanges, Kind
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "SH018",
    severity=Severity.HIGH,
    title="Private answers are never stored",
    remedy="send Cache-Control: no-store on everything below the API, errors included, and no validators",
    wants=Exchanges,
    subject=Subject.STACK,
)
def no_store(seen: Exchanges) -> Iterator[Finding]:
    """Answers below the tenant-owned collection and answers to a token; preflights are cached apart."""
    for exchange in seen.exchanges:
        if not exchange.private or exchange.method == "OPTIONS":
            continue
        directives = {
            d.strip().lower() for value in exchange.values("cache-control") for d in value.split(",")
        }
        if "no-store" not in directives:
            sent = ", ".join(sorted(directives)) or "not sent"
            yield Finding(where=exchange.place, message=f"cache-control is {sent}, without no-store")
        if exchange.status == 304:
            yield Finding(where=exchange.place, message="304 keeps a private answer alive in a cache")


@check(
    "SH024",
    severity=Severity.CRITICAL,
    title="Cookies are Secure, HttpOnly, SameSite and bound to the host",
    remedy="set __Host-NAME=…; Path=/; Secure; HttpOnly; SameSite=Lax",
    wants=Exchanges,
    subject=Subject.STACK,
)
def cookies(seen: Exchanges) -> Iterator[Finding]:
    """Every Set-Cookie; a cookie against request forgery (csrf, xsrf) may be read by scripts."""
    for exchange in seen.exchanges:
        for value in exchange.values("set-cookie"):
            name, attributes = _cookie(value)
            for fault in _faults(name, attributes):
                yield Finding(where=exchange.place, message=f"cookie {name} {fault}")


def _cookie(value: str) -> tuple[str, Mapping[str, str]]:
    pair, *rest = value.split(";")
    parts = [part.strip().partition("=") for part in rest]
    return pair.partition("=")[0].strip(), {name.strip().lower(): v.strip().lower() for name, _, v in parts}


def _faults(name: str, attributes: Mapping[str, str]) -> Iterator[str]:
    if "secure" not in attributes:
        yield "is not Secure"
    if "httponly" not in attributes and not any(word in name.lower() for word in ("csrf", "xsrf")):
        yield "is not HttpOnly"
    if attributes.get("samesite") not in ("lax", "strict"):
        yield f"has SameSite={attributes.get('samesite') or 'nothing'}, neither Lax nor Strict"
    possible = attributes.get("path") == "/" and "domain" not in attributes
    if possible and not name.startswith("__Host-"):
        yield "could have the prefix __Host- and has not"


@check(
    "SH026",
    severity=Severity.MEDIUM,
    title="Documentation, schema and test routes are off in production",
    remedy="mount them only where the settings say development",
    wants=Exchanges,
    subject=Subject.STACK,
)
def documentation(seen: Exchanges) -> Iterator[Finding]:
    """The usual addresses of interactive documentation, of the schema and of debug routes."""
    for exchange in seen.exchanges:
        if exchange.kind in (Kind.DOCUMENTATION, Kind.TEST_ROUTE) and exchange.status < 400:
            yield Finding(where=exchange.place, message=f"is answered {exchange.status} in production")


@check(
    "SH037",
    severity=Severity.MEDIUM,
    title="A refused body is not repeated",
    remedy="answer validation errors with place and reason only: `input` and `ctx` hold passwords too",
    wants=Exchanges,
    subject=Subject.STACK,
)
def echo(seen: Exchanges) -> Iterator[Finding]:
    """Whether the answer to an invalid body holds the value that made it invalid."""
    for exchange in seen.exchanges:
        if exchange.echoed:
            yield Finding(where=exchange.place, message="the answer repeats what was sent")


@check(
    "SH038",
    severity=Severity.HIGH,
    title="An error tells nothing of the program's inside",
    remedy="answer unhandled errors with a constant body and log the rest; no debug in production",
    wants=Exchanges,
    subject=Subject.STACK,
)
def inside(seen: Exchanges) -> Iterator[Finding]:
    """Error bodies: stack traces, source files, SQL, messages of the database, names of exceptions."""
    for exchange in seen.exchanges:
        for what in exchange.betrays:
            yield Finding(where=exchange.place, message=f"the body shows {what}")
