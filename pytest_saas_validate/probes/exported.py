"""What the running application exports, after every kind of answer that an alert could count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.alerts import Exported, Series
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable, psql
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
    with Client(project, stack, "backend") as client:  # no front passes this page on
        page = client.send("GET", spec.backend.metrics)
    if page.status_code != 200:
        raise ProbeError(f"GET {spec.backend.metrics} answered {page.status_code}")
    series, types = _read(page.text)
    if not series:
        raise ProbeError(f"GET {spec.backend.metrics} exports no series")
    return Exported(
        series=series,
        types=types,
        addresses=len(identifiers),
        identifiers=identifiers,
    )


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


def _read(page: str) -> tuple[tuple[Series, ...], Mapping[str, str]]:
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        raise Unavailable(
            "prometheus-client is not installed; pip install 'pytest-saas-validate[judges]'"
        ) from None
    families = list(text_string_to_metric_families(page))
    series = tuple(Series(name=s.name, labels=dict(s.labels)) for family in families for s in family.samples)
    return series, {family.name: family.type for family in families}


EXPORTED = Probe(evidence=Exported, subject=Subject.STACK, gather=_exported, effect=Effect.WRITES)
