"""Requests that a careful application refuses, each with a marked value that it must not repeat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_saas_validate.evidence.http import Exchange, Kind
from pytest_saas_validate.probes.betrayals import MARKER, NUMBER
from pytest_saas_validate.probes.client import Client

LARGE = (1_500_000, 6_000_000, 24_000_000)  # bytes; just above the usual limits
HUGE = 1 << 40  # bytes that are announced and never sent
_FORM = "application/x-www-form-urlencoded"
_LONG = 70_000  # characters: more than a field of a form takes, less than a limit of bodies
_WORDS = ("limit", "offset", "page", "size", "per_page", "after", "before", "cursor", "sort", "order", "q")
_ALONE = ("limit", "page", "after", "cursor", "sort", "order")  # judged by the handler, after all others


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One request; `what` says what is wrong with it."""

    what: str
    method: str
    path: str
    shown: str = ""
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def bodies(method: str, path: str, create: Mapping[str, Any], shown: str = "") -> Iterator[Refusal]:
    """Bodies with one mistake each: every field in turn, then the body as a whole."""

    def refusal(what: str, content: bytes, media: str = "application/json") -> Refusal:
        headers = {"Content-Type": media}
        return Refusal(what=what, method=method, path=path, shown=shown, content=content, headers=headers)

    for name, value in create.items():
        for what, wrong in _mistakes(value):
            yield refusal(f"{name}: {what}", json.dumps({**create, name: wrong}).encode())
        without = {key: item for key, item in create.items() if key != name}
        yield refusal(f"without {name}", json.dumps({**without, MARKER: MARKER}).encode())
    whole = json.dumps(dict.fromkeys(create, MARKER) or MARKER).encode()
    marker = MARKER.encode()
    yield refusal("a list", json.dumps([MARKER]).encode())
    yield refusal("a text", json.dumps(MARKER).encode())
    yield refusal("JSON that is cut", whole[:-1])
    yield refusal("JSON with a stray word", whole[:-1] + b", " + marker + whole[-1:])
    yield refusal("bytes that are no text", whole.replace(marker, marker + b"\xff"))
    yield refusal("plain text", marker, "text/plain")
    yield refusal("a form", b"&".join(f"{name}={MARKER}".encode() for name in create or ("a",)), _FORM)
    yield refusal("a type that is none", whole, f"application/{MARKER}")


def fields(
    method: str, path: str, create: Mapping[str, Any], names: Iterable[str], shown: str = ""
) -> Iterator[Refusal]:
    """Wrong values of fields that a valid body may leave out."""
    for name in names:
        for what, wrong in (("an object", {MARKER: MARKER}), ("a text", MARKER), ("a number", NUMBER)):
            content = json.dumps({**create, name: wrong}).encode()
            headers = {"Content-Type": "application/json"}
            named = f"{name}: {what}"
            yield Refusal(what=named, method=method, path=path, shown=shown, content=content, headers=headers)


def _mistakes(value: Any) -> Iterator[tuple[str, Any]]:
    """Wrong values of a field, by what is wrong."""
    yield "an object", {MARKER: MARKER}
    yield "a list", [MARKER]
    if isinstance(value, str):
        yield "a number", NUMBER
        yield "a NUL character", f"{MARKER}\0"
        yield "half a character", f"{MARKER}\ud800"
        yield "control characters", f"{MARKER}\x1b\u202e"
        yield "markup", f"<script>{MARKER}</script>"
        yield "too long", MARKER + "x" * _LONG
        yield "another form", MARKER
    else:
        yield "a text", MARKER
        yield "far too large", NUMBER
        yield "far too small", -NUMBER
        yield "a fraction", NUMBER + 0.5


def addresses(path: str) -> Iterator[Refusal]:
    """Identifiers that are none, and values of a query; those that a project does not know it ignores."""
    for what, wrong in (("an id that is none", MARKER), ("an id that is a number", str(NUMBER))):
        yield Refusal(what=what, method="GET", path=f"{path}/{wrong}", shown=path + "/{id}")
    wrong = f"{path}/{MARKER}"
    yield Refusal(what="an id that is none", method="DELETE", path=wrong, shown=path + "/{id}")
    for what, value in (("a query of words", MARKER), ("a query of numbers", str(-NUMBER))):
        yield _query(what, path, *(f"{word}={value}" for word in _WORDS))
    for word in _ALONE:
        yield _query(f"?{word}", path, f"{word}={MARKER}")


def _query(what: str, path: str, *pairs: str) -> Refusal:
    return Refusal(what=what, method="GET", path=f"{path}?{'&'.join(pairs)}", shown=path)


def refused(client: Client, refusal: Refusal, token: str, origin: str = "") -> Exchange:
    """The answer to a request that should be refused."""
    return client.ask(
        Kind.INVALID,
        refusal.method,
        refusal.path,
        token=token,
        origin=origin,
        headers=refusal.headers,
        content=refusal.content,
        shown=refusal.shown,
        what=refusal.what,
    )


def too_large(client: Client, path: str, token: str, origin: str = "") -> Exchange | None:
    """The refusal of the smallest body that is refused for its size; None when none is."""
    for size in LARGE:
        found = client.upload(path, size, what="too large", token=token, origin=origin)
        if found is not None and found.status == 413:
            return found
    return None
