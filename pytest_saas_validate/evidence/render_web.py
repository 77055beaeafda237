"""Whether what web modules and pages import of each other is there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.project import File

_SCRIPT = re.compile(r"\.(?:[cm]?[jt]s|[jt]sx|vue|svelte)$")
_SPECIFIER = re.compile(
    r"""(?:^|[;{}\s])(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?\s*["'](\.{1,2}/[^"'\n]+)["']"""
    r"""|\b(?:import|require)\(\s*["'](\.{1,2}/[^"'\n]+)["']\s*\)""",
    re.M,
)
_PAGE_REFERENCE = re.compile(r"""<(?:script|link|img)\b[^>]*?\s(?:src|href)=["']([^"':#?]+)["'?#]""", re.I)
_SUFFIXES = ("", ".ts", ".tsx", ".js", ".mjs", ".jsx", ".json", ".css", ".d.ts", "/index.ts", "/index.js")


def unresolved(files: Mapping[str, File]) -> Iterator[Fault]:
    """Relative imports of scripts, and own references of pages, that lead to none of these files."""
    for name, file in files.items():
        if _SCRIPT.search(name):
            yield from _script(name, file.text or "", files)
        elif name.endswith(".html") and not re.search(r"\{[{%]", file.text or ""):  # else a part of one
            yield from _page(name, file.text or "", files)


def _script(name: str, text: str, files: Mapping[str, File]) -> Iterator[Fault]:
    folder = posixpath.dirname(name)
    for match in _SPECIFIER.finditer(text):
        written = match.group(1) or match.group(2)
        target = posixpath.normpath(posixpath.join(folder, written.partition("?")[0]))
        stem = re.sub(r"\.[cm]?js$", "", target)
        if not any(target + suffix in files or stem + suffix in files for suffix in _SUFFIXES):
            line = text.count("\n", 0, match.start(match.lastindex or 0)) + 1
            yield Fault(f"{name}:{line}", f"imports {written}, which is not in the project")


def _page(name: str, text: str, files: Mapping[str, File]) -> Iterator[Fault]:
    """A page's own scripts and pictures: beside it, or in the folder that a bundler serves as its root."""
    folder = posixpath.dirname(name)
    for match in _PAGE_REFERENCE.finditer(text):
        written = match.group(1)
        if written.startswith("//") or "{" in written:
            continue
        path = written.lstrip("/")
        places = [posixpath.normpath(posixpath.join(folder, *parts)) for parts in ((path,), ("public", path))]
        if not any(place in files for place in places):
            line = text.count("\n", 0, match.start(1)) + 1
            yield Fault(f"{name}:{line}", f"refers to {written}, which is not in the project")
