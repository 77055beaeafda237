"""SH: what pages of other origins may read."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.headers import REQUIRED
from pytest_saas_validate.checks.per_answer import Fault, per_answer
from pytest_saas_validate.evidence.http import CrossOrigin, Exchange, Exchanges, Kind
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_ALLOW = "access-control-allow-origin"
_ALWAYS = ("GET", "HEAD", "POST")  # methods that a browser sends without being allowed to


def _credentials(exchange: Exchange) -> bool:
    return "true" in (value.strip().lower() for value in exchange.values("access-control-allow-credentials"))


@check(
    "SH022",
    severity=Severity.CRITICAL,
    title="Only the listed origins are allowed",
    why="any page that a user happens to visit can read the API with that user's credentials",
    remedy="compare Origin with an explicit list, whole and exact; never send it back unseen or allow null",
    wants=CrossOrigin,
    subject=Subject.STACK,
)
@per_answer
def origins(seen: CrossOrigin) -> Iterator[Fault | Finding]:
    """Strangers, some thirty look-alikes of the allowed origin, what developers leave in the list, and null.

    `*` is no list: beside credentials it is never right, and on an answer to a token it ignores the list.
    """
    for exchange in seen.exchanges:
        with_ = " with credentials" if _credentials(exchange) else ""
        for value in exchange.values(_ALLOW):
            if value == "*" and (with_ or (exchange.private and exchange.method != "OPTIONS")):
                yield exchange, f"every origin is allowed{with_}"
            elif exchange.origin != seen.allowed and value in (exchange.origin, "null"):
                yield exchange, f"the foreign origin {value} is allowed{with_}"
            elif value not in (seen.allowed, "*"):
                yield exchange, f"{value} is allowed, which is not the listed origin{with_}"


@check(
    "SH023",
    severity=Severity.HIGH,
    title="The allowed origin gets usable answers, a refused preflight gets no permission",
    why="the front end sees a network error in place of every refusal and failure, so that neither users "
    "nor developers learn what went wrong",
    remedy="place CORS inside the header wrapper but outside of whatever refuses or fails",
    wants=(CrossOrigin, Exchanges),
    subject=Subject.STACK,
)
@per_answer
def usable(seen: CrossOrigin, toured: Exchanges) -> Iterator[Fault | Finding]:
    """Preflights of both kinds, for each method that works, and every answer to the allowed origin.

    It must read refusals and failures too, also those of the body's size and of a missing dependency.
    """
    away = (exchange for exchange in toured.exchanges if exchange.kind is Kind.AWAY)
    for exchange in (*seen.exchanges, *away):
        allowed = exchange.values(_ALLOW)
        if exchange.kind is Kind.REFUSED:
            if allowed:
                yield exchange, f"the refusal still carries {_ALLOW}: {allowed[0]}"
            continue
        if exchange.origin != seen.allowed:
            continue
        if exchange.kind is Kind.ALLOWED:
            yield from _preflight(exchange)
        if not {seen.allowed, "*"} & set(allowed):
            yield exchange, f"{_ALLOW} is missing: the page cannot read this answer"


def _preflight(exchange: Exchange) -> Iterator[Fault]:
    if not 200 <= exchange.status < 300:
        yield exchange, f"the preflight is answered {exchange.status}"
    method, *names = exchange.wanted or ("GET",)
    methods = _listed(exchange, "access-control-allow-methods")
    if not methods:
        yield exchange, "access-control-allow-methods is missing"
    elif method not in _ALWAYS and not {method.lower(), "*"} & methods:
        yield exchange, f"access-control-allow-methods does not name {method}: the browser will not send it"
    headers = _listed(exchange, "access-control-allow-headers")
    for name in names:
        if name not in headers and ("*" not in headers or name == "authorization"):
            yield exchange, f"access-control-allow-headers does not name {name}: the browser will not send it"
    missing = [name for name in REQUIRED if not exchange.values(name)]
    if missing:
        yield exchange, f"it lacks {', '.join(missing)}"


def _listed(exchange: Exchange, name: str) -> set[str]:
    """The words of a header that is a list, in lower case."""
    return {w.strip().lower() for value in exchange.values(name) for w in value.split(",") if w.strip()}
