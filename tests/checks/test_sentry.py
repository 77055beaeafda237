"""The SN checks on small evidence made by hand: one that is clean, and what turns each of them red."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue, sentry, sentry_reports
from pytest_saas_validate.evidence.sentry import (
    EVENT_FIELDS,
    TRANSACTION_FIELDS,
    Broken,
    Configured,
    EmptyDsn,
    Leak,
    LiveReport,
    Named,
    Person,
    Place,
    Scrubbing,
    Silence,
    Useful,
)
from pytest_saas_validate.findings import Check, Finding
from pytest_saas_validate.mutants import mutants

HOOKS = frozenset(
    {
        "before_send",
        "before_send_transaction",
        "before_breadcrumb",
        "before_send_log",
        "before_send_metric",
        "before_send_span",
    }
)
CONFIGURED = Configured(
    sdk="2.75.0",
    release="1",
    environment="production",
    sample_rate=1.0,
    traces_sample_rate=0.1,
    profiles_sample_rate=None,
    hooks=HOOKS - {"before_send_span"},
    known_hooks=HOOKS,
    logs=False,
    streams=False,
)
ALSO = frozenset({"release", "environment"})
EVENT, TRANSACTION = frozenset(EVENT_FIELDS) | ALSO, frozenset(TRANSACTION_FIELDS) | ALSO
CLEAN = Scrubbing(
    places=tuple(Place(name=f"place {number}", kind="email", reached=True) for number in range(40)),
    leaks=(),
    failed_open=(),
    broken=(
        Broken(place="before_send, broken at its first call", hook="before_send", answered=500, expected=500),
    ),
    useful=(
        Useful(of="an error", item="event", arrived=True, fields=EVENT),
        Useful(of="a request", item="transaction", arrived=True, fields=TRANSACTION),
    ),
    configured=CONFIGURED,
    collected=(),
    person=Person(pseudonym="keyed", tenant=True),
    empty=EmptyDsn(active=False, reached=(), literals=()),
    items={"event": 20, "transaction": 21, "log": 1, "trace_metric": 1},
)
LIVE = LiveReport(
    route="POST /api/v1/things",
    useful=Useful(of="POST /api/v1/things", item="event", arrived=True, fields=frozenset(EVENT_FIELDS)),
    person=Person(pseudonym="absent", tenant=True),
    leaks=(),
)
SILENT = Silence(importable=False, sent=0, answered={"GET /": 200, "POST /api/v1/things": 500})
ON_SCRUBBING = [check for check in catalogue() if check.wants == (Scrubbing,)]


def leaked(item: str, *paths: str, kind: str = "email") -> Scrubbing:
    """Evidence with one leak."""
    return replace(CLEAN, leaks=(Leak(place="somewhere", kind=kind, item=item, paths=paths),))


@pytest.mark.parametrize("check", ON_SCRUBBING, ids=lambda check: check.id)
def test_clean_evidence_has_no_finding(check: Check) -> None:
    assert check(CLEAN) == ()


@pytest.mark.parametrize(
    ("item", "path", "kind", "judge"),
    [
        ("event", "exception.values[].value", "email", "SN001"),
        ("event", "request.headers.X-Api-Key", "keyed", "SN001"),
        ("event", "contexts.order.mail", "bare", "SN001"),
        ("transaction", "spans[].description", "email", "SN002"),
        ("span", "items[].attributes.url", "bare", "SN002"),
        ("envelope header", "trace.user_segment", "email", "SN002"),
        ("log", "items[].body", "email", "SN003"),
        ("trace_metric", "items[].attributes.customer.value", "email", "SN003"),
        ("log", "items[].body", "plain", "SN003"),
        ("log", "items[].attributes.user.id.value", "identity", "SN017"),
        ("event", "exception.values[].value", "passphrase", "SN001"),
        ("event", "breadcrumbs.values[].message", "email", "SN004"),
        ("attachment", "(bytes)", "email", "SN004"),
        ("check_in", "contexts.job.mail", "email", "SN004"),
        ("sessions", "attrs.user_agent", "bare", "SN004"),
        ("event", "exception.values[].stacktrace.frames[].vars.password", "keyed", "SN011"),
        ("event", "request.query_string", "bare", "SN011"),
        ("transaction", "request.data.card.number", "card", "SN011"),
        ("event", "extra.sys.argv[]", "keyed", "SN011"),
        ("event", "user.email", "email", "SN017"),
        ("event", "exception.values[].value", "secret", "SN021"),
        ("log", "items[].body", "secret", "SN021"),
    ],
)
def test_a_leak_is_found_by_exactly_one_check(item: str, path: str, kind: str, judge: str) -> None:
    evidence = leaked(item, path, kind=kind)
    assert [check.id for check in ON_SCRUBBING if check(evidence)] == [judge]


def test_a_leak_at_two_kinds_of_paths_is_found_by_both_checks() -> None:
    evidence = leaked("event", "breadcrumbs.values[].message", "logentry.formatted")
    assert [check.id for check in ON_SCRUBBING if check(evidence)] == ["SN001", "SN004"]


def test_a_finding_names_place_item_and_path_and_stays_short() -> None:
    (finding,) = sentry.events(leaked("event", *(f"tags.t{number}" for number in range(7))))
    assert finding.where == "event: somewhere"
    assert finding.message == "email left at tags.t0, tags.t1, tags.t2, tags.t3 and 3 more places"
    assert finding.check == "SN001"
    assert finding.remedy


def texts(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{finding.where}: {finding.message}" for finding in findings]


def test_silence_of_the_control_is_tolerated_up_to_a_twentieth() -> None:
    def places(silent: int) -> tuple[Place, ...]:
        return tuple(Place(name=f"p{number}", kind="ip", reached=number >= silent) for number in range(40))

    assert sentry_reports.reach(replace(CLEAN, places=places(2))) == ()
    (finding,) = sentry_reports.reach(replace(CLEAN, places=places(3)))
    assert finding.message == "reaches 37 of 40 places; silent are p0 (ip), p1 (ip), p2 (ip)"


@pytest.mark.parametrize("field", EVENT_FIELDS)
def test_an_event_without_one_of_its_fields_is_found(field: str) -> None:
    event, transaction = CLEAN.useful
    evidence = replace(CLEAN, useful=(replace(event, fields=event.fields - {field}), transaction))
    assert texts(sentry_reports.usefulness(evidence)) == [f"event: an error: does not say: {field}"]


def test_a_report_that_did_not_arrive_is_one_finding() -> None:
    event, transaction = CLEAN.useful
    evidence = replace(CLEAN, useful=(event, replace(transaction, arrived=False, fields=frozenset())))
    assert texts(sentry_reports.usefulness(evidence)) == ["transaction: a request: did not arrive at all"]


def test_a_release_is_missed_only_where_one_is_configured() -> None:
    event, transaction = CLEAN.useful
    evidence = replace(CLEAN, useful=(replace(event, fields=event.fields - ALSO), transaction))
    assert len(sentry_reports.usefulness(evidence)) == 2
    without = replace(evidence, configured=replace(CONFIGURED, release="", environment=""))
    assert sentry_reports.usefulness(without) == ()
    assert texts(sentry_reports.options(without)) == [
        "option release: is not set",
        "option environment: is not set",
    ]


def test_either_the_tenant_or_a_pseudonym_has_to_be_left() -> None:
    nobody = Person(pseudonym="absent", tenant=False)
    assert len(sentry_reports.usefulness(replace(CLEAN, person=nobody))) == 1
    for enough in (replace(nobody, tenant=True), replace(nobody, pseudonym="keyed")):
        assert sentry_reports.usefulness(replace(CLEAN, person=enough)) == ()


def test_a_broken_hook_may_neither_leak_nor_reach_the_request() -> None:
    place = "before_send, broken at its last call"
    leak = Leak(place=place, kind="email", item="event", paths=("exception.values[].value",))
    broken = Broken(place=place, hook="before_send", answered=0, expected=500)
    evidence = replace(CLEAN, failed_open=(leak,), broken=(broken,))
    assert texts(sentry.fails_closed(evidence)) == [
        f"event: {place}: email left at exception.values[].value",
        f"request: {place}: was answered not at all instead of 500",
    ]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        (
            {"hooks": frozenset()},
            {
                "before_send",
                "before_send_transaction",
                "before_breadcrumb",
                "before_send_log",
                "before_send_metric",
            },
        ),
        ({"streams": True}, {"before_send_span"}),
        ({"streams": True, "hooks": HOOKS - {"before_send_transaction"}}, set()),
        ({"known_hooks": HOOKS - {"before_send_metric"}, "hooks": HOOKS - {"before_send_metric"}}, set()),
    ],
)
def test_hooks_are_wanted_for_what_is_sent(changes: dict[str, Any], missing: set[str]) -> None:
    evidence = replace(CLEAN, configured=replace(CONFIGURED, **changes))
    assert {finding.where.removeprefix("option ") for finding in sentry_reports.hooks(evidence)} == missing


def test_what_is_not_sent_needs_no_hook() -> None:
    configured = replace(CONFIGURED, hooks=HOOKS - {"before_send_log", "before_send_metric"})
    assert sentry_reports.hooks(replace(CLEAN, items={"event": 1}, configured=configured)) == ()
    assert (
        len(
            sentry_reports.hooks(
                replace(CLEAN, items={"event": 1}, configured=replace(configured, logs=True))
            )
        )
        == 1
    )


def test_what_is_collected_is_found_before_it_leaves() -> None:
    (finding,) = sentry.sources(replace(CLEAN, collected=("frame variables",)))
    assert finding.where == "event: frame variables"


def test_a_dsn_has_one_source() -> None:
    empty = EmptyDsn(active=True, reached=("127.0.0.1:9",), literals=("backend/app/main.py:3",))
    assert texts(sentry_reports.dsn(replace(CLEAN, empty=empty))) == [
        "start with an empty DSN: made a client that sends",
        "start with an empty DSN: connected to 127.0.0.1:9",
        "backend/app/main.py:3: holds a DSN",
    ]


@pytest.mark.parametrize("pseudonym", ["raw", "unkeyed"])
def test_an_id_that_anyone_can_read_is_no_pseudonym(pseudonym: str) -> None:
    (finding,) = sentry.people(replace(CLEAN, person=Person(pseudonym=pseudonym, tenant=True)))
    assert finding.where == "event: user.id"


@pytest.mark.parametrize(("rate", "findings"), [(0.0, 1), (1.5, 1), (-0.1, 1), (1.0, 0), (None, 0)])
def test_rates_are_rates(rate: float | None, findings: int) -> None:
    evidence = replace(CLEAN, configured=replace(CONFIGURED, sample_rate=rate))
    assert len(sentry_reports.options(evidence)) == findings


def test_the_running_backend_is_judged_like_the_canary_app() -> None:
    assert sentry_reports.live(LIVE) == ()
    leak = Leak(place="bearer token", kind="jwt", item="event", paths=("request.headers.authorization",))
    found = sentry_reports.live(replace(LIVE, useful=replace(LIVE.useful, fields=frozenset()), leaks=(leak,)))
    assert len(found) == len(EVENT_FIELDS) + 1
    nobody = Person(pseudonym="absent", tenant=False)
    assert len(sentry_reports.live(replace(LIVE, person=nobody))) == 1


def test_where_it_is_off_nothing_is_left() -> None:
    assert sentry_reports.absent(Named(places=()), SILENT) == ()
    assert sentry_reports.absent(Named(places=()), replace(SILENT, importable=None)) == ()
    found = sentry_reports.absent(Named(places=("README.md:4",)), replace(SILENT, importable=True, sent=2))
    assert texts(found) == [
        "backend's environment: sentry_sdk can be imported",
        "README.md:4: names sentry",
        "sink: received 2 reports while these were asked: GET / (200), POST /api/v1/things (500)",
    ]


def test_evidence_travels_between_workers() -> None:
    for evidence in (CLEAN, LIVE, SILENT):
        assert pickle.loads(pickle.dumps(evidence)) == evidence


def test_every_check_of_the_family_is_turned_red_by_a_mutant() -> None:
    family = {check.id: check for check in catalogue() if check.family == "SN"}
    ours = [mutant for mutant in mutants() if mutant.id.startswith("SN")]
    assert {id_ for mutant in ours for id_ in mutant.fires} == set(family)
    assert len(ours) >= 2 * len(family) - 4
    for check in family.values():
        assert check.needs == {"sentry"} or check.absent == {"sentry"}
        assert check.rule.__doc__
