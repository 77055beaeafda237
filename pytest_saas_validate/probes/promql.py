"""PromQL expressions, read by the parser that Prometheus-like servers in Rust use (`promql-parser`)."""

from __future__ import annotations

from pytest_saas_validate.evidence.alerts import Expression
from pytest_saas_validate.evidence.quiet import quiet
from pytest_saas_validate.probes import Unavailable
from pytest_saas_validate.probes.promql_labels import groupings, kept
from pytest_saas_validate.probes.promql_traffic import quantiles, ratios
from pytest_saas_validate.probes.promql_tree import certain, filters, selectors


def read_expression(text: str) -> Expression:
    """The parsed expression; raises Unavailable when the parser is not installed."""
    try:
        with quiet():  # 0.12 tells Python 3.15 that its classes are of an older kind
            import promql_parser
    except ImportError:
        raise Unavailable(
            "promql-parser is not installed; pip install 'pytest-saas-validate[judges]'"
        ) from None
    try:
        tree = promql_parser.parse(text)
    except ValueError as problem:
        return Expression(text=text, problem=str(problem))
    return Expression(
        text=text,
        conditional=filters(tree),
        certain=next(certain(tree), ""),
        selectors=tuple(selectors(tree)),
        ratios=tuple(ratios(tree)),
        quantiles=tuple(quantiles(tree)),
        groupings=tuple(groupings(tree)),
        kept=kept(tree),
    )
