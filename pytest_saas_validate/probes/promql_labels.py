"""Which labels the result of a PromQL expression has, and which ones it groups by and joins on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pytest_saas_validate.evidence.alerts import Grouping, Kept
from pytest_saas_validate.probes.promql_tree import bare, kind, number, operator, selectors, walk

_NONE = Kept(names=frozenset())
_PICK = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})  # they let series through as they are


def kept(node: Any) -> Kept:
    """The labels of a node's result."""
    inner = bare(node)
    name = kind(inner)
    if name in ("VectorSelector", "MatrixSelector"):
        return Kept(metrics=frozenset(s.metric for s in selectors(inner)))
    if name == "AggregateExpr":
        return _aggregated(inner)
    if name == "BinaryExpr":
        return _combined(inner)
    if name == "Call":
        return _called(inner)
    if name in ("UnaryExpr", "SubqueryExpr"):
        return kept(inner.expr)
    return _NONE


def _aggregated(node: Any) -> Kept:
    inside = kept(node.expr)
    if str(node.op) in _PICK:
        return inside
    added = frozenset({_text(node.param)} if str(node.op) == "count_values" else ())
    if node.modifier is None:
        return Kept(names=added)
    labels = frozenset(node.modifier.labels)
    if _word(node.modifier) == "by":
        return Kept(names=labels | added)
    return _without(inside, labels)


def _combined(node: Any) -> Kept:
    left, right = kept(node.lhs), kept(node.rhs)
    if number(node.rhs) is not None:
        return left
    if number(node.lhs) is not None:
        return right
    op, modifier = operator(node), node.modifier
    if op in ("and", "unless"):
        return left
    if op == "or":
        return _either(left, right)
    card = str(getattr(modifier, "card", "")).rsplit(".", 1)[-1]
    if card in ("ManyToOne", "OneToMany"):
        many = left if card == "ManyToOne" else right
        return replace(many, added=many.added | frozenset(modifier.group_labels or ()))
    matching = getattr(modifier, "matching", None)
    if matching is None:
        return left
    labels = frozenset(matching.labels)
    return Kept(names=labels) if _word(matching) == "on" else _without(left, labels)


def _called(node: Any) -> Kept:
    name = node.func.name
    if name in ("absent", "absent_over_time"):
        equal = {m.label for s in selectors(node) for m in s.matchers if m.operator == "="}
        return Kept(names=frozenset(equal))
    vectors = [argument for argument in node.args if any(True for _ in selectors(argument))]
    if name == "scalar" or not vectors:
        return _NONE
    inside = kept(vectors[0])
    if name in ("label_replace", "label_join"):
        return replace(inside, added=inside.added | {_text(node.args[1])})
    return _without(inside, frozenset({"le"})) if name == "histogram_quantile" else inside


def _without(inside: Kept, labels: frozenset[str]) -> Kept:
    return replace(inside, dropped=inside.dropped | labels, added=inside.added - labels)


def _either(left: Kept, right: Kept) -> Kept:
    if left.names is None or right.names is None:
        return Kept(metrics=left.metrics | right.metrics, added=left.added | right.added)
    return Kept(names=left.names | right.names, added=left.added | right.added)


def groupings(tree: Any) -> Iterator[Grouping]:
    """Labels that are named in order to tell series apart."""
    for node in walk(tree):
        modifier = getattr(node, "modifier", None)
        if kind(node) == "AggregateExpr" and modifier is not None and _word(modifier) == "by":
            yield Grouping(word="by", labels=tuple(modifier.labels), source=kept(node.expr))
        matching = getattr(modifier, "matching", None)
        if kind(node) == "BinaryExpr" and matching is not None and _word(matching) == "on":
            for side in (node.lhs, node.rhs):
                yield Grouping(word="on", labels=tuple(matching.labels), source=kept(side))


def _word(modifier: Any) -> str:
    """What a modifier was written as; the parser calls `on` Include, and `ignoring` Exclude."""
    word = str(modifier.type).rsplit(".", 1)[-1].lower()
    return {"include": "on", "exclude": "ignoring"}.get(word, word)


def _text(node: Any) -> str:
    return str(getattr(node, "val", node)).strip('"')
