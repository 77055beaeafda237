"""Headings of Markdown documents, and the anchors that are made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def headings(text: str) -> Iterator[str]:
    """The text of each heading, links taken out."""
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            yield re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1))


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set(re.findall(r"<a\s+(?:id|name)=[\"']([^\"']+)", text))
    for title in headings(text):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found
