"""SH: what answers leave behind in caches and cookies, and what they tell that they should not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_saas_validate.checks.per_answer import Fault, per_answer
from pytest_saas_validate.evidence.http import Exchanges, Kind
from pytest_saas_validate.findings import Finding, Severity, Subject, check

# What some caches between obey instead.
_ELSEWHERE = ("cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control", "x-accel-expires")


@check(
    "SH018",
    severity=Severity.HIGH,
    title="Private answers are never stored",
    why="a shared cache, or the browser's back button after a logout, shows one person's data to the next",
    remedy="send Cache-Control: no-store on everything below the API, errors included, and no validators",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def no_store(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Answers below the tenant-owned collection and answers to a token, refusals and failures included.

    Preflights are cached apart.
    """
    for exchange in seen.exchanges:
        if not exchange.private or exchange.method == "OPTIONS":
            continue
        directives = {
            d.strip().lower() for value in exchange.values("cache-control") for d in value.split(",")
        }
        if "no-store" not in directives:
            sent = ", ".join(sorted(directives)) or "not sent"
            yield exchange, f"cache-control is {sent}, without no-store"
        for name in _ELSEWHERE:
            for value in exchange.values(name):
                if "no-store" not in value.lower():
                    yield exchange, f"{name} is {value!r}: the caches that obey it do not read cache-control"
        if exchange.status == 304:
            yield exchange, "304 keeps a private answer alive in a cache"


@check(
    "SH024",
    severity=Severity.CRITICAL,
    title="Cookies are Secure, HttpOnly, SameSite and bound to the host",
    why="the cookie is sent in plain text, read by an injected script, sent along with another site's "
    "request, or set by a neighbouring subdomain",
    remedy="set __Host-NAME=…; Path=/; Secure; HttpOnly; SameSite=Lax",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def cookies(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Every Set-Cookie; a cookie against request forgery (csrf, xsrf) may be read by scripts."""
    for exchange in seen.exchanges:
        for value in exchange.values("set-cookie"):
            name, attributes = _cookie(value)
            for fault in _faults(name, attributes):
                yield exchange, f"cookie {name} {fault}"


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
    if "domain" in attributes:
        yield f"is sent to every host below {attributes['domain']}"
    possible = attributes.get("path") == "/" and "domain" not in attributes
    if possible and not name.startswith("__Host-"):
        yield "could have the prefix __Host- and has not"


@check(
    "SH026",
    severity=Severity.MEDIUM,
    title="In production nothing answers at the usual addresses of documentation, schema and test routes",
    why="a schema hands every stranger the map of all routes, and a test route acts without the checks of "
    "real ones",
    remedy="mount them only where the settings say development",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def documentation(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Some forty addresses; a test route that fails, or wants another method, is mounted too."""
    for exchange in seen.exchanges:
        mounted = exchange.unlike and (exchange.status in (405, 422) or exchange.status >= 500)
        if exchange.kind in (Kind.DOCUMENTATION, Kind.TEST_ROUTE) and (exchange.status < 400 or mounted):
            yield exchange, f"is answered {exchange.status} in production"


@check(
    "SH037",
    severity=Severity.MEDIUM,
    title="What is refused is not repeated",
    why="a password typed into the wrong field comes back in the answer, and stays in logs of browsers, "
    "proxies and error trackers",
    remedy="answer with place and a constant reason; `input`, `ctx` and own messages may hold passwords",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def echo(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Marked values in bodies with one mistake each, identifiers, queries, hosts, origins and tokens.

    The answer must hold no part of them, neither in its body nor in its head. Failures count too.
    """
    for exchange in seen.exchanges:
        if exchange.echoed:
            yield exchange, "the answer repeats what was sent"


@check(
    "SH038",
    severity=Severity.HIGH,
    title="An error tells nothing of the program's inside",
    why="versions, tables, paths and inner hosts are the hard part of the next attack, and a stack trace "
    "gives them away",
    remedy="answer errors with a constant body, health pages with names only, and log the rest",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def inside(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Refusals, failures, and answers while database or cache are away, with their heads.

    Stack traces, source files, SQL, messages of the database, names of exceptions, reasons why a connection
    failed, inner addresses, objects, and what the backend was told of the services behind it.
    """
    for exchange in seen.exchanges:
        for what in exchange.betrays:
            yield exchange, f"it shows {what}"
