"""Where a render records its own answers: there the name of a switched-off option is no residue."""

from __future__ import annotations

import re

from pytest_saas_validate.spec import TABLE

_RECORDS = re.compile(r"(^|/)\.(cruft\.json|cookiecutter[\w.-]*\.(json|ya?ml)|copier-answers\.ya?ml)$")
_HEADER = re.compile(r"^\s*\[")
_ANSWERS = re.compile(rf"^\s*\[tool\.[\"']?{re.escape(TABLE)}[\"']?\.answers\]")
_INLINE = re.compile(r"^\s*answers(\.\w+)?\s*=")


def without_answers(path: str, text: str) -> str:
    """The text with the recorded answers blanked, line for line."""
    if _RECORDS.search(path):
        return ""
    if path.rpartition("/")[2] != "pyproject.toml" or "answers" not in text:
        return text
    lines, inside, ours = [], False, False
    for line in text.splitlines():
        if _HEADER.match(line):
            inside = bool(_ANSWERS.match(line))
            ours = TABLE in line
        lines.append("" if inside or (ours and _INLINE.match(line)) else line)
    return "\n".join(lines)
