"""SH: what one engine's answers carry and another's do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_saas_validate.checks.headers import REQUIRED
from pytest_saas_validate.evidence.http import Exchange, Exchanges, Kind
from pytest_saas_validate.findings import Finding, Row, Severity, Subject, check

_COMPARED = (
    *REQUIRED,
    *("strict-transport-security", "cache-control", "vary", "allow", "www-authenticate"),
    *("access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"),
)
_EVERYWHERE = (*REQUIRED, "strict-transport-security")
_Place = tuple[str, str, str, str, str, str]


def _side_by_side(seen: Mapping[str, Exchanges]) -> Iterator[Row]:
    """Each header on each kind of answer: every value that an engine gave, and whether one lacked it."""
    kinds = dict.fromkeys(found.kind for exchanges in seen.values() for found in exchanges.exchanges)
    for kind in sorted(kinds):
        for header in _EVERYWHERE:
            values = {name: _values(exchanges, kind, header) for name, exchanges in seen.items()}
            yield Row(name=f"{kind}: {header}", values=values)


def _values(seen: Exchanges, kind: Kind, header: str) -> str:
    answers = [found for found in seen.exchanges if found.kind is kind]
    if not answers:
        return "not reached"
    return " | ".join(sorted({", ".join(found.values(header)) or "absent" for found in answers}))


@check(
    id="SH039",
    severity=Severity.HIGH,
    title="The same request is answered alike on every engine",
    why="what was tested is not what runs: a header that a proxy drops protects nobody, and only "
    "production shows it",
    remedy="let one place own the header, and give every way to the application that place",
    wants=Exchanges,
    subject=Subject.ENGINES,
    shows=_side_by_side,
)
def same_on_every_engine(seen: Mapping[str, Exchanges]) -> Iterator[Finding]:
    """Status and headers of equal requests side by side; of a front's own pages that each header is there."""
    tables = {name: _table(exchanges) for name, exchanges in seen.items()}
    shared = set.intersection(*(set(table) for table in tables.values())) if tables else set()
    for place in sorted(shared):
        answers = {name: table[place] for name, table in tables.items()}
        yield from _differences(answers)


def _table(seen: Exchanges) -> dict[_Place, Exchange]:
    """The first answer at each place; the origin and what was special about the request are part of it."""
    table: dict[_Place, Exchange] = {}
    for found in seen.exchanges:
        table.setdefault(
            (found.scheme, found.kind, found.method, found.path, found.origin, found.sent), found
        )
    return table


def _differences(answers: Mapping[str, Exchange]) -> Iterator[Finding]:
    """Of what the application answers everything; of a front's own pages that the headers are there."""
    first = next(iter(answers.values()))
    place = first.place
    if not first.declared:
        yield from _losses(answers)
        return
    statuses = {name: str(answer.status) for name, answer in answers.items()}
    if len(set(statuses.values())) > 1:
        yield Finding(where=place, message=f"the status differs: {_listed(statuses)}")
        return
    for header in _COMPARED:
        values = {name: ", ".join(answer.values(header)) or "absent" for name, answer in answers.items()}
        if len(set(values.values())) > 1:
            yield Finding(where=place, message=f"{header} differs: {_listed(values)}")


def _losses(answers: Mapping[str, Exchange]) -> Iterator[Finding]:
    for header in _EVERYWHERE:
        sent = {name: "sent" if answer.values(header) else "absent" for name, answer in answers.items()}
        if len(set(sent.values())) > 1:
            place = next(iter(answers.values())).place
            yield Finding(where=place, message=f"{header} differs: {_listed(sent)}")


def _listed(values: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in values.items())
