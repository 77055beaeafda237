"""Commands and plugins that a pyproject.toml declares."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_OBJECT = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Entry:
    """One of them: as it is written, and the object that it starts."""

    name: str
    written: str
    module: str
    wanted: str


def entries(text: str) -> Iterator[Entry]:
    """All that start an object of a module; nothing of a file that does not parse, which others tell."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project = document.get("project") or {}
    tables = [
        project.get("scripts"),
        project.get("gui-scripts"),
        *(project.get("entry-points") or {}).values(),
    ]
    tables.append(((document.get("tool") or {}).get("poetry") or {}).get("scripts"))
    for table in tables:
        for name, value in (table or {}).items():
            match = _OBJECT.match(value) if isinstance(value, str) else None
            if match:
                yield Entry(name, value, *match.groups())
