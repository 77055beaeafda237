"""Requirement locks and npm locks as values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pytest_saas_validate.evidence.per_content import per_content

_HASH = re.compile(r"--hash=\w+:[0-9a-fA-F]+")
_PARTS = re.compile(r"--hash=(\w+):([^\s\\]+)")
_ADDRESS = re.compile(r"^\s*(?:--(?:extra-)?index-url|--find-links|--trusted-host|-i|-f)\b|://")


@dataclass(frozen=True)
class Line:
    """One logical line of a requirement file."""

    number: int
    text: str
    requirement: Requirement | None  # None: an option, or not understood
    hashes: int

    @property
    def weak(self) -> bool:
        """Whether a hash is cut short, or of a kind that can be forged."""
        sizes = {"sha256": 64, "sha384": 96, "sha512": 128}
        return any(sizes.get(kind) != len(value) for kind, value in _PARTS.findall(self.text))

    @property
    def name(self) -> str:
        """The package, spelled one way; empty when the line names none."""
        return canonicalize_name(self.requirement.name) if self.requirement else ""

    @property
    def pinned(self) -> str:
        """The one version that it allows, or nothing."""
        specifiers = list(self.requirement.specifier) if self.requirement else []
        exact = len(specifiers) == 1 and specifiers[0].operator in ("==", "===")
        return specifiers[0].version if exact and "*" not in specifiers[0].version else ""

    @property
    def address(self) -> bool:
        """Whether it says where packages come from."""
        return bool(_ADDRESS.search(self.text))

    @property
    def option(self) -> bool:
        """Whether it is an option rather than a requirement."""
        return self.text.startswith("-")


@per_content
def lines(text: str) -> Iterator[Line]:
    """The logical lines, without comments; continuation lines belong to the one they continue."""
    pending, start = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        line = re.sub(r"(^|\s)#.*$", "", raw)
        start = start or number
        if line.rstrip().endswith("\\"):
            pending += line.rstrip()[:-1] + " "
            continue
        whole = (pending + line).strip()
        if whole:
            yield Line(start, whole, _requirement(_HASH.sub("", whole).strip()), len(_HASH.findall(whole)))
        pending, start = "", 0


def is_manifest(text: str) -> bool:
    """Whether every line is a requirement or an option of pip: other programs read files named *.in too."""
    found = list(lines(text))
    return bool(found) and all(line.requirement or line.option for line in found)


def _requirement(text: str) -> Requirement | None:
    try:
        return None if text.startswith("-") else Requirement(text)
    except InvalidRequirement:
        return None
