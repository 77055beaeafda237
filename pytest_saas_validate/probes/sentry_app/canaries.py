"""Values that must not leave, made at run time: the source lines of a report would carry a literal."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

_LETTERS = string.ascii_lowercase + string.digits


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
        """A value of a shape (email, jwt, card, iban, phone, ip), or an opaque one (keyed, bare)."""
        known = self.made.get((place, kind))
        if known is None:
            rng = random.Random(f"{self.seed}\0{self.run}\0{place}\0{kind}")
            value, parts = SHAPES.get(kind, _opaque)(rng)
            known = self.add(place, kind, value, parts)
        return known.value

    def add(self, place: str, kind: str, value: str, parts: tuple[str, ...] = ()) -> Canary:
        """Register a value that exists already, such as a secret of the settings."""
        canary = Canary(place, kind, value, _writings((value, *parts)))
        self.made[place, kind] = canary
        return canary

    def basic(self, place: str) -> str:
        """The credentials of an `Authorization: Basic` header; the plain password betrays them too."""
        rng = random.Random(f"{self.seed}\0{self.run}\0{place}")
        password, _ = _opaque(rng)
        encoded = base64.b64encode(f"someone:{password}".encode()).decode()
        return self.add(place, "keyed", encoded, (password,)).value

    def list(self) -> list[dict[str, object]]:
        """What the parent has to know to search for them, ready for JSON."""
        return [{"place": c.place, "kind": c.kind, "needles": list(c.needles)} for c in self.made.values()]


def _writings(values: tuple[str, ...]) -> tuple[str, ...]:
    """A value and its encoded twins, in lower case (the search ignores case)."""
    found: dict[str, None] = {}
    for value in values:
        for text in (
            value,
            quote(value, safe=""),
            quote(value),
            json.dumps(value)[1:-1],
            base64.b64encode(value.encode()).decode().rstrip("="),
        ):
            found[text.lower()] = None
    return tuple(found)


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


SHAPES: dict[str, Callable[[random.Random], Made]] = {
    "email": _email,
    "jwt": _jwt,
    "card": _card,
    "iban": _iban,
    "phone": _phone,
    "ip": _ip,
}
