"""SH: what pages of other origins may read."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.headers import REQUIRED
from pytest_saas_validate.evidence.http import CrossOrigin, Exchange, Kind
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_ALLOW = "access-control-allow-origin"


def _credentials(exchange: Exchange) -> bool:
    return "true" in (value.strip().lower() for value in exchange.values("access-control-allow-credentials"))


@check(
    "SH022",
    severity=Severity.CRITICAL,
    title="Only the listed origins are allowed",
    remedy="compare Origin with an explicit list, whole and exact; never send it back unseen or allow null",
    wants=CrossOrigin,
    subject=Subject.STACK,
)
def origins(seen: CrossOrigin) -> Iterator[Finding]:
    """Strangers, look-alikes of the allowed origin, and null; and `*` together with credentials."""
    for exchange in seen.exchanges:
        for value in exchange.values(_ALLOW):
            with_ = " with credentials" if _credentials(exchange) else ""
            if exchange.origin != seen.allowed and value in (exchange.origin, "null"):
                yield Finding(where=exchange.place, message=f"the foreign origin {value} is allowed{with_}")
            if value == "*" and with_:
                yield Finding(where=exchange.place, message=f"every origin is allowed{with_}")


@check(
    "SH023",
    severity=Severity.HIGH,
    title="The allowed origin gets usable answers, a refused preflight gets no permission",
    remedy="place CORS inside the header wrapper but outside of error handling, so that errors pass it",
    wants=CrossOrigin,
    subject=Subject.STACK,
)
def usable(seen: CrossOrigin) -> Iterator[Finding]:
    """Preflights of both kinds, and every answer to the allowed origin: it must read errors too."""
    for exchange in seen.exchanges:
        allowed = exchange.values(_ALLOW)
        if exchange.kind is Kind.REFUSED:
            if allowed:
                yield Finding(
                    where=exchange.place, message=f"the refusal still carries {_ALLOW}: {allowed[0]}"
                )
            continue
        if exchange.origin != seen.allowed:
            continue
        if exchange.kind is Kind.ALLOWED:
            yield from _preflight(exchange)
        if not {seen.allowed, "*"} & set(allowed):
            yield Finding(
                where=exchange.place, message=f"{_ALLOW} is missing: the page cannot read this answer"
            )


def _preflight(exchange: Exchange) -> Iterator[Finding]:
    if not 200 <= exchange.status < 300:
        yield Finding(where=exchange.place, message=f"the preflight is answered {exchange.status}")
    if not exchange.values("access-control-allow-methods"):
        yield Finding(where=exchange.place, message="access-control-allow-methods is missing")
    missing = [name for name in REQUIRED if not exchange.values(name)]
    if missing:
        yield Finding(where=exchange.place, message=f"it lacks {', '.join(missing)}")
