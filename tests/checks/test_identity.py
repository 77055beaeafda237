"""Each check of the family ID on small evidence: silent on what is right, loud on one defect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.evidence.identity import (
    Attempt,
    Detour,
    Moment,
    Policy,
    Readiness,
    Role,
    RowSecurity,
    Sight,
    Table,
    Tenants,
    Tokens,
    Trespass,
)
from pytest_saas_validate.mutants import mutants

CHECKS = {check.id: check for check in catalogue() if check.family == "ID"}
ROLE = Role(name="app", superuser=False, bypasses=False, creates_roles=False)
OWN_ROWS = "(tenant_id = current_setting('app.tenant')::uuid)"
POLICY = Policy(name="isolation", permissive=True, command="*", using=OWN_ROWS, check=OWN_ROWS)
TABLE = Table(name="public.things", owner="migrator", enabled=True, forced=True, policies=(POLICY,))
SIGHT = Sight(state="no tenant is set", table="public.things", foreign=0)
KEPT_APART = RowSecurity(role=ROLE, may_become=(), tenant_column="tenant_id", tables=(TABLE,))


def messages(check: str, evidence: object) -> list[str]:
    """What a check says."""
    return [finding.message for finding in CHECKS[check](evidence)]


@pytest.mark.parametrize("status", [200, 403, 500])
def test_a_flawed_token_must_get_401(status: int) -> None:
    refused = Attempt(flaw="no expiry", place="GET /things", status=401)
    assert not messages("ID002", Tokens(attempts=(refused,)))
    assert messages("ID002", Tokens(attempts=(refused, replace(refused, status=status)))) == [
        f"a token with no expiry is answered {status}, not 401"
    ]


def test_what_reaches_the_other_tenant_is_found_whatever_the_status() -> None:
    hidden = Trespass(action="delete", place="DELETE /things/{id}", status=404, reached=False)
    assert not messages("ID004", Tenants(trespasses=(hidden,)))
    assert messages("ID004", Tenants(trespasses=(replace(hidden, reached=True),)))


def test_another_tenants_object_is_absent_not_forbidden() -> None:
    told = Trespass(action="read", place="GET /things/{id}", status=403, reached=False)
    assert "tells that the object exists" in messages("ID004", Tenants(trespasses=(told,)))[0]
    listed = Trespass(action="list", place="GET /things", status=200, reached=False)
    assert not messages("ID004", Tenants(trespasses=(listed,)))


def test_a_difference_to_an_object_that_never_was_tells() -> None:
    same = Trespass(
        action="read", place="GET /things/{id}", status=404, reached=False, how="beside", absent=404
    )
    assert not messages("ID004", Tenants(trespasses=(same,)))
    (text,) = messages("ID004", Tenants(trespasses=(replace(same, unlike=True),)))
    assert "404 and another text" in text
    taken = replace(same, action="create", status=409, absent=201, unlike=True)
    assert "an object that never was 201" in messages("ID004", Tenants(trespasses=(taken,)))[0]


def test_naming_the_owner_need_not_be_answered_with_404() -> None:
    ignored = Trespass(action="read", place="GET /things/{id}", status=200, reached=False, how="in headers")
    assert not messages("ID004", Tenants(trespasses=(ignored,)))
    (finding,) = CHECKS["ID004"](Tenants(trespasses=(replace(ignored, reached=True),)))
    assert finding.where == "GET /things/{id}, read, in headers"


@pytest.mark.parametrize(
    ("when", "ready", "live", "wrong"),
    [
        ("without", 503, 200, False),
        ("after", 200, 200, False),
        ("without", 200, 200, True),
        ("without", 0, 200, True),
        ("without", 503, 503, True),
        ("after", 503, 200, True),
        ("after", 200, 0, True),
    ],
)
def test_readiness_follows_and_liveness_does_not(when: str, ready: int, live: int, wrong: bool) -> None:
    moment = Moment(dependency="cache", when=when, ready=ready, live=live)
    seen = Readiness(ready="/ready", live="/live", moments=(moment,))
    assert bool(messages("ID007", seen)) is wrong


@pytest.mark.parametrize(
    "broken",
    [
        replace(KEPT_APART, role=replace(ROLE, superuser=True)),
        replace(KEPT_APART, role=replace(ROLE, bypasses=True)),
        replace(KEPT_APART, role=replace(ROLE, creates_roles=True)),
        replace(KEPT_APART, may_become=(replace(ROLE, name="reader", bypasses=True),)),
        replace(KEPT_APART, tables=(replace(TABLE, enabled=False),)),
        replace(KEPT_APART, tables=(replace(TABLE, forced=False),)),
        replace(KEPT_APART, tables=(replace(TABLE, owner="app"),)),
        replace(KEPT_APART, tables=(replace(TABLE, truncates=True),)),
        replace(KEPT_APART, detours=(Detour(name="view public.all", why="keeps all rows"),)),
        replace(KEPT_APART, sights=(replace(SIGHT, foreign=3),)),
        replace(KEPT_APART, sights=(SIGHT, replace(SIGHT, state="a tenant is set", moved=True))),
        replace(KEPT_APART, tables=(replace(TABLE, policies=()),)),
        replace(KEPT_APART, tables=(replace(TABLE, policies=(POLICY, replace(POLICY, using="true"))),)),
        replace(KEPT_APART, tables=(replace(TABLE, policies=(replace(POLICY, check="true"),)),)),
    ],
)
def test_each_way_around_the_row_policies_is_found(broken: RowSecurity) -> None:
    assert len(messages("ID008", broken)) == 1


def test_tables_that_are_kept_apart_are_clean() -> None:
    restrictive = replace(POLICY, permissive=False, using="true", check="")
    insert = replace(POLICY, command="a", using="")
    reader = replace(ROLE, name="reader")
    table = replace(TABLE, policies=(POLICY, restrictive, insert))
    assert not messages("ID008", replace(KEPT_APART, may_become=(reader,), tables=(table,), sights=(SIGHT,)))


def test_every_check_is_fired_by_a_mutant() -> None:
    assert set(CHECKS) <= {check for mutant in mutants() for check in mutant.fires}
