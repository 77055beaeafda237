"""From items of envelopes to what checks judge: leaks, and what a report still says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_saas_validate.evidence.sentry import Leak, Person, Useful
from pytest_saas_validate.probes.sentry_app.canaries import plain_hashes
from pytest_saas_validate.probes.sentry_envelopes import Item, places, strings

UNBROKEN = "unbroken"
_BEGINNING = 8  # characters
_TRACE = re.compile(r"[0-9a-f]{32}")


def shown(canaries: Iterable[Mapping[str, Any]], items: Sequence[Item]) -> list[Mapping[str, Any]]:
    """The canaries that lie anywhere in these items."""
    # Reports repeat themselves, and there are many canaries: each text once, looked up by its beginnings.
    texts = {text for item in items for part in (item.body, item.headers) for _, text in strings(part)}
    everything = "\n".join(texts)
    beginnings = {everything[at : at + _BEGINNING] for at in range(len(everything))}
    return [
        canary
        for canary in canaries
        if any(
            needle in everything
            for needle in canary["needles"]
            if needle[:_BEGINNING] in beginnings or len(needle) < _BEGINNING
        )
    ]


def leaks(canaries: Iterable[Mapping[str, Any]], items: Sequence[Item]) -> tuple[Leak, ...]:
    """Every canary that lies in these items, by kind of item."""
    found: list[Leak] = []
    for canary in shown(canaries, items):
        paths: dict[str, dict[str, None]] = {}
        for item in items:
            for path in places(item, canary["needles"]):
                paths.setdefault(item.type, {})[path] = None
        place, kind = canary["place"], canary["kind"]
        found += [Leak(place=place, kind=kind, item=item, paths=tuple(seen)) for item, seen in paths.items()]
    return tuple(found)


def opened(found: Iterable[Leak]) -> tuple[Leak, ...]:
    """Leaks that came of breaking a hook: not those that the same hook lets out when it is whole."""
    leaking = {(hook, leak.item) for leak in found for hook, state in [_state(leak)] if state == UNBROKEN}
    return tuple(leak for leak in found if (_state(leak)[0], leak.item) not in leaking)


def _state(leak: Leak) -> tuple[str, str]:
    hook, _, state = leak.place.partition(", ")
    return hook, state


def useful_event(of: str, body: Mapping[str, Any] | None, template: str) -> Useful:
    """What an error event says; None when it did not arrive."""
    if body is None:
        return Useful(of=of, item="event", arrived=False)
    errors = _list(_dict(body.get("exception")).get("values"))
    frames = [
        frame for error in errors for frame in _list(_dict(_dict(error).get("stacktrace")).get("frames"))
    ]
    says = {
        "event id": bool(body.get("event_id")),
        "exception type": any(_text(_dict(error).get("type")) for error in errors),
        "in-app frame with function and line": any(
            _dict(f).get("in_app") and _text(f.get("function")) and f.get("lineno") for f in frames
        ),
        **_common(body, template),
    }
    return Useful(
        of=of, item="event", arrived=True, fields=frozenset(name for name, said in says.items() if said)
    )


def useful_transaction(of: str, body: Mapping[str, Any] | None, template: str) -> Useful:
    """What a transaction says; None when it did not arrive."""
    if body is None:
        return Useful(of=of, item="transaction", arrived=False)
    spans = [_dict(span) for span in _list(body.get("spans"))]
    trace = _dict(_dict(body.get("contexts")).get("trace"))
    says = {
        "span with an operation": any(_text(span.get("op")) for span in [*spans, trace]),
        **_common(body, template),
    }
    said = frozenset(name for name, is_said in says.items() if is_said)
    return Useful(of=of, item="transaction", arrived=True, fields=said)


def useful_segment(of: str, items: Iterable[Item], template: str) -> Useful:
    """What the root span of a request says where spans are sent one by one."""
    spans = [
        _dict(span) for item in items if item.type == "span" for span in _list(_dict(item.body).get("items"))
    ]
    roots = [span for span in spans if span.get("is_segment")]
    named = next((span for span in roots if _text(span.get("name")).endswith(template)), None)
    chosen = named or (roots[0] if roots else None)
    if chosen is None:
        return Useful(of=of, item="span", arrived=False)
    attributes = _dict(chosen.get("attributes"))
    says = {
        "span with an operation": "sentry.op" in attributes,
        "transaction named by its route template": named is not None,
        "trace id": bool(_TRACE.fullmatch(_text(chosen.get("trace_id")))),
        "release": "sentry.release" in attributes,
        "environment": "sentry.environment" in attributes,
    }
    said = frozenset(name for name, is_said in says.items() if is_said)
    return Useful(of=of, item="span", arrived=True, fields=said)


def _common(body: Mapping[str, Any], template: str) -> dict[str, bool]:
    trace = _dict(_dict(body.get("contexts")).get("trace"))
    return {
        "transaction named by its route template": _text(body.get("transaction")).endswith(template),
        "trace id": bool(_TRACE.fullmatch(_text(trace.get("trace_id")))),
        "release": bool(_text(body.get("release"))),
        "environment": bool(_text(body.get("environment"))),
    }


def person(body: Mapping[str, Any] | None, raw: str, tenant: str) -> Person:
    """How an event that knew a user and a tenant names them."""
    event = _dict(body)
    id_ = _text(_dict(event.get("user")).get("id"))
    return Person(pseudonym=_pseudonym(id_, raw), tenant=_names_tenant(event, tenant))


def _pseudonym(id_: str, raw: str) -> str:
    if not id_:
        return "absent"
    if raw in id_:
        return "raw"
    plain = set(plain_hashes(raw))
    bare = re.sub(r"[^0-9a-f]", "", id_.lower())
    return "unkeyed" if len(bare) >= 8 and any(digest.startswith(bare) for digest in plain) else "keyed"


def _names_tenant(event: Mapping[str, Any], tenant: str) -> bool:
    tags = event.get("tags")
    pairs = (
        tags.items() if isinstance(tags, dict) else [pair for pair in _list(tags) if isinstance(pair, list)]
    )
    return any("tenant" in str(name).lower() and value for name, value in pairs) or tenant in str(event)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
