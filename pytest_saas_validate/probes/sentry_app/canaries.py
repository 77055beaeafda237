"""Values that must not leave, made at run time: the source lines of a report would carry a literal."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

_LETTERS = string.ascii_lowercase + string.digits
_TELLING = 8  # characters of base64; fewer occur by chance
_HASHES = (
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3_256",
    "sha3_512",
    "blake2b",
    "blake2s",
)


@dataclass(frozen=True)
class Canary:
    """One value: where it was put, what it looks like, and every writing of it that betrays it."""

    place: str
    kind: str
    value: str
    needles: tuple[str, ...]


class Canaries:
    """Makes the canaries of one run; the same seed, run, place and kind give the same value."""

    def __init__(self, seed: str, run: str) -> None:
        self.seed = seed
        self.run = run
        self.made: dict[tuple[str, str], Canary] = {}

    def make(self, place: str, kind: str) -> str:
        """A value of a shape (email, jwt, card, iban, phone, ip), of ordinary words (plain, passphrase),
        of a user (identity), or an opaque one (keyed, bare)."""
        known = self.made.get((place, kind))
        if known is None:
            value, parts = SHAPES.get(kind, _opaque)(self.rng(place, kind))
            known = self.add(place, kind, value, parts)
        return known.value

    def rng(self, *what: str) -> random.Random:
        """Chance that comes out the same for the same seed, run and words."""
        return random.Random("\0".join((self.seed, self.run, *what)))

    def add(self, place: str, kind: str, value: str, parts: tuple[str, ...] = ()) -> Canary:
        """Register a value that exists already, such as a secret of the settings."""
        canary = Canary(place, kind, value, _writings((value, *parts)))
        self.made[place, kind] = canary
        return canary

    def basic(self, place: str, kind: str = "keyed") -> str:
        """The credentials of an `Authorization: Basic` header; the plain password betrays them too."""
        password, parts = SHAPES.get(kind, _opaque)(self.rng(place))
        encoded = base64.b64encode(f"someone:{password}".encode()).decode()
        self.add(place, kind, password, (encoded, *parts))
        return encoded

    def list(self) -> list[dict[str, object]]:
        """What the parent has to know to search for them, ready for JSON."""
        return [{"place": c.place, "kind": c.kind, "needles": list(c.needles)} for c in self.made.values()]


def _writings(values: tuple[str, ...]) -> tuple[str, ...]:
    """The shortest texts that betray a value or an encoded twin of it, in lower case as is the search."""
    found: dict[str, None] = {}
    for value in values:
        plain = (value, quote(value, safe=""), quote(value), quote_plus(value))
        for text in (*plain, json.dumps(value)[1:-1], repr(value)[1:-1], *_base64(value)):
            found[text.lower()] = None
    return tuple(text for text in found if not any(other in text for other in found if other != text))


def _base64(value: str) -> Iterator[str]:
    """What is the same in base64 whatever stands before and behind, by the three ways to begin."""
    for shift, skipped in enumerate((0, 2, 3)):
        data = b"\0" * shift + value.encode()
        whole = base64.b64encode(data[: len(data) - len(data) % 3]).decode()[skipped:]
        if len(whole) >= _TELLING:
            yield whole
            yield whole.replace("+", "-").replace("/", "_")


def _word(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(_LETTERS, k=length))


def _digits(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(string.digits, k=length))


Made = tuple[str, tuple[str, ...]]


def _opaque(rng: random.Random) -> Made:
    return f"q{_word(rng, 23)}", ()


def _email(rng: random.Random) -> Made:
    local = f"c{_word(rng, 11)}"
    return f"{local}@{_word(rng, 8)}.example", (local,)


def _jwt(rng: random.Random) -> Made:
    head, claims = ({"alg": "RS256", "typ": "JWT"}, {"sub": _word(rng, 16), "exp": 4102444800})
    parts = [json.dumps(part).encode() for part in (head, claims)] + [rng.randbytes(48)]
    first, second, third = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{first}.{second}.{third}", (second, third)


def _card(rng: random.Random) -> Made:
    body = "4" + _digits(rng, 14)
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10), ()


def _iban(rng: random.Random) -> Made:
    account = _digits(rng, 18)
    check = 98 - int(account + "131400") % 97  # D = 13, E = 14, then 00
    return f"DE{check:02d}{account}", ()


def _phone(rng: random.Random) -> Made:
    return f"+4930{_digits(rng, 8)}", ()


def _ip(rng: random.Random) -> Made:
    return (
        f"{rng.randint(31, 95)}.{rng.randint(100, 199)}.{rng.randint(100, 199)}.{rng.randint(100, 254)}",
        (),
    )


def words(rng: random.Random, count: int) -> list[str]:
    """Words that can be spoken and that no language has."""
    return [
        "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(4)) + rng.choice("lmnrst")
        for _ in range(count)
    ]


def _plain(rng: random.Random) -> Made:
    first, last = (word.capitalize() for word in words(rng, 2))
    return f"{first} {last}", (first, last)


def _passphrase(rng: random.Random) -> Made:
    first, last = words(rng, 2)
    return f"{first}/{last}", (first, last)  # a cookie or a query has to encode it


def _identity(rng: random.Random) -> Made:
    value = "-".join(words(rng, 2))
    return value, tuple(digest[:16] for digest in plain_hashes(value))


def plain_hashes(value: str) -> Iterator[str]:
    """Hashes without a key, which anyone can compute who guesses the value, in hexadecimal."""
    data = value.encode()
    for name in _HASHES:
        yield hashlib.new(name, data).hexdigest()
    for size in (8, 16, 20, 32):
        yield hashlib.blake2b(data, digest_size=size).hexdigest()
    yield hashlib.blake2s(data, digest_size=16).hexdigest()
    yield uuid.uuid5(uuid.NAMESPACE_URL, value).hex


SHAPES: dict[str, Callable[[random.Random], Made]] = {
    "email": _email,
    "jwt": _jwt,
    "card": _card,
    "iban": _iban,
    "phone": _phone,
    "ip": _ip,
    "plain": _plain,
    "passphrase": _passphrase,
    "identity": _identity,
}
