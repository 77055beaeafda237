"""Where the default of an answer is written out instead of asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_answers import without_answers
from pytest_saas_validate.project import File

# Words that defaults and texts share without having to do with each other.
_ORDINARY = re.compile(
    "title|subtitle|a|an|the|of|for|to|in|on|and|or|with|my|your|our|new|some|any|this|that|is|it|"
    "its|project|projects|name|names|app|apps|application|demo|example|sample|test|tests|"
    "package|module|library|service|services|api|web|site|website|template|boilerplate|"
    "starter|skeleton|cookiecutter|python|django|flask|fastapi|node|javascript|typescript|"
    "react|description|short|long|brief|simple|basic|great|awesome|tool|tools|cli|hello|"
    "world|foo|bar|baz|author|authors|maintainer|owner|user|users|username|company|"
    "organization|organisation|team|mail|email|admin|com|org|net|dev|main|master|develop|"
    "latest|stable|default|none|null|local|localhost|version|release|license|licence|"
    "licensed|mit|bsd|apache|gpl|lgpl|agpl|gnu|general|public|mozilla|creative|commons|"
    "clause|software|proprietary|unlicense|open|source|src|lib|core|base|common|data|model|"
    "models|server|client|backend|frontend|database|postgres|postgresql|mysql|sqlite|redis|"
    "docker|compose|kubernetes|github|gitlab|actions|linux|ubuntu|debian|alpine|windows|"
    "macos|amd|arm|utc|english"
)
_RESERVED = re.compile(r"\bexample\.(com|org|net)\b|\.(example|test|invalid|local)\b|\blocalhost\b", re.I)
_SHORTEST, _SENTENCE = 8, 5  # characters, words
# A sentence about where the project comes from names the template and its author by right.
_CREDIT = re.compile(r"cookiecutter|template|generated|scaffold|boilerplate|skeleton|based on", re.I)


def distinctive(text: str) -> bool:
    """Whether a text is somewhere because of one answer: a name of two words of its own, or a sentence with
    one.

    Versions, years, zones, regions, licences, reserved domains and everything of one word are not, nor is a
    phrase that only says what is to be typed ("Thesis title").
    """
    words = re.findall(r"[A-Za-z]+", text)
    own = [word for word in words if not _ORDINARY.fullmatch(word.lower()) and len(word) > 2]
    if len(text) < _SHORTEST or "/" in text or _RESERVED.search(text):
        return False
    if re.fullmatch(r"[a-z]{2}-[a-z]+-\d+|[\w.-]+:[\w.-]+", text):  # a region, an image
        return False
    if len(words) >= _SENTENCE:
        return bool(own)
    return len(own) >= 2 and (" " not in text or all(word[0].isupper() for word in own))


def stands(old: str, before: Mapping[str, File], after: Mapping[str, File]) -> Iterator[Fault]:
    """Places that hold an old answer after another one was given.

    Only when the other answer took it from some place: then the variable is what the text means.
    """
    pattern = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)")
    left = list(_places(pattern, after))
    if sum(1 for _ in _places(pattern, before)) > len(left):
        yield from left


def _places(pattern: re.Pattern[str], files: Mapping[str, File]) -> Iterator[Fault]:
    for name, file in files.items():
        if pattern.search(name):
            yield Fault(name, "the path holds it")
        for number, line in enumerate(without_answers(name, file.text or "").splitlines(), 1):
            if pattern.search(line) and not _CREDIT.search(line):
                yield Fault(f"{name}:{number}", f"holds it: {line.strip()[:80]!r}")
