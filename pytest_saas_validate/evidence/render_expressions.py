"""Expressions of workflows, `${{ ... }}`: whether the service that runs them can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?(?:0x[0-9A-Fa-f]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+))"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>==|!=|<=|>=|&&|\|\||[!<>().,\[\]*]))"
)
_VALUES = re.compile(
    "github|env|vars|job|jobs|steps|runner|secrets|strategy|matrix|needs|inputs|true|false|null|nan|infinity",
    re.IGNORECASE,
)
Found = Iterator[tuple[int, str]]
Token = tuple[str, str]  # kind, text


def expressions(text: str) -> Found:
    """Line and fault of each expression that cannot be read, and of conditions that are written without
    braces; YAML that does not parse has none."""
    try:
        for document in yaml.compose_all(text, Loader=_LOADER):
            yield from _below(document, "")
    except yaml.YAMLError:
        return


def _below(node: Any, key: str) -> Found:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _below(value, str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _below(value, key)
    elif isinstance(node, yaml.ScalarNode):
        first = node.start_mark.line + 1 + (node.style in ("|", ">"))
        if key == "if" and "${{" not in node.value and node.tag.endswith(":str"):
            yield from ((first, f"if: {fault}") for fault in _faults(node.value))
        for line, inner in _inner(node.value):
            faults = ["is never closed"] if inner is None else _faults(inner)
            yield from ((first + line, f"the expression {fault}") for fault in faults)


def _inner(text: str) -> Iterator[tuple[int, str | None]]:
    """What stands between the braces, with its line in the text; None when they are not closed."""
    for opened in re.finditer(r"\$\{\{", text):
        line = text.count("\n", 0, opened.start())
        closed = re.compile(r"(?:'[^']*'|(?!\}\}).)*\}\}", re.S).match(text, opened.end())
        yield line, closed.group()[:-2] if closed else None


def _faults(text: str) -> Iterator[str]:
    tokens: list[Token] = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            yield f"holds {text[place:].strip()[:20]!r}, which is no part of one: {text.strip()[:60]!r}"
            return
        tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        place = match.end()
    if not tokens:
        yield "is empty"
        return
    wrong = _order(tokens)
    if wrong:
        yield f"{wrong}: {text.strip()[:60]!r}"
        return
    for index, (kind, word) in enumerate(tokens):
        member = index > 0 and tokens[index - 1] == ("sign", ".")
        called = tokens[index + 1 : index + 2] == [("sign", "(")]
        if kind == "name" and not member and not called and not _VALUES.fullmatch(word):
            yield f"names {word}, which there is not: {text.strip()[:60]!r}"


def _order(tokens: list[Token]) -> str:
    """What is wrong with the order of values, operators and brackets; empty when nothing is."""
    opened: list[str] = []
    value = False  # whether a value ended just before
    before = ""
    for kind, word in tokens:
        if kind != "sign":
            if value:
                return f"has nothing between two values, before {word}"
            value = True
        elif word in "([":
            if word == "(" and value and not before.replace("_", "a").replace("-", "a").isalnum():
                return "calls what is no function"
            if word == "[" and not value:
                return "has an index of nothing"
            opened.append(word)
            value = False
        elif word in ")]":
            if not opened or opened.pop() + word not in ("()", "[]"):
                return f"closes {word}, which was not opened"
            if not value and before not in ("(", "*"):
                return f"lacks a value before {word}"
            value = True
        elif word == "*":
            value = True
        elif word == "!":
            if value:
                return "has nothing between two values, before !"
        else:
            if not value:
                return f"lacks a value before {word}"
            value = False
        before = word
    if opened:
        return f"does not close {opened[-1]}"
    return "" if value else f"lacks a value after {before}"
