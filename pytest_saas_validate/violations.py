"""Findings in words: for a report, and as an assertion in a test of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_saas_validate.findings import Finding


class Violations(AssertionError):
    """Findings, as an assertion that names every one of them."""


def describe(findings: Iterable[Finding]) -> Iterator[str]:
    """Lines for a person: why it matters, place, what is wrong, what to do; once for all in a row alike."""
    listed = list(findings)
    told = ""
    for finding, following in zip(listed, [*listed[1:], None], strict=True):
        if finding.why not in ("", told):
            told = finding.why
            yield f"  why: {told}"
        yield f"  {finding.where}: {finding.message}"
        if finding.source:
            yield f"    template source: {finding.source}"
        if following is None or following.remedy != finding.remedy:
            yield f"    fix: {finding.remedy}"


def sentence(text: str) -> str:
    """A reason as it stands alone: with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def assert_clean(findings: Iterable[Finding]) -> None:
    """Raise `Violations` that lists every finding, grouped by check; do nothing when there is none."""
    found = sorted(findings, key=lambda finding: (finding.check, finding.where))
    if not found:
        return
    lines = [f"{len(found)} finding{'s' if len(found) > 1 else ''}"]
    for id_ in sorted({finding.check for finding in found}):
        lines += [id_, *describe(finding for finding in found if finding.check == id_)]
    raise Violations("\n".join(lines))
