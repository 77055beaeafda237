"""Passwords as data holds them: inside of addresses, beside names that say so, in SQL and in commands."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.project import File

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://([^\s/@:\"'<>`|()]*):([^\s/@\"'<>`|]+)@([\w.\[\]${}:-]+)", re.I)
_PARAMETER = re.compile(r"[?&;]password=([^\s&;\"'<>`]+)", re.I)
_STATEMENT = re.compile(r"\bPASSWORD\s+'([^'\n]+)'", re.I)
_NAMED = re.compile(
    r"""^\s*(?:-\s+|export\s+|ENV\s+|ARG\s+|//[\w./-]+:)?["']?"""
    r"""([\w.-]*(?:password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|credentials?))["']?"""
    r"""\s*[=:]\s*["']?([^\s"'#,]+)["']?\s*,?\s*(?:\#.*)?$""",
    re.I | re.M,
)
_DEFAULT = re.compile(r"^\$\{\w+:?[-=]([^{}]*)\}$")
_DATA = re.compile(
    r"(^|/)(\.env[\w.-]*|[\w.-]*\.env|\.npmrc|\.netrc|\.pgpass|Dockerfile[\w.-]*|[\w.-]+\.(ya?ml|toml|ini|cfg|conf|json|properties|tf))$"
)
# Tests of what reads addresses need some; those of hosts that nobody can have open nothing.
_TEST = re.compile(r"(^|/)(tests?|__tests__)/|(^|/)test_[^/]*$|[._](test|spec)\.\w+$")
_RESERVED = re.compile(
    r"^[^.\[]*$|\.(example|test|invalid|localhost|local|internal)\b|\bexample\.(com|org|net)\b|^127\.|^\[|"
    r"^192\.0\.2\.|^10\."
)
_LOCK = re.compile(r"(^|/)(package-lock\.json|[\w.-]+\.lock|pnpm-lock\.yaml)$")
_PLACEHOLDER = re.compile(
    r"change|replace|example|placeholder|dummy|redacted|insert|todo|x{3,}|\.{3}|…|\*{2,}|"
    r"^(your|my|some|the|a)[-_ ]|"
    r"^(password|passwd|pass|pw|secret|token|key|credentials?|user|username|admin|root|postgres|guest|test|tests|testing|dev|develop|development|local|none|null|true|false|required|empty|"
    r"read|write|app|migrator|backup|value|string|str)\d{0,3}$",
    re.I,
)
_OPEN = re.compile(r"[$<>{}%]|\[[\w ]+\]|^/|::|\(")
_WORDS = re.compile(r"[a-z]+([-_.][a-z]+)*|[A-Z]+(_[A-Z]+)*|[\d.:]+|[A-Za-z]?[a-z]+([A-Z][a-z]+)*")
_SHORT = 6  # a shorter one is a word of an example, and protects nothing


def passwords(files: Mapping[str, File]) -> Iterator[Fault]:
    """Every place with a password that is no placeholder; never the password."""
    for name, file in files.items():
        yield from _in_file(name, file)


@per_content
def _in_file(name: str, file: File) -> Iterator[Fault]:
    text = file.text or ""
    if _LOCK.search(name):
        return
    for pattern, what in _patterns(name):
        for match in pattern.finditer(text):
            value = _bare(match.group(2 if pattern in (_ADDRESS, _NAMED) else 1))
            user = match.group(1) if pattern is _ADDRESS else ""
            made_up = _TEST.search(name) and (pattern is not _ADDRESS or _RESERVED.search(match.group(3)))
            if not made_up and _telling(value, user, strict=pattern is _NAMED):
                line = text.count("\n", 0, match.start()) + 1
                yield Fault(f"{name}:{line}", f"holds a password that is no placeholder ({what})")


def _patterns(name: str) -> Iterator[tuple[re.Pattern[str], str]]:
    yield _ADDRESS, "inside of an address"
    yield _PARAMETER, "in an address"
    if name.endswith((".sql", ".sh", ".py")):
        yield _STATEMENT, "in a statement"
    if _DATA.search(name):
        yield _NAMED, "beside a name that says so"


def _bare(value: str) -> str:
    """What stands when nothing is said: the default of an interpolation."""
    default = _DEFAULT.match(value)
    return default.group(1) if default else value


def _telling(value: str, user: str, *, strict: bool) -> bool:
    if (
        len(value) < _SHORT
        or _OPEN.search(value)
        or _PLACEHOLDER.search(value)
        or value.lower() == user.lower()
    ):
        return False
    return not strict or _random(value)


def _random(value: str) -> bool:
    """Whether somebody rolled dice, or a program did: kinds of characters, and how evenly they come."""
    if len(value) < 8 or "://" in value or _WORDS.fullmatch(value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[^\w]"))
    even = -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
    return kinds >= 2 and even > 2.75
