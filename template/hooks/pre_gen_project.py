"""Refuse answers that cannot be rendered correctly, each with a sentence that says what to type instead.

Standard library only, no network, writes nothing. Every complaint is printed at once.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

# tojson escapes every quote and backslash inside an answer, so that none can end this literal.
ANSWERS: dict[str, str] = json.loads(r"""{{ cookiecutter | tojson }}""")

SLUG_LIMIT = 40  # leaves room for suffixes such as -frontend within the 63 characters of a DNS label
TEXT_LIMITS = {"project_name": 60, "project_description": 200, "author_name": 80}
SWITCHES = ("include_observability", "include_github_actions", "include_kubernetes", "include_sentry")

# No quoting makes these safe in Python, TOML, JSON, YAML, HTML, Markdown and a shell alike.
FORBIDDEN = '"\\`<>{}$'
JOINERS = "\u200c\u200d"  # invisible, but part of the spelling in several scripts

# Words that mean something else to a tool which reads the slug.
RESERVED = {
    "Python": sys.stdlib_module_names | set(keyword.kwlist) | set(keyword.softkwlist) | {"test", "site"},
    "Node": set(
        """
        assert buffer cluster console constants crypto dgram dns domain events http http2 https net node npm
        os package path process punycode readline repl stream sys timers tls tty url util v8 vm wasi zlib
        """.split()  # noqa: SIM905
    ),
    "Windows": {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))},
    "a dependency": {
        "alembic",
        "asyncpg",
        "fastapi",
        "joserfc",
        "lit",
        "redis",
        "sqlalchemy",
        "uvicorn",
        "vite",
    },
}


def complaints(answers: dict[str, str]) -> Iterator[str]:
    """Yield one sentence per answer that has to be typed differently."""
    for name, limit in TEXT_LIMITS.items():
        yield from text_complaints(name, answers[name], limit)
    yield from slug_complaints(answers["project_slug"])
    for name in SWITCHES:
        if answers[name] not in ("yes", "no"):
            yield f"{name}: {answers[name]!r} is not a choice; type yes or no."
    if answers["include_sentry"] == "yes":
        yield from dsn_complaints(answers["sentry_dsn"])


def text_complaints(name: str, text: str, limit: int) -> Iterator[str]:
    """Yield what is wrong with a text, which has to be one line that every kind of file can hold."""
    if not text.strip():
        yield f"{name}: it is empty; type at least one letter or digit."
        return
    if text != text.strip():
        yield f"{name}: it begins or ends with a space; type it without."
    if not any(character.isalnum() for character in text):
        yield f"{name}: it has no letter and no digit; type at least one."
    if len(text) > limit:
        yield f"{name}: it has {len(text)} characters; type at most {limit}."
    invisible = sorted({c for c in text if not c.isprintable() and c not in JOINERS})
    if invisible:
        codes = ", ".join(f"U+{ord(c):04X}" for c in invisible)
        yield (
            f"{name}: it contains {codes}, a line break, control or invisible character; "
            "type it on one line, with plain spaces."
        )
    forbidden = [c for c in FORBIDDEN if c in text]
    if forbidden:
        found = " ".join(forbidden)
        yield f"{name}: it contains {found}; type it without (apostrophes, accents and & are fine)."


def slug_complaints(slug: str) -> Iterator[str]:
    """Yield what is wrong with the slug, which has to be a DNS-1123 label and nobody else's name."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", slug):
        example = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")[:SLUG_LIMIT].strip("-") or "acme-notes"
        yield (
            f"project_slug: {slug!r} is not a DNS label (lower case letters a-z, digits and inner hyphens); "
            f"type for example {example}."
        )
        return
    if len(slug) > SLUG_LIMIT:
        shorter = slug[:20].strip("-")
        yield f"project_slug: it has {len(slug)} characters; type at most {SLUG_LIMIT}, such as {shorter}."
    for owner, names in RESERVED.items():
        if slug in names or slug.replace("-", "_") in names:
            yield f"project_slug: {slug} is a name of {owner}; type for example {slug}-service."
            return


def dsn_complaints(dsn: str) -> Iterator[str]:
    """Yield what is wrong with the address for error reports; empty means that the deployment sets it."""
    if not dsn:
        return
    advice = "type https://KEY@HOST/PROJECT as the project's settings page shows it, or leave it empty"
    try:
        parts = urlsplit(dsn)
        whole = bool(
            parts.scheme in ("http", "https") and parts.username and parts.hostname and parts.port != 0
        )
    except ValueError:
        whole = False
    if (
        not whole
        or parts.query
        or parts.fragment
        or not re.fullmatch(r"(?:/[A-Za-z0-9_.-]+)*/[0-9]+", parts.path)
    ):
        yield f"sentry_dsn: this is not a DSN; {advice}."
    elif not re.fullmatch(r"[A-Za-z0-9:/@._-]+", dsn):
        yield f"sentry_dsn: it contains a character that no DSN has; {advice}."


def main() -> int:
    """Print every complaint and return the exit status."""
    found = list(complaints(ANSWERS))
    for sentence in found:
        print(f"cannot generate the project: {sentence}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
