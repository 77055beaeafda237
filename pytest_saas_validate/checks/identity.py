"""ID: who is let in, and whose rows are seen."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.evidence.identity import (
    Moment,
    Policy,
    Readiness,
    RowSecurity,
    Table,
    Tenants,
    Tokens,
)
from pytest_saas_validate.findings import Finding, Severity, Subject, check

# Answers that tell nothing of another tenant's object.
_HIDDEN = 404


@check(
    "ID002",
    severity=Severity.CRITICAL,
    title="Flawed tokens are refused",
    why="one flaw that passes is a way in: a token that anyone signed, one for another service, or one "
    "that ended long ago",
    remedy="check signature, algorithm, issuer, audience, expiry and the tenant claim; answer 401 for each",
    wants=Tokens,
    subject=Subject.STACK,
)
def tokens(seen: Tokens) -> Iterator[Finding]:
    """One token for each flaw, all else right; a token without flaw is accepted before and after.

    No token, and a forged one, also for every other method and address that the right token may use.
    """
    for attempt in seen.attempts:
        if attempt.status != 401:
            message = f"a token with {attempt.flaw} is answered {attempt.status}, not 401"
            yield Finding(where=f"{attempt.place}, {attempt.flaw}", message=message)


@check(
    "ID004",
    severity=Severity.CRITICAL,
    title="One tenant's objects do not exist for another",
    why="one customer reads or changes the data of another, or learns by trying ids which objects others "
    "have",
    remedy="confine every transaction to the token's tenant by row level security, and answer 404",
    wants=Tenants,
    subject=Subject.STACK,
)
def tenants(seen: Tenants) -> Iterator[Finding]:
    """Read, update, delete, list and create against the other tenant: what it reaches and what it is told.

    Also with the owner named in headers, addresses and bodies, and beside the answers to an object that never
    was: a difference tells that the other one exists.
    """
    for trespass in seen.trespasses:
        where = ", ".join(filter(None, (trespass.place, trespass.action, trespass.how)))
        answered = trespass.status
        if trespass.reached:
            yield Finding(where=where, message=f"reaches the other tenant (answered {answered})")
        elif trespass.action in ("read", "update", "delete") and not trespass.how and answered != _HIDDEN:
            tells = "which tells that the object exists" if answered == 403 else "not as if it did not exist"
            yield Finding(where=where, message=f"is answered {answered}, {tells}: 404 hides it")
        elif trespass.unlike:
            beside = f"{trespass.absent} and another text" if trespass.absent == answered else trespass.absent
            told = f"is answered {answered}, an object that never was {beside}: the difference tells"
            yield Finding(where=where, message=told)


@check(
    "ID007",
    severity=Severity.HIGH,
    title="Readiness follows database and cache, liveness does not",
    why="traffic goes on to instances that cannot serve, or healthy ones are restarted in a loop, which "
    "makes the database's outage longer",
    remedy="let readiness ask each dependency within a bounded time, liveness none; reconnect",
    wants=Readiness,
    subject=Subject.STACK,
)
def readiness(seen: Readiness) -> Iterator[Finding]:
    """Both health pages while database and cache are stopped, one at a time, and after each is back.

    Each answer within five seconds.
    """
    for moment in seen.moments:
        yield from _health(seen, moment)


def _health(seen: Readiness, moment: Moment) -> Iterator[Finding]:
    state = (
        f"without the {moment.dependency}"
        if moment.when == "without"
        else f"with the {moment.dependency} back"
    )
    if moment.when == "without" and moment.ready != 503:
        yield Finding(where=f"GET {seen.ready}", message=f"{state} it {_said(moment.ready)}, not 503")
    if moment.when == "after" and moment.ready != 200:
        yield Finding(where=f"GET {seen.ready}", message=f"{state} it still {_said(moment.ready)}, not 200")
    if moment.live != 200:
        yield Finding(
            where=f"GET {seen.live}", message=f"{state} it {_said(moment.live)}: a restart cures nothing"
        )


def _said(status: int) -> str:
    return f"answers {status}" if status else "does not answer in time"


@check(
    "ID008",
    severity=Severity.CRITICAL,
    title="The database itself keeps the rows of tenants apart",
    why="one forgotten condition in one query shows every tenant's rows, unless the database itself keeps "
    "them back",
    remedy="ENABLE and FORCE ROW LEVEL SECURITY with a policy on the tenant; give the role no way around",
    wants=RowSecurity,
    subject=Subject.STACK,
)
def row_security(seen: RowSecurity) -> Iterator[Finding]:
    """The application's role, the roles it may become, each table that has the tenant column, and detours.

    And what the role really reaches of the tenant-owned table: without a tenant, with an empty one, with one.
    """
    for role in (seen.role, *seen.may_become):
        via = "" if role == seen.role else f" (the role {seen.role.name} may become it)"
        where = f"role {role.name}"
        if role.superuser:
            yield Finding(where=where, message=f"is a superuser{via}: no row policy binds it")
        if role.bypasses:
            yield Finding(where=where, message=f"has BYPASSRLS{via}: no row policy binds it")
        if role.creates_roles:
            yield Finding(where=where, message=f"may create roles{via}")
    names = {seen.role.name, *(role.name for role in seen.may_become)}
    for table in seen.tables:
        for fault in _unprotected(table, names, seen.tenant_column):
            yield Finding(where=f"table {table.name}", message=fault)
    for detour in seen.detours:
        yield Finding(where=detour.name, message=detour.why)
    for sight in seen.sights:
        where = f"table {sight.table}, {sight.state}"
        if sight.foreign:
            rows = f"{sight.foreign} row{'s' if sight.foreign > 1 else ''}"
            yield Finding(where=where, message=f"the role {seen.role.name} reaches {rows} of other tenants")
        if sight.moved:
            yield Finding(where=where, message=f"the role {seen.role.name} may give a row to another tenant")


def _unprotected(table: Table, roles: set[str], column: str) -> Iterator[str]:
    if not table.enabled:
        yield "row level security is not enabled"
    if not table.forced:
        yield "row level security is not forced: the owner sees every row"
    if table.owner in roles:
        yield f"belongs to {table.owner}, which the application is or may become: it can switch policies off"
    if table.truncates:
        yield "the application may TRUNCATE it: no row policy binds that"
    if table.enabled and not table.policies:
        yield "no policy holds for the application's role"
    for policy in table.policies:
        yield from _loose(policy, column)


def _loose(policy: Policy, column: str) -> Iterator[str]:
    """Permissive policies add up, so one that does not speak of the tenant opens the table."""
    if not policy.permissive:
        return
    sides = {"USING": policy.using, "WITH CHECK": policy.check or policy.using}
    if policy.command == "a":
        del sides["USING"]
    if policy.command in ("r", "d"):
        del sides["WITH CHECK"]
    for side, expression in sides.items():
        if column not in expression:
            yield f"the policy {policy.name} does not speak of {column} in {side}: {expression or 'nothing'}"
