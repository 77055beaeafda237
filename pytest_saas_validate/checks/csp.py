"""SH: what the content security policy forbids, read as a browser reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pytest_saas_validate.checks.per_answer import Fault, per_answer
from pytest_saas_validate.evidence.http import Exchange, Exchanges
from pytest_saas_validate.findings import Finding, Severity, Subject, check

POLICY = "content-security-policy"
_REPORT_ONLY = "content-security-policy-report-only"
_SCRIPTS = ("script-src", "script-src-elem", "script-src-attr", "worker-src")
# A source of scripts that lets a stranger's code run, and why.
_WEAK: Mapping[str, str] = {
    "'unsafe-inline'": "an injected inline script runs",
    "'unsafe-eval'": "text becomes code",
    "'unsafe-hashes'": "an injected event handler can run",
    "*": "every host may serve scripts",
    "data:": "a data address is a script that an attacker writes",
    "filesystem:": "an attacker's file is a script",
    "blob:": "a blob address is a script that an attacker writes",
    "http:": "every host may serve scripts, unencrypted",
    "https:": "every host may serve scripts",
    "*.": "whoever gets a host below it may serve scripts",
    "http://": "it is fetched unencrypted: whoever is on the way may change it",
}
# Directives that must confine, and those of them that default-src stands in for.
_CONFINED: Mapping[str, str] = {
    "object-src": "a plugin could run code",
    "base-uri": "an injected <base> redirects every relative address; default-src does not stand in",
    "form-action": "an injected form sends data elsewhere; default-src does not stand in",
    "frame-ancestors": "other sites can frame the page; default-src does not stand in",
}
_FETCHED = frozenset({"object-src"})

Directives = Mapping[str, tuple[str, ...]]


def parse(values: Iterable[str]) -> tuple[Directives, ...]:
    """The policies in these header values. All in lower case; the first directive of a name counts."""
    policies = []
    for text in chain.from_iterable(value.split(",") for value in values):
        policy: dict[str, tuple[str, ...]] = {}
        for directive in text.split(";"):
            name, *sources = directive.lower().split() or [""]
            if name:
                policy.setdefault(name, tuple(sources))
        if policy:
            policies.append(policy)
    return tuple(policies)


def _policies(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, tuple[Directives, ...]]]:
    for exchange in exchanges:
        policies = parse(exchange.values(POLICY))
        if policies:
            yield exchange, policies


@check(
    "SH003",
    severity=Severity.CRITICAL,
    title="A content security policy is enforced, not only reported",
    why="a policy that is only reported writes a report while the injected script runs",
    remedy="send Content-Security-Policy; a report-only policy may stand beside it, never instead of it",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def enforced(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Answers whose only policy is report-only; and whether any answer carries a policy at all."""
    for exchange in seen.exchanges:
        if exchange.values(_REPORT_ONLY) and not parse(exchange.values(POLICY)):
            yield exchange, "the policy is report-only: it blocks nothing"
    if not any(_policies(seen.exchanges)):
        yield Finding(where="every answer", message="no answer carries an enforced policy")


@check(
    "SH004",
    severity=Severity.CRITICAL,
    title="The policy names each source of scripts: no inline code, no wildcard, no scheme",
    why="an injected script runs as if there were no policy, in the session of whoever is logged in",
    remedy="name sources: 'self', hashes or nonces; Lit and other modern libraries need no more",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def scripts(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Sources of scripts and workers (script-src, its parts, or default-src) that every policy accepts.

    Whether a host that is named serves good scripts is not judged.
    """
    for exchange, policies in _policies(seen.exchanges):
        for directive in _SCRIPTS:
            for weakness in _common([_weaknesses(policy, directive) for policy in policies]):
                yield exchange, weakness


def _common(judged: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """What every policy lets through: a browser applies all of them."""
    for source, message in judged[0].items():
        if all(source in other for other in judged):
            yield message


def _weaknesses(policy: Directives, directive: str) -> Mapping[str, str]:
    """Sources and what is wrong with them. A part that is not there is judged as script-src, only once."""
    if directive != "script-src" and directive not in policy:
        return {}
    name = next((n for n in (directive, "script-src", "default-src") if n in policy), "")
    if not name:
        return {"*": "neither script-src nor default-src is there: every script runs"}
    sources = policy[name]
    named = any(source.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for source in sources)
    strict = "'strict-dynamic'" in sources and named
    found = {}
    for source in sources:
        base = _class(source)
        if base not in _WEAK or (named and base == "'unsafe-inline'"):
            continue  # browsers ignore unsafe-inline beside a nonce or a hash
        if strict and base in ("*", "*.", "http:", "https:", "http://"):
            continue  # and host sources beside strict-dynamic
        found[base] = f"{name} holds {source}: {_WEAK[base]}"
    return found


def _everything(source: str) -> str:
    """`*` for each way to write that every host is meant."""
    host = source.partition("://")[2] or source
    return "*" if host.split(":")[0].split("/")[0] == "*" else source


def _class(source: str) -> str:
    """What a source is weak by: its name in `_WEAK`, or the source itself."""
    whole = _everything(source)
    if whole == source and (source.partition("://")[2] or source).startswith("*."):
        return "*."
    return "http://" if whole == source and source.startswith("http://") else whole


@check(
    "SH006",
    severity=Severity.HIGH,
    title="The policy confines plugins, base address, forms and framing",
    why="what script-src does not cover stays open: an injected base moves every relative script, a form "
    "posts passwords elsewhere, a frame steals clicks",
    remedy="add object-src 'none' (or default-src 'none'), base-uri 'none', form-action and frame-ancestors",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def confined(seen: Exchanges) -> Iterator[Fault | Finding]:
    """Four directives that must be there (object-src also by default-src) and name no scheme and no `*`."""
    for exchange, policies in _policies(seen.exchanges):
        for directive, reason in _CONFINED.items():
            written = [_effective(policy, directive) for policy in policies]
            if any(sources is not None and not _open(sources) for sources in written):
                continue
            wide = next((sources for sources in written if sources is not None), None)
            state = "is not set" if wide is None else f"is {' '.join(wide)}"
            yield exchange, f"{directive} {state}: {reason}"


def _effective(policy: Directives, directive: str) -> tuple[str, ...] | None:
    if directive in policy:
        return policy[directive]
    return policy.get("default-src") if directive in _FETCHED else None


def _open(sources: Iterable[str]) -> bool:
    return any(_everything(source) in ("*", "http:", "https:", "data:") for source in sources)


@check(
    "SH014",
    severity=Severity.HIGH,
    title="Framing is denied, in both headers alike",
    why="in a stranger's frame, unseen, users click on buttons that act in their session",
    remedy="send X-Frame-Options: DENY and frame-ancestors 'none'",
    wants=Exchanges,
    subject=Subject.STACK,
)
@per_answer
def framing(seen: Exchanges) -> Iterator[Fault | Finding]:
    """X-Frame-Options for old browsers and frame-ancestors for the others, which ignore the first."""
    for exchange in seen.exchanges:
        for value in exchange.values("x-frame-options"):
            if value.strip().upper() != "DENY":
                yield exchange, f"X-Frame-Options is {value!r}, not DENY"
        ancestors = [policy.get("frame-ancestors") for policy in parse(exchange.values(POLICY))]
        named = [sources for sources in ancestors if sources is not None]
        if named and ("'none'",) not in named:
            yield exchange, f"frame-ancestors is {' '.join(named[0])}, which is not 'none'"
    if not any(exchange.values("x-frame-options") for exchange in seen.exchanges):
        yield Finding(where="every answer", message="no answer carries X-Frame-Options")
