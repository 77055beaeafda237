"""The many ways in which people and programs write a phone number, a card, an address, a secret."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .canaries import SHAPES, Canaries, words

# `#` is a digit, `~` a hexadecimal letter.
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "phone": (
        "+49 30 ########",
        "+49 (30) #### ####",
        "+49 (0)30 ### ## ###",
        "0049-30-####-####",
        "(030) #### ####",
        "030/### ## ###",
        "030.###.####",
        "(555) ###-####",
        "555-###-####",
        "+1-555-###-####",
        "+49\N{NO-BREAK SPACE}30\N{NO-BREAK SPACE}########",
        "%2B49%2030%20########",
    ),
    "ip": (
        "2001:db8:~~~~:~~~~:~~~~:~~~~:~~~~:~~~~",
        "2001:db8:~~~~:~~~~::1",
        "[2001:db8:~~~~::~~~~]:443",
        "::ffff:91.1##.1##.1##",
        "91.1##.1##.1##:8443",
    ),
}


@dataclass(frozen=True)
class Spelled:
    """One writing of one value: the place it is registered as, and a sentence with it."""

    place: str
    sentence: str


Writing = Callable[[random.Random], tuple[str, str, tuple[str, ...]]]  # sentence, value, what betrays it


def spell(canaries: Canaries, place: str, kind: str) -> Iterator[Spelled]:
    """Every writing of a kind, each with a value of its own, registered at this place."""
    for name, write in WRITINGS[kind].items():
        named = f"{place}, {name}"
        sentence, value, parts = write(canaries.rng(named, kind))
        canaries.add(named, kind, value, parts)
        yield Spelled(named, sentence)


def _number(pattern: str) -> Writing:
    signs = {"#": string.digits[1:], "~": "abcdef"}

    def write(rng: random.Random) -> tuple[str, str, tuple[str, ...]]:
        value = "".join(rng.choice(signs.get(sign, sign)) for sign in pattern)
        end = value[-9:]  # also when only the beginning was taken; a number with a dot may be an instant
        return f"for {value} now", value, () if "." in end or ":" in end else (end,)

    return write


def _grouped(kind: str, separator: str, change: Callable[[str], str] = str) -> Writing:
    def write(rng: random.Random) -> tuple[str, str, tuple[str, ...]]:
        made, _ = SHAPES[kind](rng)
        groups = [made[at : at + 4] for at in range(0, len(made), 4)]
        value = change(separator.join(groups))
        return f"for {value} now", value, (change(separator.join(groups[-3:])),)

    return write


def _mail(pattern: str) -> Writing:
    def write(rng: random.Random) -> tuple[str, str, tuple[str, ...]]:
        first, last, host = words(rng, 3)
        value = pattern.format(first=first, last=last, host=host)
        return f"for {value} now", value, (first, last)

    return write


def _named(pattern: str) -> Writing:
    """A secret of ordinary letters, recognised by the name before it only."""

    def write(rng: random.Random) -> tuple[str, str, tuple[str, ...]]:
        first, last = words(rng, 2)
        value = f"{first}-{last}"
        return pattern.replace("V", value).replace("W", f"{first} {last}"), value, (first, last)

    return write


def _token(pattern: str) -> Writing:
    def write(rng: random.Random) -> tuple[str, str, tuple[str, ...]]:
        value, parts = SHAPES["jwt"](rng)
        return pattern.replace("V", value), value, parts

    return write


_SECRETS = {
    "assignment": "password=V",
    "colon": "password: V",
    "JSON": '{"client_secret": "W", "n": 1}',
    "escaped JSON": '"{\\"client_secret\\": \\"W\\"}"',
    "repr of a dictionary": "{'api_key': 'W', 'n': 1}",
    "quoted assignment": "pwd='W'",
    "arrow": "secret => V",
    "header line": "X-Api-Key: V",
    "bearer": "Authorization: Bearer V",
    "cookie line": "Cookie: session=V; theme=dark",
    "query": "/login?access_token=V&n=1",
    "encoded query": "access_token%3DV%26n%3D1",
    "camel case": "newPassword=V",
    "environment": "STRIPE_API_KEY=V",
    "address": "postgresql://app:V@db.internal/app",
}
WRITINGS: Mapping[str, Mapping[str, Writing]] = {
    **{
        kind: {pattern.replace("#", "0").replace("~", "f"): _number(pattern) for pattern in patterns}
        for kind, patterns in _NUMBERS.items()
    },
    "card": {
        "spaces": _grouped("card", " "),
        "dashes": _grouped("card", "-"),
        "dots": _grouped("card", "."),
    },
    "iban": {
        "spaces": _grouped("iban", " "),
        "dashes": _grouped("iban", "-"),
        "lower case": _grouped("iban", "", str.lower),
    },
    "email": {
        "name and brackets": _mail("Ann <{first}.{last}@{host}.example>"),
        "plus": _mail("{first}+{last}@{host}.example"),
        "upper case": _mail("{first}.{last}@{host}.EXAMPLE"),
        "encoded": _mail("{first}.{last}%40{host}.example"),
        "mailto": _mail("mailto:{first}.{last}@{host}.example?subject=hello"),
        "deep domain": _mail("{first}_{last}@mail.{host}.co.example"),
    },
    "jwt": {
        "bearer": _token("Authorization: Bearer V"),
        "fragment": _token("/callback#access_token=V"),
        "alone": _token("got V back"),
    },
    "keyed": {name: _named(pattern) for name, pattern in _SECRETS.items()},
}
