"""The page of the catalogue: all that is to say of each check, made from the checks and their mutants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_saas_validate.checks import FAMILIES, catalogue
from pytest_saas_validate.findings import Check, Stage
from pytest_saas_validate.mutants import Mutant, mutants
from pytest_saas_validate.violations import sentence

_HEAD = """\
# Catalogue

Made from the checks by `make docs`: change those, not this page. `saas-validate explain SH001` tells one.
The subject says how often a check runs: for the template, each combination (project), each combination and
engine (stack), or each combination on several engines. The planted defects that it finds prove a check.
"""


def page() -> str:
    """Every family and check, in the catalogue's order, as Markdown."""
    return "\n".join([_HEAD, *_families(catalogue(), mutants())])


def _families(checks: Iterable[Check], planted: Iterable[Mutant]) -> Iterator[str]:
    listed = list(checks)
    proofs = list(planted)
    for family, about in FAMILIES.items():
        yield f"## {family}: {about}\n"
        for check in listed:
            if check.family == family:
                yield from _check(check, [mutant for mutant in proofs if check.id in mutant.fires])


def _check(check: Check, proofs: Iterable[Mutant]) -> Iterator[str]:
    yield f"### {check.id} {check.title}\n"
    yield f"{', '.join(_facts(check))}\n"
    yield f"- **Looks at:** {' '.join((check.rule.__doc__ or '').split())}"
    yield f"- **Why:** {sentence(check.why)}"
    yield f"- **Fix:** {check.remedy}"
    if check.url:
        yield f"- **See:** <{check.url}>"
    yield f"- **Proved by:** {'; '.join(mutant.title for mutant in proofs)}\n"


def _facts(check: Check) -> Iterator[str]:
    yield str(check.severity)
    yield str(check.subject)
    if check.stage is Stage.PREVIEW:
        yield "in preview"
    for words, features in (("only with", check.needs), ("only without", check.absent)):
        if features:
            yield f"{words} {', '.join(sorted(features))}"
    if check.trait:
        yield f"on engines with {check.trait}"
