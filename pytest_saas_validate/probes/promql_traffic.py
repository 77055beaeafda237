"""Ratios and quantiles of traffic in a PromQL expression, and the comparisons that they depend on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_saas_validate.evidence.alerts import Guard, Quantile, Ratio
from pytest_saas_validate.probes.promql_labels import kept
from pytest_saas_validate.probes.promql_tree import (
    bare,
    children,
    kind,
    number,
    operator,
    selectors,
    threshold,
    walk,
)

_COUNTS = frozenset({"increase", "count_over_time", "delta"})
_SAME_UNIT = frozenset({"max", "min", "avg", "topk", "bottomk"})


def ratios(tree: Any) -> Iterator[Ratio]:
    """Each division of rates, and each quantile of them, with its guards."""
    yield from _ratios(tree, ())


def _ratios(node: Any, guards: tuple[Guard, ...]) -> Iterator[Ratio]:
    word = _traffic(node)
    if word:
        below = node.rhs if word == "ratio" else node
        found = (*guards, *_comparisons(below, (">", ">=")))
        metrics = frozenset(s.metric for s in selectors(node))
        yield Ratio(word=word, metrics=metrics, labels=_told(node), guards=found)
        return
    op = operator(node)
    if op in ("and", "unless"):
        wanted = (">", ">=") if op == "and" else ("<", "<=")
        yield from _ratios(node.lhs, (*guards, *_comparisons(node.rhs, wanted)))
        yield from _ratios(node.rhs, (*guards, *(_comparisons(node.lhs, wanted) if op == "and" else ())))
        return
    for child in children(node):
        yield from _ratios(child, guards)


def _traffic(node: Any) -> str:
    if operator(node) == "/":
        sides = [list(selectors(side)) for side in (node.lhs, node.rhs)]
        return "ratio" if all(sides) and any(s.range for side in sides for s in side) else ""
    quantile = kind(node) == "Call" and node.func.name == "histogram_quantile"
    return "quantile" if quantile and any(s.range for s in selectors(node)) else ""


def _comparisons(tree: Any, wanted: tuple[str, ...]) -> Iterator[Guard]:
    """What asks for a least number of requests; comparisons of ratios ask for something else."""
    for node in walk(tree):
        asked = threshold(node)
        if asked is None or asked[1] not in wanted or any(_traffic(part) for part in walk(asked[0])):
            continue
        read = list(selectors(asked[0]))
        if read:
            yield Guard(
                metrics=frozenset(s.metric for s in read),
                requests=_requests(*asked),
                labels=_told(asked[0]),
            )


def _requests(what: Any, op: str, value: float) -> float | None:
    """How many requests it takes to be let through."""
    inner = bare(what)
    if operator(inner) in ("*", "/"):
        factor = number(inner.rhs) or number(inner.lhs)
        if factor:
            inside = inner.lhs if number(inner.rhs) else inner.rhs
            return _requests(inside, op, value / factor if operator(inner) == "*" else value * factor)
    if value <= 0:
        return 0
    read = next(iter(selectors(inner)))
    if read.function in ("rate", "irate"):
        return value * read.range
    return value if read.function in _COUNTS else None


def _told(node: Any) -> frozenset[str] | None:
    labels = kept(node)
    return None if labels.names is None else (labels.names | labels.added) - labels.dropped


def quantiles(tree: Any) -> Iterator[Quantile]:
    """Each histogram_quantile() and what it must exceed, through aggregations and changes of unit."""
    yield from _quantiles(tree, None)


def _quantiles(node: Any, limit: float | None) -> Iterator[Quantile]:
    asked = threshold(node)
    if asked is not None and asked[1] in (">", ">="):
        yield from _quantiles(asked[0], asked[2])
    elif kind(node) == "Call" and node.func.name == "histogram_quantile":
        inside = kept(node.args[-1])
        yield Quantile(
            metrics=frozenset(s.metric for s in selectors(node)),
            limit=limit,
            has_bounds="le" not in inside.dropped
            and (inside.names is None or "le" in inside.names | inside.added),
        )
    elif kind(node) == "ParenExpr" or (kind(node) == "AggregateExpr" and str(node.op) in _SAME_UNIT):
        yield from _quantiles(node.expr, limit)
    elif operator(node) in ("*", "/") and number(node.rhs) and limit is not None:
        factor = number(node.rhs) or 1
        yield from _quantiles(node.lhs, limit / factor if operator(node) == "*" else limit * factor)
    else:
        for child in children(node):
            yield from _quantiles(child, None)
