"""TR: what the files of a render must hold, and must not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.evidence.render import (
    Passwords,
    Rendered,
    SecretsInCode,
    SecretsInData,
    SecretsInText,
)
from pytest_saas_validate.evidence.render_answers import without_answers
from pytest_saas_validate.evidence.render_ignore import Ignored
from pytest_saas_validate.evidence.render_leftover import leftovers
from pytest_saas_validate.evidence.render_words import Words
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_NAME_REMNANT = re.compile(r"\{\{|\}\}|\{%|%\}|\bcookiecutter\.")
_DIGEST = re.compile(r"\bsha\d+[-:=][A-Za-z0-9+/=_-]{20,}")
_EMPTY_ON_PURPOSE = re.compile(r"(^|/)(__init__\.pyi?|py\.typed|\.?(git|hg)?keep|\.nojekyll)$")
_IGNORED = re.compile(r"(^|/)\.\w*ignore$")  # what tools may make; a line too many there does no harm
_WINDOWS = (".bat", ".cmd", ".ps1", ".sln")


@check(
    "TR001",
    severity=Severity.HIGH,
    title="No template syntax is left over",
    why="the syntax reaches users: a script fails on it, a document shows it, and a configuration takes a "
    "placeholder for its value",
    remedy="render the file, or put what is not meant for Jinja into a raw block",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def leftover(rendered: Rendered) -> Iterator[Finding]:
    """File names and every text file, for placeholders, statements and halves of them."""
    for name, file in rendered.files.items():
        if _NAME_REMNANT.search(name):
            yield Finding(where=name, message="the file's name holds template syntax")
        for line, text in leftovers(name, file.text or "", rendered.options):
            yield Finding(where=f"{name}:{line}", message=f"holds {text[:60]!r}")


@check(
    "TR003",
    severity=Severity.HIGH,
    title="A switched-off feature leaves nothing behind",
    why="users get code, variables and documents for what they declined, and look for a service that is "
    "not there",
    remedy="make the file or the passage depend on the switch, or add its tree to the hook's table",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def residue(rendered: Rendered) -> Iterator[Finding]:
    """Names and text of every file for the words of each feature that is off; recorded answers are spared."""
    for name, file in rendered.files.items():
        for feature in rendered.off:
            yield from _remains(name, file.text or "", feature)


@per_content
def _remains(name: str, text: str, feature: Feature) -> Iterator[Finding]:
    if _IGNORED.search(name):
        return
    words, told = Words(feature), _DIGEST.sub("", without_answers(name, text))
    lowered = f"{name}\n{told}".lower()
    if not any(start in lowered for start in words.starts):  # a plain search is much faster
        return
    in_name = words.find(name)
    if in_name:
        message = f"{feature.name} is off, and the path holds {in_name[0].group()!r}"
        yield Finding(where=name, message=message)
        return
    hits = words.find(told)
    if hits and not words.common:  # text uses such a word of other things too
        times = f" ({len(hits)} times in this file)" if len(hits) > 1 else ""
        where = f"{name}:{told.count(chr(10), 0, hits[0].start()) + 1}"
        yield Finding(where=where, message=f"{feature.name} is off, and {hits[0].group()!r} is here{times}")


@check(
    "TR006",
    severity=Severity.CRITICAL,
    title="No secret is in the render",
    why="every project and every clone carries it, and published repositories are searched for such "
    "strings within minutes",
    remedy="take it out, revoke it, and read it from the environment",
    wants=(SecretsInCode, SecretsInData, SecretsInText, Passwords),
    subject=Subject.PROJECT,
)
def secrets(
    code: SecretsInCode, data: SecretsInData, text: SecretsInText, words: Passwords
) -> Iterator[Finding]:
    """Every file, by gitleaks with its own rules and the project's configuration of it; passwords inside of
    addresses, SQL and settings that are no placeholders."""
    yield from per_fault(dict.fromkeys((*code.faults, *data.faults, *text.faults, *words.faults)))


@check(
    "TR012",
    severity=Severity.LOW,
    title="No empty shells: blank files, empty folders, foreign line endings",
    why="a blank file looks like lost work, and a carriage return at the end of a shebang asks the kernel "
    "for an interpreter that does not exist",
    remedy="remove it, or give it content; write line feeds only, without a byte order mark",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def shells(rendered: Rendered) -> Iterator[Finding]:
    """Files of white space only, folders without a file, carriage returns and byte order marks."""
    ignored = Ignored(rendered.files)
    for folder in rendered.empty:
        if not ignored.covers(folder):
            yield Finding(where=f"{folder}/", message="the folder holds no file")
    for name, file in rendered.files.items():
        if not file.content.strip() and not _EMPTY_ON_PURPOSE.search(name):
            yield Finding(where=name, message="the file holds nothing but white space")
        if file.text is None or name.endswith(_WINDOWS):
            continue
        if b"\r" in file.content:
            line = file.content[: file.content.index(b"\r")].count(b"\n") + 1
            yield Finding(where=f"{name}:{line}", message="the line ends with a carriage return")
        if file.content.startswith(b"\xef\xbb\xbf"):
            yield Finding(where=name, message="the file begins with a byte order mark")
