"""PromQL expressions, read by the parser that Prometheus-like servers in Rust use (`promql-parser`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pytest_saas_validate.evidence.alerts import Expression, Matcher, Selector
from pytest_saas_validate.probes import Unavailable

_COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
_SETS = {"and", "or", "unless"}
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def read_expression(text: str) -> Expression:
    """The parsed expression; raises Unavailable when the parser is not installed."""
    try:
        import promql_parser
    except ImportError:
        raise Unavailable(
            "promql-parser is not installed; pip install 'pytest-saas-validate[judges]'"
        ) from None
    try:
        tree = promql_parser.parse(text)
    except ValueError as problem:
        return Expression(text=text, problem=str(problem))
    nodes = list(_walk(tree, ""))
    operators = {str(node.op) for node, _ in nodes if type(node).__name__ == "BinaryExpr"}
    functions = {function for _, function in nodes}
    return Expression(
        text=text,
        conditional=bool(operators & (_COMPARISONS | _SETS)) or "absent" in functions,
        divides="/" in operators,
        guarded="and" in operators,
        quantile_limit=next(_quantile_limits(node for node, _ in nodes), None),
        selectors=tuple(_selectors(nodes)),
    )


def _walk(node: Any, function: str) -> Iterator[tuple[Any, str]]:
    """Every node with the innermost function around it."""
    yield node, function
    if type(node).__name__ == "Call":
        function = node.func.name
    for child in _children(node):
        yield from _walk(child, function)


def _children(node: Any) -> Iterator[Any]:
    kind = type(node).__name__
    if kind == "BinaryExpr":
        yield from (node.lhs, node.rhs)
    elif kind == "Call":
        yield from node.args
    elif kind in ("AggregateExpr", "ParenExpr", "UnaryExpr", "SubqueryExpr"):
        yield node.expr


def _quantile_limits(nodes: Iterable[Any]) -> Iterator[float]:
    """The number that a histogram_quantile() is compared with."""
    for node in nodes:
        if type(node).__name__ != "BinaryExpr" or str(node.op) not in (">", ">="):
            continue
        left = node.lhs
        while type(left).__name__ == "ParenExpr":
            left = left.expr
        asks = type(left).__name__ == "Call" and left.func.name == "histogram_quantile"
        if asks and type(node.rhs).__name__ == "NumberLiteral":
            yield float(node.rhs.val)


def _selectors(nodes: list[tuple[Any, str]]) -> Iterator[Selector]:
    for node, function in nodes:
        kind = type(node).__name__
        if kind == "VectorSelector":
            yield _selector(node, 0, function)
        elif kind == "MatrixSelector":
            yield _selector(node.vector_selector, node.range.total_seconds(), function)


def _selector(node: Any, seconds: float, function: str) -> Selector:
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
    )
