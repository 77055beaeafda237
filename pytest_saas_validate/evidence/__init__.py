"""Plain frozen values that probes gather and checks judge.

Evidence carries no secret: whatever could (headers, logs, tool output) goes through `scrub` on entry.
Evidence must pickle, since it is gathered once and read by every worker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """Evidence that was gathered completely."""

    value: T


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Evidence that was not gathered, and why; `broke` tells a failure from a tool that is not there."""

    reason: str
    broke: bool = True


Gathered = Found[T] | Missing

_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 [scrubbed]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?"), "[scrubbed]"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@"), r"\1[scrubbed]@"),
    (
        re.compile(
            r"(?i)\b([\w-]*(?:password|passwd|secret|token|api[_-]?key)[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{4,}"
        ),
        r"\1[scrubbed]",
    ),
)


def scrub(text: str) -> str:
    """The text without bearer tokens, JWTs, URL credentials and keyed secrets."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
