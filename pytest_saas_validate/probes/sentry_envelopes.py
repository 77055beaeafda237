"""What the sink received, taken apart: envelopes, their items, and where a value lies in them."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_saas_validate.probes import ProbeError


@dataclass(frozen=True)
class Item:
    """One item of an envelope; `body` is parsed JSON, or text where the item is not JSON."""

    type: str
    headers: Mapping[str, Any]
    body: Any
    text: str = field(repr=False)  # lower case, for the search


@dataclass(frozen=True)
class Envelope:
    """One envelope: the project it was sent to, its headers, its items."""

    project: str
    items: tuple[Item, ...]


def read(captured: Iterable[Mapping[str, Any]]) -> tuple[Envelope, ...]:
    """The envelopes among what a sink captured; raises ProbeError for a body that cannot be decoded."""
    return tuple(envelope(record) for record in captured if "/envelope" in record["path"])


def envelope(record: Mapping[str, Any]) -> Envelope:
    """One captured request; the envelope's own headers and the request's are items of types of their own."""
    headers = {name.lower(): value for name, value in record["headers"]}
    raw = decode(base64.b64decode(record["raw"]), headers.get("content-encoding", ""))
    found = re.search(r"/api/([^/]+)/envelope", record["path"])
    head, _, rest = raw.partition(b"\n")
    address = json.dumps({"path": record["path"], "headers": headers})
    items = [_item("envelope header", {}, head), _item("request header", {}, address.encode()), *_items(rest)]
    return Envelope(found.group(1) if found else "", tuple(items))


def decode(raw: bytes, encoding: str) -> bytes:
    """A body as it was before compression."""
    if encoding in ("", "identity"):
        return raw
    if encoding == "gzip":
        return gzip.decompress(raw)
    if encoding == "deflate":
        return zlib.decompress(raw)
    names = {"br": ("brotli", "brotlicffi"), "zstd": ("compression.zstd", "backports.zstd", "zstandard")}
    for name in names.get(encoding, ()):
        try:
            decompressed: bytes = importlib.import_module(name).decompress(raw)
        except ImportError:
            continue
        return decompressed
    wanted = names.get(encoding, ("a decoder",))[0]
    raise ProbeError(f"the client sent {encoding!r} and {wanted} is not installed beside pytest; install it")


def _items(raw: bytes) -> Iterator[Item]:
    while raw.strip():
        head, _, raw = raw.partition(b"\n")
        if not head.strip():
            continue
        headers = json.loads(head)
        length = headers.get("length")
        if length is None:
            body, _, raw = raw.partition(b"\n")
        else:
            body, raw = raw[:length], raw[length:]
        yield _item(str(headers.get("type")), headers, body)


def _item(type_: str, headers: Mapping[str, Any], raw: bytes) -> Item:
    text = raw.decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return Item(type_, headers, body, f"{json.dumps(headers)}\n{text}".lower())


def places(item: Item, needles: Iterable[str]) -> tuple[str, ...]:
    """The JSON paths of the strings (and keys) that hold one of these lower-case texts, without indices.

    A value that only shows in the raw bytes, such as in an attachment, has the path `(bytes)`.
    """
    sought = list(needles)
    if not any(needle in item.text for needle in sought):
        return ()
    found = {path: None for path, text in strings(item.body) if any(needle in text for needle in sought)}
    hidden = re.compile("|".join(re.escape(needle) for needle in sought), re.IGNORECASE)
    return tuple(dict.fromkeys(hidden.sub("*", path) for path in found)) or ("(bytes)",)


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a JSON value in lower case with its path; keys count as strings at their own path."""
    if isinstance(value, str):
        yield path or "(text)", value.lower()
    elif isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, str(key).lower()
            yield from strings(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, f"{path}[]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, repr(value)
