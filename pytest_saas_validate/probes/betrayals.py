"""What an answer gives away: parts of the request that was refused, and the program's inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_saas_validate.engines import Stack

MARKER = "qzkept-out-of-answers-zqx"  # a value that no refusal may repeat
NUMBER = 7340915286  # another, where only a number goes
# An answer may cut the value, or write it in other letters: its ends are as telling as the whole.
_REPEATED = re.compile(rf"{MARKER[:6]}|{MARKER[-7:]}|{NUMBER}", re.IGNORECASE)
_PLACE = "an inner address"
_INSIDE: Mapping[str, re.Pattern[str]] = {
    "a stack trace": re.compile(
        r"Traceback \(most recent call last\)|\bline \d+, in \w|\bat \S+ \(\S+:\d+:\d+\)"
    ),
    "a source file": re.compile(r"\bFile \W{0,2}[^\"\n]+\.py\b|/site-packages/|\b\w+\.py:\d+"),
    "a statement": re.compile(
        r"\b(SELECT\b.+\bFROM|INSERT INTO|DELETE FROM|UPDATE\b.+\bSET)\b|\[SQL:", re.DOTALL
    ),
    "the database's message": re.compile(
        r"permission denied for|(relation|column) \S+ does not exist|sqlstate|violates [\w-]+"
        r"|duplicate key value|syntax error at or near|password authentication failed|out of range for type"
        r"|\b(asyncpg|psycopg2?|sqlalchemy|redis|valkey)\.\w",
        re.IGNORECASE,
    ),
    "why a connection failed": re.compile(
        r"connect(ion)? (call failed|refused|reset|to server)|\[Errno -?\d+\]|Error -?\d+ connecting"
        r"|(name or service not|name resolution|no route to host|broken pipe)",
        re.IGNORECASE,
    ),
    _PLACE: re.compile(
        r"\b(?:10\.\d{1,3}|127\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d{1,3}\.\d{1,3}\b"
    ),
    "an object of the program": re.compile(r"<[\w.]+ (?:object )?at 0x[0-9a-f]+"),
    "an exception's name": re.compile(
        r"\b[a-z_]\w*(?:\.\w+)+(?:Error|Exception)\b|\b[A-Z]\w*(?:Error|Exception)(?:\(|: )"
    ),
}
# A 4xx may have a code that is called like this; an unexpected error has none.
_EXCEPTION = re.compile(r"\b[A-Za-z]\w*(?:Error|Exception)\b")
# Headers that hold addresses and names for a purpose.
_SPOKEN = frozenset({"location", "content-location", "access-control-allow-origin", "set-cookie", "server"})

Headers = Iterable[tuple[str, str]]


def repeats(status: int, headers: Headers, body: str) -> bool:
    """Whether a refusal holds a marked value, whole or cut; an origin that is named back is CORS' matter."""
    head = (value for name, value in headers if name.lower() != "access-control-allow-origin")
    return status >= 400 and any(_REPEATED.search(text) for text in (body, *head))


def betrayals(status: int, headers: Headers, body: str, known: Iterable[str], own: str) -> tuple[str, ...]:
    """What an error tells of the inside; `known` are patterns, `own` is the address that was asked."""
    if status < 400:
        return ()
    text = "\n".join((body, *_texts(body))).replace(own, "")
    head = "\n".join(value for name, value in headers if name.lower() not in _SPOKEN)
    found = [name for name, pattern in _INSIDE.items() if pattern.search(text)]
    # An inner address in the head is no error's: any answer may hold one, and is judged for it.
    found += [name for name, pattern in _INSIDE.items() if name != _PLACE and pattern.search(head)]
    if status >= 500 and _EXCEPTION.search(text):
        found.append("an exception's name")
    if any(re.search(pattern, text) for pattern in known):
        found.append("an address or a secret of its configuration")
    return tuple(dict.fromkeys(found))


def configured(stack: Stack) -> tuple[str, ...]:
    """Patterns of what the backend was told of the services behind it: their addresses and passwords."""
    found = []
    for value in stack.env("backend").values():
        try:
            where = urlsplit(value)
            host, port, password = where.hostname, where.port, where.password
        except ValueError:
            continue
        if where.scheme in ("", "http", "https") or not host:
            continue
        if port:
            found.append(rf"\b{re.escape(host)}\W{{1,4}}{port}\b")
        if password and len(password) >= 6:
            found.append(re.escape(password))
    return tuple(dict.fromkeys(found))


def _texts(body: str) -> Iterator[str]:
    """Every text in a JSON body, as the program had it before it was escaped."""
    try:
        yield from _strings(json.loads(body))
    except ValueError:
        return


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
