"""Settings whose secrets have no shape: ordinary words, and signs that an address has to encode."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from .canaries import Canaries, words

_STORES = (
    "postgresql",
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "rediss",
    "valkey",
    "amqp",
    "amqps",
    "mongodb",
)
Secrets = dict[str, str]


def secrets_of(settings: Any) -> Secrets:
    """The secret fields of the settings by name, also of settings inside them; empty ones are left out."""
    found: Secrets = {}
    seen: set[int] = set()

    def visit(prefix: str, value: Any) -> None:
        if hasattr(value, "get_secret_value"):
            text = value.get_secret_value()
            if isinstance(text, str) and len(text) >= 8:
                found[prefix] = text
            return
        fields = getattr(value, "__dict__", None)
        if isinstance(fields, dict) and id(value) not in seen:
            seen.add(id(value))
            for name, inner in fields.items():
                visit(f"{prefix}.{name}" if prefix else name, inner)

    visit("", settings)
    return found


def awkward(canaries: Canaries, names: Iterable[str], make_settings: Callable[[], Any]) -> Secrets:
    """Give the variables that hold a secret an awkward one, as far as the settings take it: by place, the
    writings of it that must not leave.

    Nothing is connected to: the canary app only makes settings.
    """
    known = set(secrets_of(make_settings()).values())
    placed: Secrets = {}
    for name in names:
        before = os.environ.get(name, "")
        password = _password(canaries.rng("password", name))
        address = _with_password(before, password)
        after = address or (password if before in known else "")
        if after and _accepted(name, after, make_settings):
            forms = (
                {"as written": quote(password, safe=""), "decoded": password} if address else {"": password}
            )
            placed |= {f"password of {name} {form}".strip(): text for form, text in forms.items()}
    return placed


def _password(rng: random.Random) -> str:
    first, middle, last = words(rng, 3)
    return f"{first}/{middle}#@+ {last}\"'\N{LATIN SMALL LETTER U WITH DIAERESIS}"


def _with_password(address: str, password: str) -> str:
    """An address with this password instead of its own; empty for what has and takes none."""
    try:
        parts = urlsplit(address)
        old = parts.password
    except ValueError:
        return ""
    if not parts.hostname or not (old or parts.scheme.partition("+")[0] in _STORES):
        return ""
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def _accepted(name: str, value: str, make_settings: Callable[[], Any]) -> bool:
    """Set a variable, and take it back where the settings refuse it."""
    before = os.environ[name]
    os.environ[name] = value
    try:
        make_settings()
    except BaseException:  # some settings end the process
        os.environ[name] = before
        return False
    return True
