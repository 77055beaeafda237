"""TR: what a render must hold, and must not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.render import Rendered
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_LEFTOVER = re.compile(
    r"\{\{[^{}\n]*\bcookiecutter\b|\{%-?\s*(?:if|elif|else|endif|for|endfor|raw|endraw|set)\b|cookiecutter\.\w+"
)


@check(
    "TR001",
    severity=Severity.HIGH,
    title="No template syntax is left over",
    remedy="render the file, or put what is not meant for Jinja into a raw block",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def leftover(rendered: Rendered) -> Iterator[Finding]:
    """File names and every text file."""
    for name, file in rendered.files.items():
        if _LEFTOVER.search(name):
            yield Finding(where=name, message="the file's name holds template syntax")
        for number, line in enumerate((file.text or "").splitlines(), 1):
            found = _LEFTOVER.search(line)
            if found:
                yield Finding(where=f"{name}:{number}", message=f"holds {found.group().strip()!r}")
