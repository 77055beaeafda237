"""The nodes of a parsed PromQL expression, and what can be said of them one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_saas_validate.evidence.alerts import Matcher, Selector

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
RATES = frozenset({"rate", "irate", "increase"})
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_CONSTANT = frozenset({"vector", "scalar", "time", "pi", "year", "month", "hour", "minute"})
_NEVER_NEGATIVE = re.compile(r"(^|_)(up|total|count|bucket|connections|limit|bytes|seconds|ratio)$")


def kind(node: Any) -> str:
    """The class of a node, as the parser calls it."""
    return type(node).__name__


def children(node: Any) -> Iterator[Any]:
    """The nodes right below one."""
    name = kind(node)
    if name == "BinaryExpr":
        yield from (node.lhs, node.rhs)
    elif name == "Call":
        yield from node.args
    elif name in ("AggregateExpr", "ParenExpr", "UnaryExpr", "SubqueryExpr"):
        yield node.expr


def walk(node: Any) -> Iterator[Any]:
    """A node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def bare(node: Any) -> Any:
    """The node inside of parentheses."""
    while kind(node) == "ParenExpr":
        node = node.expr
    return node


def number(node: Any) -> float | None:
    """The value of a literal number, with its sign."""
    inner = bare(node)
    if kind(inner) == "UnaryExpr":
        value = number(inner.expr)
        return None if value is None else -value
    return float(inner.val) if kind(inner) == "NumberLiteral" else None


def operator(node: Any) -> str:
    """The operator of a binary expression; empty for every other node."""
    return str(node.op) if kind(node) == "BinaryExpr" else ""


def filtering(node: Any) -> bool:
    """Whether a node is a comparison that lets some series through (`bool` lets all)."""
    modifier = getattr(node, "modifier", None)
    return operator(node) in COMPARISONS and not (modifier is not None and modifier.return_bool)


def threshold(node: Any) -> tuple[Any, str, float] | None:
    """A comparison with a number as (what, operator, number), whichever side the number is on."""
    if not filtering(node):
        return None
    left, right = number(node.lhs), number(node.rhs)
    if right is not None:
        return node.lhs, operator(node), right
    return (node.rhs, _FLIPPED.get(operator(node), operator(node)), left) if left is not None else None


def filters(node: Any) -> bool:
    """Whether an expression can give nothing although its series are there."""
    inner, op = bare(node), operator(bare(node))
    if op == "or":
        return filters(inner.lhs) and filters(inner.rhs)
    if filtering(inner) or op == "unless":
        return True
    if kind(inner) == "Call" and inner.func.name in ("absent", "absent_over_time"):
        return True
    if kind(inner) == "Call" and inner.func.name in _CONSTANT:
        return False
    return any(filters(child) for child in children(inner))


def certain(tree: Any) -> Iterator[str]:
    """Comparisons that hold whatever happens: what is never negative, with nought or less."""
    for node in walk(tree):
        asked = threshold(node)
        if asked is None:
            continue
        what, op, value = asked
        if ((op == ">=" and value <= 0) or (op in (">", "!=") and value < 0)) and _never_negative(what):
            yield f"{op} {value:g}"


def _never_negative(node: Any) -> bool:
    inner = bare(node)
    if kind(inner) == "Call":
        return inner.func.name in RATES | {"histogram_quantile", "count_over_time"}
    if kind(inner) == "AggregateExpr":
        return str(inner.op) == "count" or _never_negative(inner.expr)
    if operator(inner) in ("/", "*", "+"):
        return all(_never_negative(part) or (number(part) or -1) >= 0 for part in (inner.lhs, inner.rhs))
    return kind(inner) == "VectorSelector" and bool(_NEVER_NEGATIVE.search(inner.name or ""))


def selectors(node: Any, function: str = "", aggregation: str = "") -> Iterator[Selector]:
    """Every selector with the innermost function and aggregation around it."""
    name = kind(node)
    if name == "VectorSelector":
        yield _selector(node, 0, function, aggregation)
    elif name == "MatrixSelector":
        yield _selector(node.vector_selector, node.range.total_seconds(), function, aggregation)
    elif name == "Call":
        function = node.func.name
    elif name == "AggregateExpr":
        aggregation = str(node.op)
    for child in children(node):
        yield from selectors(child, function, aggregation)


def _selector(node: Any, seconds: float, function: str, aggregation: str) -> Selector:
    matchers = [
        Matcher(label=m.name, operator=_OPERATORS[str(m.op).rsplit(".", 1)[-1]], value=m.value)
        for m in node.matchers.matchers
    ]
    name = node.name or next((m.value for m in matchers if m.label == "__name__"), "")
    return Selector(
        metric=name,
        matchers=tuple(m for m in matchers if m.label != "__name__"),
        range=seconds,
        function=function,
        aggregation=aggregation,
    )
