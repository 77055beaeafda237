"""SH: headers that every answer must carry, may carry once, and must not carry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pytest_saas_validate.checks.per_answer import Fault, per_answer
from pytest_saas_validate.evidence.http import Exchanges, Kind
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
    r"""(?x) (x-)?powered-by | x-cf-powered-by | x-aspnet(mvc)?-version | x-php-version | x-generator | x-cms
    | x-host | x-served-by | product | (x-)?sourcemap | x-b3-\w+ | x-envoy-[\w-]+ | x-debug(-[\w-]+)? | via
    | x-mod-pagespeed | x-varnish[\w-]* | x-litespeed[\w-]* | x-turbo-charged-by | k-proxy-request
    | host-header | (x-)?([a-z]+-)?(hostname|pod|node|instance|container|worker|upstream|backend)(-\w+)?
    | (x-)?([a-z]+-)?(framework|runtime)(-\w+)?
    | x-((app|application|service|server|software|build|release|image|git|python)-)*
      (version|build|release|commit|revision|server|sha)(-(name|id|ip|addr))?""",
)
# What programs call themselves; the version makes the difference between a word and a program.
_PROGRAM = re.compile(
    r"(?i)\b(uvicorn|gunicorn|hypercorn|granian|daphne|starlette|fastapi|werkzeug|c?python|pydantic|nginx|caddy"
    r"|openresty|traefik|envoy|haproxy|apache|express|sqlalchemy|asyncpg|postgres(ql)?|redis|valkey)[ /-]v?\d"
)
_INNER = re.compile(
    r"\b(?:10\.\d{1,3}|127\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d{1,3}\.\d{1,3}\b"
    r"|\b[\w-]+(\.[\w-]+)*\.(?:svc|cluster\.local|internal|local|lan)\b"
)
# They hold the address that was asked, or a list of origins.
_ADDRESSED = frozenset(
    {"location", "content-location", "access-control-allow-origin", "content-security-policy", "link"}
    | {
        "refresh",
        "www-authenticate",
        "reporting-endpoints",
        "report-to",
        "content-security-policy-report-only",
    }
)
# Headers that browsers dropped since they did harm, and what takes their place.
_DEPRECATED: Mapping[str, str] = {
    "expect-ct": "browsers demand certificate transparency anyway",
    "public-key-pins": "a wrong pin locks every visitor out",
    "public-key-pins-report-only": "a wrong pin locks every visitor out",
    "feature-policy": "Permissions-Policy took its place",
    "x-content-security-policy": "Content-Security-Policy took its place",
    "x-webkit-csp": "Content-Security-Policy took its place",
    "p3p": "no browser reads it",
    "x-ua-compatible": "the browsers that read it are gone",
}


def _none_at_all(seen: Exchanges, name: str) -> Iterator[Fault | Finding]:
    """A check of values must not pass where the header is nowhere; gaps on single answers are SH001's."""
    if not any(exchange.values(name) for exchange in seen.exchanges):
        yield Finding(where="every answer", message=f"no answer carries {name}")


def _values(
    seen: Exchanges, name: str, good: Callable[[str], bool], wanted: str
) -> Iterator[Fault | Finding]:
    yield from _none_at_all(seen, name)
    for exchange in seen.exchanges:
        for value in exchange.values(name):
            if not good(value.strip().lower()):
                yield exchange, f"{name} is {value!r}, not {wanted}"


@check(
    "SH001",
    severity=Severity.CRITICAL,
    title="Every kind of answer carries every required header",
    why="error pages, redirects and refusals are what an attacker can provoke at will, and they are the "
    "answers that lose headers first",
    remedy="wrap the finished ASGI application; a middleware inside sees no unhandled error and no preflight",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def required(seen: Exchanges) -> Iterator[Fault | Finding]:
    """All kinds that were reached, except an accepted websocket, against one table with reasons."""
    for exchange in seen.exchanges:
        missing = [name for name in REQUIRED if not exchange.values(name)]
        if missing and exchange.kind is not Kind.WEBSOCKET:
            yield exchange, _lack(missing)


def _lack(missing: Sequence[str]) -> str:
    """What an answer lacks: with the reasons while these are few, and without where it is simply bare."""
    if len(missing) == len(REQUIRED):
        return f"it is bare: {', '.join(missing)} are missing"
    return "; ".join(f"{name} is missing: {REQUIRED[name]}" for name in missing)


@check(
    "SH002",
    severity=Severity.HIGH,
    title="Each security header is sent once",
    why="of two values a browser applies the first, the last or neither, so that the policy that holds is "
    "not the one that was reviewed",
    remedy="let one place own each header: the application or the proxy, not both",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def once(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Raw header lines, also through the TLS front: browsers disagree on what two of them mean."""
    for exchange in seen.exchanges:
        for name in _ONCE:
            values = exchange.values(name)
            if len(values) > 1:
                times = f"{len(values)} times: {', '.join(map(repr, values))}"
                yield exchange, f"{name} is sent {times}"


@check(
    "SH013",
    severity=Severity.HIGH,
    title="X-Content-Type-Options is nosniff",
    why="a browser that guesses takes an upload or a JSON answer for a script or a page of your origin, "
    "and runs it",
    remedy="send exactly `nosniff`",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def nosniff(seen: Exchanges) -> Iterator[Fault | Finding]:
    """The value on every answer that carries it, and that some answer does."""
    yield from _values(seen, "x-content-type-options", lambda value: value == "nosniff", "nosniff")


@check(
    "SH015",
    severity=Severity.MEDIUM,
    title="Referrer-Policy keeps addresses private",
    why="ids, search words and tokens in addresses go to every site that a page links to or loads from",
    remedy="send no-referrer or strict-origin-when-cross-origin",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def referrer(seen: Exchanges) -> Iterator[Fault | Finding]:
    """The last value that browsers know, on every answer that carries one, and that some answer does."""

    def private(value: str) -> bool:
        known = [part.strip() for part in value.split(",") if part.strip() in _REFERRERS]
        return bool(known) and known[-1] in _PRIVATE_REFERRERS

    yield from _values(seen, "referrer-policy", private, "one of " + ", ".join(_PRIVATE_REFERRERS))


@check(
    "SH016",
    severity=Severity.MEDIUM,
    title="Cross-origin isolation headers isolate",
    why="another site loads the answer into its own process, where attacks of the Spectre kind read it, or "
    "keeps a hold on the window that it opened",
    remedy="send Cross-Origin-Resource-Policy: same-origin and Cross-Origin-Opener-Policy: same-origin",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def isolation(seen: Exchanges) -> Iterator[Fault | Finding]:
    """The values of the resource and the opener policy, and that some answer carries each."""
    for name, good in _ISOLATION.items():
        yield from _values(seen, name, good.__contains__, "one of " + ", ".join(good))


@check(
    "SH020",
    severity=Severity.MEDIUM,
    title="No header names the program with its version, or an inner host",
    why="a version picks the exploit, and the name of an inner host tells what to reach for next",
    remedy="switch the server's own header off (uvicorn --no-server-header) and delete the others",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def telling(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Names that tell, and values that name a program with its version or an inner address.

    A server before the application may name itself, without a version.
    """
    for exchange in seen.exchanges:
        for name, value in exchange.headers:
            bare = exchange.fronted and re.fullmatch(r"[A-Za-z-]+", value)
            inner = name not in _ADDRESSED and (_PROGRAM.search(value) or _INNER.search(value))
            if _TELLING.fullmatch(name) or (name == "server" and value and not bare) or inner:
                yield exchange, f"{name}: {value}"


@check(
    "SH021",
    severity=Severity.LOW,
    title="No header is sent that browsers have dropped",
    why="they protect nobody any more, and some open a hole or lock visitors out; whoever sees them relies "
    "on what is gone",
    remedy="delete it; X-XSS-Protection may stay with the value 0",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def deprecated(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Headers that browsers dropped, and X-XSS-Protection with any value but 0."""
    for exchange in seen.exchanges:
        for name, value in exchange.headers:
            if name in _DEPRECATED:
                yield exchange, f"{name} is sent: {_DEPRECATED[name]}"
            if name == "x-xss-protection" and value.strip() != "0":
                yield exchange, f"{name} is {value!r}: its filter was itself a hole"
