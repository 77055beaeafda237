"""TR: whether documents point at things that are there."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from pytest_saas_validate.evidence.markdown import anchors
from pytest_saas_validate.evidence.render import Documents, Rendered
from pytest_saas_validate.evidence.render_ignore import Ignored, parents
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_INLINE = re.compile(r"!?\[[^\]\n]*\]\(\s*<?([^)\s<>]+)>?(?:\s+[\"'][^)]*)?\)")
_REFERENCE = re.compile(r"^\s{0,3}\[[^\]^]+\]:\s+<?(\S+?)>?\s*$")
_ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.I)
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?<![\w/.:@$~*{<=-])(?:\./)?((?:[\w.@-]+/)+[\w.@*-]+)(?![\w/:(<{*])")
_PLACEHOLDER = re.compile(r"(^|/)(path|your|my|some|example|foo|file|name)(\.\w+)?(/|$)", re.I)
_SOURCE = re.compile(r"\.(md|py|ya?ml|json|toml|sh|sql|ts|js|mjs|css|html|txt|in|conf|cfg|ini|example)$")


@check(
    "TR008",
    severity=Severity.MEDIUM,
    title="Links and paths in documents lead somewhere",
    why="a reader follows the document into nothing; with a runbook that is in the middle of an outage",
    remedy="mend the target, or make the passage depend on the same switch as the file",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def links(rendered: Rendered) -> Iterator[Finding]:
    """Relative links, anchors, and paths between backticks or in fenced commands of every Markdown file."""
    tree = _Tree(rendered)
    for name, file in rendered.files.items():
        if name.endswith(".md") and file.text:
            yield from _document(name, file.text, tree)


class _Tree:
    """What is there, and what commands will make."""

    def __init__(self, rendered: Rendered) -> None:
        self.files = rendered.files
        self.folders = {parent for name in rendered.files for parent in parents(name)}
        self.top = {name.partition("/")[0] for name in self.folders}
        self.ignored = Ignored(rendered.files)
        self.name = rendered.name

    def has(self, path: str) -> bool:
        return path in self.files or path in self.folders or path == "."

    def resolves(self, written: str, home: str) -> bool:
        """A path as people write it: from the root or above it, the document, or a folder that is known."""
        path = written.rstrip("/.")
        candidates = {posixpath.normpath(posixpath.join(start, path)) for start in ("", home)}
        if self.name and path.startswith(f"{self.name}/"):  # from the folder that it was cloned into
            candidates.add(path.removeprefix(f"{self.name}/"))
        if any(self.has(each) or self.ignored.covers(each) for each in candidates):
            return True
        if "*" in path:
            return any(fnmatch.fnmatchcase(each, path) for each in self.files)
        return any(each.endswith("/" + path) for each in (*self.files, *self.folders))


def _document(name: str, text: str, tree: _Tree) -> Iterator[Finding]:
    fence = ""
    home = posixpath.dirname(name)
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark.group(1)
            continue
        where = f"{name}:{number}"
        if fence:
            yield from _paths(where, line, home, tree)
            continue
        plain = _CODE.sub("", line)
        reference = _REFERENCE.match(plain)
        for target in [*_INLINE.findall(plain), *([reference.group(1)] if reference else [])]:
            yield from _link(where, target, name, tree)
        for code in _CODE.findall(line):
            yield from _paths(where, code, home, tree)


def _link(where: str, target: str, name: str, tree: _Tree) -> Iterator[Finding]:
    if _ELSEWHERE.match(target):
        return
    path, _, anchor = unquote(target).partition("#")
    start = "" if path.startswith("/") else posixpath.dirname(name)
    place = posixpath.normpath(posixpath.join(start, path.lstrip("/"))) if path else name
    if not tree.has(place):
        yield Finding(where=where, message=f"links to {target}, which is not there")
    elif anchor and place.endswith(".md") and anchor.lower() not in anchors(tree.files[place].text or ""):
        yield Finding(where=where, message=f"links to {target}, and {place} has no such heading")


def _paths(where: str, code: str, home: str, tree: _Tree) -> Iterator[Finding]:
    """Only what is surely meant as a path of this project: below a folder that exists, or a source file."""
    for written in _PATH.findall(code):
        ours = written.partition("/")[0] in tree.top or _SOURCE.search(written)
        if not ours or _PLACEHOLDER.search(written) or tree.resolves(written, home):
            continue
        yield Finding(where=where, message=f"names {written}, which is not there")


@check(
    "TR024",
    severity=Severity.LOW,
    title="Documents stay small enough to be read",
    why="nobody reads them, and nobody keeps them true",
    remedy="say it shorter, or once; or raise document_lines in [tool.pytest-saas-validate.limits]",
    wants=Documents,
    subject=Subject.PROJECT,
)
def size(documents: Documents) -> Iterator[Finding]:
    """The lines of all Markdown files together."""
    total = sum(documents.lines.values())
    if total > documents.limit:
        longest = max(documents.lines, key=lambda name: documents.lines[name])
        yield Finding(
            where=longest,
            message=f"all documents have {total} lines, and {documents.limit} are allowed; this one has "
            f"{documents.lines[longest]}",
        )
