"""What the running application exports, after every kind of answer that an alert could count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.alerts import Exported, Series
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable, psql
from pytest_saas_validate.probes.cardinality import counted, growths
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

_OBJECTS = 12


def _exported(project: Project, stack: Stack) -> Exported:
    spec = project.spec
    if spec.backend is None or not spec.backend.metrics:
        raise ProbeError("the project names no metrics page; add backend.metrics to its table")
    with Client(project, stack) as client:
        identifiers = frozenset(_traffic(project, stack, client))
    where = spec.backend.metrics
    with Client(project, stack, "backend") as client:  # no front passes this page on
        page = _page(client, where)
        if not page.series:
            raise ProbeError(f"GET {where} exports no series")
        counts = counted(client, lambda: _page(client, where).values)
        grown = tuple(growths(project, stack, client, lambda: _page(client, where).series))
    return Exported(
        series=page.series,
        types=page.types,
        addresses=len(identifiers),
        identifiers=identifiers,
        page=where,
        grown=grown,
        unreached=() if counts else ("requests that no route answers: no metric counts them",),
    )


@dataclass(frozen=True)
class _Page:
    """The metrics page at one moment."""

    series: tuple[Series, ...]
    values: Mapping[str, float]
    types: Mapping[str, str]


def _page(client: Client, where: str) -> _Page:
    answer = client.send("GET", where)
    if answer.status_code != 200:
        raise ProbeError(f"GET {where} answered {answer.status_code}")
    return _read(answer.text)


def _traffic(project: Project, stack: Stack, client: Client) -> Iterator[str]:
    """Every class of answer; yields the identifiers of the objects that were asked for."""
    routes, database = project.spec.routes, project.spec.database
    client.send("GET", routes.public)
    client.send("GET", "/saas-validate-no-such-address")
    if not routes.collection:
        return
    token = good_token(project, stack)
    client.send("GET", routes.collection)
    client.send("POST", routes.collection, token=token, json=[])
    for _ in range(_OBJECTS):
        made = client.send("POST", routes.collection, token=token, json=dict(routes.create))
        identifier = str(made.json().get("id", "")) if made.status_code == 201 else ""
        if not identifier:
            raise ProbeError(f"POST {routes.collection} answered {made.status_code}, not 201 with an id")
        client.send("GET", f"{routes.collection}/{identifier}", token=token)
        yield identifier
    if database is not None and database.table and stack.owned:
        with psql.without_select(stack, database):
            answer = client.send("GET", routes.collection, token=token)
        if answer.status_code != 500:
            raise ProbeError(
                f"GET {routes.collection} answered {answer.status_code} without its table, not 500"
            )


def _read(page: str) -> _Page:
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        raise Unavailable(
            "prometheus-client is not installed; pip install 'pytest-saas-validate[judges]'"
        ) from None
    families = list(text_string_to_metric_families(page))
    samples = [sample for family in families for sample in family.samples]
    return _Page(
        series=tuple(Series(name=s.name, labels=dict(s.labels)) for s in samples),
        values={f"{s.name}{sorted(s.labels.items())}": s.value for s in samples},
        types={family.name: family.type for family in families},
    )


EXPORTED = Probe(evidence=Exported, subject=Subject.STACK, gather=_exported, effect=Effect.WRITES)
