"""Kinds without a parser here: whether quotes, comments, braces and elements end, and statements do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_PAIRS = {")": "(", "]": "[", "}": "{"}
_CSS = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|url\([^)'\"]*\)", re.S)
_SQL = re.compile(
    r"--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|"
    r"[eE]'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"",
    re.S,
)
_CONF = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\\.|\$\{\w+\}", re.S)
_RUNS_ON = re.compile(
    r"(?:^|[;{}])\s*([a-z_]\w*)\s[^;{}]*\n\s*(?:add_header|server_name|listen|location|proxy_\w+)\s"
)
_VOID = re.compile(r"area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
_OPTIONAL = re.compile(r"li|d[td]|p|rt|rp|option|optgroup|thead|tbody|tfoot|t[rdh]|colgroup|html|head|body")
_INSTRUCTION = re.compile(
    r"FROM|RUN|CMD|LABEL|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL|HEALTHCHECK|"
    r"SHELL|MAINTAINER"
)
Found = Iterator[tuple[int, str]]


def css(text: str) -> Found:
    """Braces of a style sheet, and declarations that run into the next rule."""
    plain = _blank(_CSS, text)
    yield from _balanced(plain)
    for match in re.finditer(r"[{;]\s*[\w-]+\s*:\s*[^;{}]*\n\s*[\w-]+\s*:(?=[^;{}]*;)(?![^;{}]*\{)", plain):
        yield _line(plain, match.start() + 1), "a declaration does not end with a semicolon"


def sql(text: str) -> Found:
    """Quotes and brackets of SQL, and a last statement that does not end."""
    plain = re.sub(r"\\g\w*", lambda match: ";" * len(match.group()), _blank(_SQL, text))  # psql's own end
    plain = re.sub(r"\\[a-z][^\n]*", lambda match: ";" * len(match.group()), plain)
    yield from _balanced(plain)
    for match in re.finditer(r"'|\"|/\*|\$\w*\$", plain):
        yield _line(plain, match.start()), f"{match.group()!r} is never closed"
    last = plain.rstrip()
    if last and not last.endswith(";"):
        yield _line(plain, len(last)), "the last statement does not end with a semicolon"


def nginx(text: str) -> Found:
    """Blocks and directives of a server's configuration."""
    plain = _blank(_CONF, text)
    yield from _balanced(plain, "{}")
    known = re.compile(
        r"(?:^|[;{}])\s*([a-z_]\w*)\s[^;{}]*\n\s*(?:add_header|server_name|listen|location|proxy_\w+)\s"
    )
    for match in known.finditer(plain):
        yield _line(plain, match.start(1)), f"{match.group(1)} does not end with a semicolon"


def dockerfile(text: str) -> Found:
    """Instructions, and that the first one says what the image is made from."""
    first, inside, end = "", False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if end:
            end = "" if line.strip() == end else end
            continue
        if not inside and line.strip() and not line.lstrip().startswith("#"):
            word = line.split()[0].upper()
            if not _INSTRUCTION.fullmatch(word):
                yield number, f"{line.split()[0]!r} is no instruction"
            elif word != "ARG" and not first:
                first = word
                if word != "FROM":
                    yield number, f"the first instruction is {word}, not FROM"
        here = re.search(r"<<-?['\"]?(\w+)", line)
        end = here.group(1) if here and not line.lstrip().startswith("#") else ""
        inside = line.rstrip().endswith("\\") or (inside and line.lstrip().startswith("#"))


def html(text: str) -> Found:
    """Elements that are closed in another order than they were opened, or never."""
    opened: list[tuple[str, int]] = []
    found: list[tuple[int, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if not _VOID.fullmatch(tag):
                opened.append((tag, self.getpos()[0]))

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            if tag not in [name for name, _ in opened]:
                if not _VOID.fullmatch(tag):
                    found.append((self.getpos()[0], f"</{tag}> closes nothing"))
                return
            while opened:
                name, line = opened.pop()
                if name == tag:
                    break
                if not _OPTIONAL.fullmatch(name):
                    found.append((line, f"<{name}> is not closed before </{tag}>"))

    reader = Reader(convert_charrefs=True)
    reader.feed(text)
    reader.close()
    yield from found
    yield from ((line, f"<{name}> is never closed") for name, line in opened if not _OPTIONAL.fullmatch(name))
    if reader.rawdata.strip():
        yield text.count("\n") + 1, "the page ends inside of a tag"


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Without what the pattern matches, character for character."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def _balanced(text: str, signs: str = "()[]{}") -> Found:
    opened: list[tuple[str, int]] = []
    for place, sign in enumerate(text):
        if sign not in signs:
            continue
        if sign in _PAIRS.values():
            opened.append((sign, place))
        elif not opened or opened.pop()[0] != _PAIRS[sign]:
            yield _line(text, place), f"{sign!r} closes nothing"
            return
    yield from ((_line(text, place), f"{sign!r} is never closed") for sign, place in opened[:1])


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
