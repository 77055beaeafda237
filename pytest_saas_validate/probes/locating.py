"""Addresses of a project, and what an answer says of the object that it made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

NOWHERE = "/no-such-page-of-the-validation"
_ASSET = re.compile(r"""(?:src|href)=["']?(/[^"' >]+\.(?:js|css))""")


def assets(page: str) -> list[str]:
    """Scripts and style sheets of the page's own host, each once."""
    return list(dict.fromkeys(_ASSET.findall(page)))


def others_of(made: httpx.Response, create: Mapping[str, Any]) -> list[str]:
    """Fields of an object that was just made without being told."""
    body = made.json() if "json" in made.headers.get("content-type", "") else None
    return sorted(set(body) - set(create)) if isinstance(body, dict) else []


def address(made: httpx.Response, collection: str) -> str:
    """The path of an object that was just made; empty when the answer does not name it."""
    location = made.headers.get("location")
    if location:
        return str(urlsplit(location).path)
    try:
        body = made.json()
    except ValueError:
        return ""
    found = body.get("id") or body.get("uuid") if isinstance(body, dict) else None
    return f"{collection}/{found}" if found else ""
