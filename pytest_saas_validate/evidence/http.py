"""Answers of a running project, as checks see them: no token, no cookie value, no body."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

CLAIMED_HOST = "claimed.invalid"  # what an untrusted peer says it was asked for


class Kind(StrEnum):
    """The kinds of answers; a header can get lost on each of them for a reason of its own."""

    OK = "200"
    HEAD = "HEAD"
    CREATED = "201"
    DELETED = "204"
    NOT_MODIFIED = "304"
    UNROUTED = "404 unrouted"
    ABSENT = "404 object"
    METHOD = "405"
    INVALID = "422"
    TOO_LARGE = "413"
    ANONYMOUS = "401"
    ERROR = "unhandled error"
    AWAY = "dependency away"
    SUB_OK = "sub-application 200"
    SUB_ERROR = "sub-application error"
    REDIRECT = "redirect"
    SLASH = "slash redirect"
    STREAM = "stream"
    STATIC = "static file"
    FRONT = "error of the front itself"
    ALLOWED = "allowed preflight"
    REFUSED = "refused preflight"
    BAD_HOST = "bad host"
    DOCUMENTATION = "documentation"
    TEST_ROUTE = "test route"
    WEBSOCKET = "websocket accept"
    DENIAL = "websocket denial"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One answer. `path` is stable between runs: an object's id appears as `{id}`."""

    kind: Kind
    scheme: str  # "http" or "https", as the client spoke
    method: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...]  # lower-case names, in the order of the wire, duplicates kept
    declared: bool = False  # the project's table names the address, or one above it
    fronted: bool = False  # a server before the application passed it on, or answered itself
    private: bool = False  # asked with a token, or below the tenant-owned collection
    origin: str = ""  # the Origin that was sent
    sent: str = ""  # what was special about the request: "title: a NUL character", "without the database"
    wanted: tuple[str, ...] = ()  # of a preflight: the method, then the headers that it asks for
    echoed: bool = False  # it is a refusal, and repeats a value that the request carried
    unlike: bool = False  # its status is not that of an address that nobody has
    claimed: bool = False  # head or body hold the host that a stranger claimed
    betrays: tuple[str, ...] = ()  # what an error tells of the program's inside, by name

    @property
    def spot(self) -> str:
        """Where this was seen, over whatever scheme: method, path, kind and what was special."""
        special = [self.kind, self.sent, f"Origin {self.origin}" if self.origin else ""]
        return f"{self.method} {self.path} ({', '.join(filter(None, special))})"

    @property
    def place(self) -> str:
        """The same with the scheme."""
        return f"{self.spot[:-1]}, {self.scheme})"

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a header, one for each time it was sent."""
        return tuple(value for other, value in self.headers if other == name)


@dataclass(frozen=True, kw_only=True)
class Exchanges:
    """What the project answers, asked in plain text and, where there is a TLS front, through it."""

    exchanges: tuple[Exchange, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Secured(Exchanges):
    """The same, only through the TLS front."""


@dataclass(frozen=True, kw_only=True)
class CrossOrigin(Exchanges):
    """Answers to requests of other origins; `allowed` is the one that the project was told to allow."""

    allowed: str


@dataclass(frozen=True, kw_only=True)
class Spoofed(Exchanges):
    """Plain answers to an untrusted peer that claims to be a proxy; `plain` is the same without the claim."""

    plain: tuple[Exchange, ...]


_COOKIE = re.compile(r"^(\s*[^=;\s]+\s*=)[^;]+")


def clean(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers for evidence: names in lower case, cookie values and credentials taken out."""
    return tuple((name.lower(), _clean(name.lower(), value)) for name, value in headers)


def _clean(name: str, value: str) -> str:
    if name == "set-cookie":
        return _COOKIE.sub(r"\1[scrubbed]", value)
    return "[scrubbed]" if "authorization" in name or name == "cookie" else value
