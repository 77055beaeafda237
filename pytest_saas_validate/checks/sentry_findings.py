"""SN: how a leak becomes a finding of exactly one check, chosen by where it came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pytest_saas_validate.evidence.sentry import (
    EVENT_FIELDS,
    TRANSACTION_FIELDS,
    Leak,
    Scrubbing,
    Silence,
    Useful,
)
from pytest_saas_validate.findings import Check, Finding, Rule, Severity, Subject, check

_REFERENCE = "https://docs.sentry.io/platforms/python/data-management/sensitive-data/"


_JUDGES = {"secret": "SN021", "identity": "SN017"}  # of some kinds, wherever they come out
_CALLED = {
    "keyed": "a secret",
    "passphrase": "a secret of ordinary words",
    "bare": "a value",
    "plain": "a value of ordinary words",
    "identity": "the id of a user (or a plain hash of it)",
    "secret": "a secret of the settings",
}


def sn(
    id: str, severity: Severity, title: str, why: str, remedy: str, *wants: type
) -> Callable[[Rule], Check]:
    return check(
        id,
        severity=severity,
        title=title,
        why=why,
        remedy=remedy,
        wants=wants or (Scrubbing,),
        subject=Subject.STACK,
        needs=() if Silence in wants else ("sentry",),
        absent=("sentry",) if Silence in wants else (),
        url=_REFERENCE,
    )


def _of(leak: Leak, path: str) -> str:
    """The check that judges a canary which came out at this path."""
    if leak.kind in _JUDGES:
        return _JUDGES[leak.kind]
    if path.startswith("breadcrumbs"):
        return "SN004"
    if path.startswith("user"):
        return "SN017"
    if ".vars" in path or path.startswith(("request.data", "request.query_string", "extra.sys.argv")):
        return "SN011"
    return {
        "event": "SN001",
        "transaction": "SN002",
        "span": "SN002",
        "log": "SN003",
        "trace_metric": "SN003",
        "envelope header": "SN002",  # the trace's sampling context
    }.get(leak.item, "SN004")


def leaks(found: Iterable[Leak], id: str) -> Iterator[Finding]:
    """One finding for each place and kind of item."""
    for leak in found:
        paths = [path for path in leak.paths if _of(leak, path) == id]
        if paths:
            yield finding(leak, paths)


def finding(leak: Leak, paths: Iterable[str]) -> Finding:
    shown = sorted(paths)
    more = f" and {len(shown) - 4} more places" if len(shown) > 4 else ""
    what = _CALLED.get(leak.kind, leak.kind)
    return Finding(
        where=f"{leak.item}: {leak.place}",
        message=f"{what} left at {', '.join(shown[:4])}{more}",
    )


def missing(useful: Useful, also: Iterable[str] = ()) -> Iterator[Finding]:
    where = f"{useful.item}: {useful.of}"
    if not useful.arrived:
        yield Finding(where=where, message="did not arrive at all")
        return
    wanted = EVENT_FIELDS if useful.item == "event" else TRANSACTION_FIELDS
    for field in (*wanted, *also):
        if field not in useful.fields:
            yield Finding(where=where, message=f"does not say: {field}")
