"""SH: headers that every answer must carry, may carry once, and must not carry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from pytest_saas_validate.evidence.http import CLAIMED_HOST, Exchanges, Kind, Secured, Spoofed
from pytest_saas_validate.findings import Finding, Severity, Subject, check

# What every answer must carry, and why errors, redirects and preflights need it too.
REQUIRED: Mapping[str, str] = {
    "content-security-policy": "an error page that repeats input is a page as well",
    "x-content-type-options": "a browser would guess a type and run what was meant as data",
    "x-frame-options": "older browsers know no frame-ancestors",
    "referrer-policy": "addresses with ids leave to other sites",
    "cross-origin-resource-policy": "other sites can load the answer into their process",
    "cross-origin-opener-policy": "a window that opened the page keeps a hold on it",
    "permissions-policy": "injected content may ask for camera, microphone or position",
}
_ONCE = (*REQUIRED, "strict-transport-security", "cache-control", "access-control-allow-origin")
_YEAR = 31_536_000  # seconds
_PRIVATE_REFERRERS = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
_REFERRERS = (
    *_PRIVATE_REFERRERS,
    *("no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "unsafe-url"),
)
_ISOLATION: Mapping[str, tuple[str, ...]] = {
    "cross-origin-resource-policy": ("same-origin", "same-site"),
    "cross-origin-opener-policy": ("same-origin", "same-origin-allow-popups", "noopener-allow-popups"),
}
# Headers that tell a stranger which program, version or inner host answered.
_TELLING = re.compile(
    r"""(?x) (x-)?powered-by | x-cf-powered-by | x-aspnet(mvc)?-version | x-php-version | x-generator
    | x-runtime | x-version | x-server(-name)? | x-backend(-server)? | x-host | x-served-by | x-hostname
    | x-cms | product | (x-)?sourcemap | x-b3-\w+ | x-envoy-[\w-]+ | x-debug(-[\w-]+)? | x-mod-pagespeed
    | x-varnish[\w-]* | x-litespeed[\w-]* | x-turbo-charged-by | k-proxy-request | host-header""",
)
# Headers that browsers dropped since they did harm, and what takes their place.
_DEPRECATED: Mapping[str, str] = {
    "expect-ct": "browsers demand certificate transparency anyway",
    "public-key-pins": "a wrong pin locks every visitor out",
    "public-key-pins-report-only": "a wrong pin locks every visitor out",
    "feature-policy": "Permissions-Policy took its place",
    "x-content-security-policy": "Content-Security-Policy took its place",
    "x-webkit-csp": "Content-Security-Policy took its place",
}


def _none_at_all(seen: Exchanges, name: str) -> Iterator[Finding]:
    """A check of values must not pass where the header is nowhere; gaps on single answers are SH001's."""
    if not any(exchange.values(name) for exchange in seen.exchanges):
        yield Finding(where="every answer", message=f"no answer carries {name}")


def _values(seen: Exchanges, name: str, good: Callable[[str], bool], wanted: str) -> Iterator[Finding]:
    yield from _none_at_all(seen, name)
    for exchange in seen.exchanges:
        for value in exchange.values(name):
            if not good(value.strip().lower()):
                yield Finding(where=exchange.place, message=f"{name} is {value!r}, not {wanted}")


@check(
    "SH001",
    severity=Severity.CRITICAL,
    title="Every kind of answer carries every required header",
    remedy="wrap the finished ASGI application; a middleware inside sees no unhandled error and no preflight",
    wants=Exchanges,
    subject=Subject.STACK,
)
def required(seen: Exchanges) -> Iterator[Finding]:
    """All kinds that were reached, except an accepted websocket, against one table with reasons."""
    for exchange in seen.exchanges:
        for name, reason in REQUIRED.items():
            if exchange.kind is not Kind.WEBSOCKET and not exchange.values(name):
                yield Finding(where=exchange.place, message=f"{name} is missing: {reason}")


@check(
    "SH002",
    severity=Severity.HIGH,
    title="Each security header is sent once",
    remedy="let one place own each header: the application or the proxy, not both",
    wants=Exchanges,
    subject=Subject.STACK,
)
def once(seen: Exchanges) -> Iterator[Finding]:
    """Raw header lines, also through the TLS front: browsers disagree on what two of them mean."""
    for exchange in seen.exchanges:
        for name in _ONCE:
            values = exchange.values(name)
            if len(values) > 1:
                times = f"{len(values)} times: {', '.join(map(repr, values))}"
                yield Finding(where=exchange.place, message=f"{name} is sent {times}")


@check(
    "SH009",
    severity=Severity.CRITICAL,
    title="Over TLS, Strict-Transport-Security holds for a year and for subdomains",
    remedy="send max-age=63072000; includeSubDomains, and let the server trust its proxy for the scheme",
    wants=Secured,
    subject=Subject.STACK,
)
def transport(seen: Secured) -> Iterator[Finding]:
    """Every answer through the TLS front; a repeated header counts as none, as browsers take the first."""
    for exchange in seen.exchanges:
        if exchange.kind is Kind.WEBSOCKET:
            continue
        value = next(iter(exchange.values("strict-transport-security")), None)
        if value is None:
            yield Finding(where=exchange.place, message="strict-transport-security is missing")
            continue
        age = re.search(r'(?i)\bmax-age\s*=\s*"?(\d+)', value)
        if age is None or int(age.group(1)) < _YEAR:
            yield Finding(where=exchange.place, message=f"{value!r} holds for less than {_YEAR} seconds")
        if not re.search(r"(?i)(^|;)\s*includeSubDomains\s*(;|$)", value):
            yield Finding(where=exchange.place, message=f"{value!r} leaves subdomains out")


@check(
    "SH010",
    severity=Severity.HIGH,
    title="No Strict-Transport-Security in plain text, and no preload by accident",
    remedy="send it only when the scheme is https; waive this check where preloading was chosen knowingly",
    wants=Exchanges,
    subject=Subject.STACK,
)
def transport_in_plain(seen: Exchanges) -> Iterator[Finding]:
    """Plain answers must not carry it (developers get locked out); preloading cannot be undone."""
    for exchange in seen.exchanges:
        for value in exchange.values("strict-transport-security"):
            if exchange.scheme == "http":
                yield Finding(where=exchange.place, message=f"{value!r} is sent without TLS")
            if re.search(r"(?i)(^|;)\s*preload\s*(;|$)", value):
                yield Finding(where=exchange.place, message=f"{value!r} asks for the browsers' preload list")


@check(
    "SH011",
    severity=Severity.HIGH,
    title="Forwarded headers of a stranger have no effect",
    remedy="trust forwarded headers only from the proxy's addresses, by the server's setting",
    wants=Spoofed,
    subject=Subject.STACK,
)
def forwarded(seen: Spoofed) -> Iterator[Finding]:
    """A peer that is no proxy claims https and another host; beside it, the same without the claim."""
    for exchange, plain in zip(seen.exchanges, seen.plain, strict=True):
        if exchange.values("strict-transport-security") and not plain.values("strict-transport-security"):
            yield Finding(where=exchange.place, message="the claim of https was believed: HSTS is sent")
        location = next(iter(exchange.values("location")), "")
        if location.startswith("https://") and not plain.values("location")[0].startswith("https://"):
            yield Finding(
                where=exchange.place, message="the claim of https was believed: the redirect follows it"
            )
        if CLAIMED_HOST in location:
            yield Finding(
                where=exchange.place, message="the claimed host was believed: the redirect leads there"
            )
        if exchange.status != plain.status:
            yield Finding(
                where=exchange.place,
                message=f"the claim changes the answer from {plain.status} to {exchange.status}",
            )


@check(
    "SH013",
    severity=Severity.HIGH,
    title="X-Content-Type-Options is nosniff",
    remedy="send exactly `nosniff`",
    wants=Exchanges,
    subject=Subject.STACK,
)
def nosniff(seen: Exchanges) -> Iterator[Finding]:
    """The value on every answer that carries it, and that some answer does."""
    yield from _values(seen, "x-content-type-options", lambda value: value == "nosniff", "nosniff")


@check(
    "SH015",
    severity=Severity.MEDIUM,
    title="Referrer-Policy keeps addresses private",
    remedy="send no-referrer or strict-origin-when-cross-origin",
    wants=Exchanges,
    subject=Subject.STACK,
)
def referrer(seen: Exchanges) -> Iterator[Finding]:
    """The last value that browsers know, on every answer that carries one, and that some answer does."""

    def private(value: str) -> bool:
        known = [part.strip() for part in value.split(",") if part.strip() in _REFERRERS]
        return bool(known) and known[-1] in _PRIVATE_REFERRERS

    yield from _values(seen, "referrer-policy", private, "one of " + ", ".join(_PRIVATE_REFERRERS))


@check(
    "SH016",
    severity=Severity.MEDIUM,
    title="Cross-origin isolation headers isolate",
    remedy="send Cross-Origin-Resource-Policy: same-origin and Cross-Origin-Opener-Policy: same-origin",
    wants=Exchanges,
    subject=Subject.STACK,
)
def isolation(seen: Exchanges) -> Iterator[Finding]:
    """The values of the resource and the opener policy, and that some answer carries each."""
    for name, good in _ISOLATION.items():
        yield from _values(seen, name, good.__contains__, "one of " + ", ".join(good))


@check(
    "SH020",
    severity=Severity.MEDIUM,
    title="No header names the program, its version or an inner host",
    remedy="switch the server's own header off (uvicorn --no-server-header) and delete the others",
    wants=Exchanges,
    subject=Subject.STACK,
)
def telling(seen: Exchanges) -> Iterator[Finding]:
    """Server and some thirty names; a server before the application may name itself, without a version."""
    for exchange in seen.exchanges:
        for name, value in exchange.headers:
            bare = exchange.fronted and re.fullmatch(r"[A-Za-z-]+", value)
            if _TELLING.fullmatch(name) or (name == "server" and value and not bare):
                yield Finding(where=exchange.place, message=f"{name}: {value}")


@check(
    "SH021",
    severity=Severity.LOW,
    title="No deprecated header is sent",
    remedy="delete it; X-XSS-Protection may stay with the value 0",
    wants=Exchanges,
    subject=Subject.STACK,
)
def deprecated(seen: Exchanges) -> Iterator[Finding]:
    """Headers that browsers dropped, and X-XSS-Protection with any value but 0."""
    for exchange in seen.exchanges:
        for name, value in exchange.headers:
            if name in _DEPRECATED:
                yield Finding(where=exchange.place, message=f"{name} is sent: {_DEPRECATED[name]}")
            if name == "x-xss-protection" and value.strip() != "0":
                yield Finding(
                    where=exchange.place, message=f"{name} is {value!r}: its filter was itself a hole"
                )
