"""Evidence about what the database itself enforces between tenants, by catalogue and by trial."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.identity import Detour, Policy, Role, RowSecurity, Sight, Table
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, Unavailable, psql
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.tokens import good_token, has_issuer
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Database

# The application's role and every role that it inherits from or may switch to, directly or through others.
_ROLES = """
WITH RECURSIVE reachable(oid) AS (
  SELECT oid FROM pg_roles WHERE rolname = {app}
  UNION SELECT m.roleid FROM pg_auth_members m JOIN reachable r ON m.member = r.oid
)
SELECT rolname AS name, rolsuper AS superuser, rolbypassrls AS bypasses, rolcreaterole AS creates_roles
FROM pg_roles JOIN reachable USING (oid) ORDER BY rolname
"""

# Every table with the tenant column, with the policies that hold for the role or for everyone.
_TABLES = """
WITH RECURSIVE reachable(oid) AS (
  SELECT oid FROM pg_roles WHERE rolname = {app}
  UNION SELECT m.roleid FROM pg_auth_members m JOIN reachable r ON m.member = r.oid
)
SELECT n.nspname || '.' || c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
  c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
  has_table_privilege({app}, c.oid, 'TRUNCATE') AS truncates,
  (SELECT coalesce(json_agg(json_build_object(
      'name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
      'using', coalesce(pg_get_expr(p.polqual, p.polrelid), ''),
      'check', coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')) ORDER BY p.polname), '[]')
   FROM pg_policy p WHERE p.polrelid = c.oid
   AND (0 = ANY (p.polroles) OR p.polroles && ARRAY(SELECT oid FROM reachable))) AS policies
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND EXISTS (SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = {column} AND NOT a.attisdropped)
ORDER BY 1
"""

# What runs with the rights of somebody whom row policies do not bind, or holds rows of its own.
_DETOURS = """
WITH tenants AS (
  SELECT a.attrelid AS oid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE a.attname = {column} AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
), unbound AS (SELECT oid FROM pg_roles WHERE rolsuper OR rolbypassrls)
SELECT DISTINCT 'view ' || n.nspname || '.' || v.relname AS name,
  CASE v.relkind WHEN 'm' THEN 'keeps the rows of all tenants, and no row policy binds it'
    ELSE 'reads with the rights of its owner, whom no row policy binds' END AS why
FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass
JOIN tenants t ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE has_table_privilege({app}, v.oid, 'SELECT')
  AND (v.relkind = 'm' OR (v.relowner IN (SELECT oid FROM unbound)
  AND NOT coalesce(v.reloptions, '{{}}') && ARRAY['security_invoker=true', 'security_invoker=on']))
UNION ALL
SELECT 'function ' || p.oid::regprocedure, 'runs with the rights of its owner, whom no row policy binds'
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND p.proowner IN (SELECT oid FROM unbound)
  AND has_function_privilege({app}, p.oid, 'EXECUTE')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""
_SETTING = re.compile(r"current_setting\('([^']+)'")


def _row_security(project: Project, stack: Stack) -> RowSecurity:
    database = project.spec.database
    if database is None or "database" not in stack.services:
        raise Unavailable("this stack has no database of the project")
    app = psql.literal(database.app)
    roles = [_role(row) for row in psql.rows(stack, _ROLES.format(app=app))]
    tables = psql.rows(stack, _TABLES.format(app=app, column=psql.literal(database.tenant_column)))
    own = [role for role in roles if role.name == database.app]
    named = database.table.rpartition(".")[2]
    if not own or not any(row["name"].rpartition(".")[2] == named for row in tables):
        raise ProbeError(
            f"the catalogue has no role {database.app}, or no table {database.table} with the column "
            f"{database.tenant_column}: nothing can be judged by it"
        )
    found = tuple(_table(row) for row in tables)
    table = next(t for t in found if t.name.rpartition(".")[2] == named)
    detours = psql.rows(stack, _DETOURS.format(app=app, column=psql.literal(database.tenant_column)))
    sights, missing = _sights(project, stack, database, table)
    return RowSecurity(
        detours=tuple(Detour(**row) for row in detours),
        sights=sights,
        unreached=missing,
        role=own[0],
        may_become=tuple(role for role in roles if role is not own[0]),
        tenant_column=database.tenant_column,
        tables=found,
    )


def _sights(
    project: Project, stack: Stack, database: Database, table: Table
) -> tuple[tuple[Sight, ...], tuple[str, ...]]:
    """What the role reaches with its tenant set in several ways; or nothing, and why."""
    if not project.spec.routes.create or not has_issuer(stack):
        return (), ("rows of two tenants: the table holds no body to create with, or there is no issuer",)
    tenants = [str(uuid.uuid4()) for _ in range(2)]
    with Client(project, stack) as client:
        for tenant in tenants:
            token, path = good_token(project, stack, tenant), project.spec.routes.collection
            made = client.send("POST", path, token=token, json=dict(project.spec.routes.create))
            if not made.is_success:
                raise ProbeError(f"POST {path} is answered {made.status_code}")
    settings = sorted({n for p in table.policies for n in _SETTING.findall(p.using + p.check)})
    look = _Look(stack, database, table, settings)
    if look.own(tenants) != 1:
        return (), (f"{table.name}: its policies ask for more than {', '.join(settings) or 'a setting'}",)
    states = {"no tenant is set": None, "an empty tenant is set": "", "a tenant is set": tenants[0]}
    return tuple(look.sight(state, tenant, tenants[1]) for state, tenant in states.items()), ()


@dataclass(frozen=True)
class _Look:
    """Sessions of the application's role; each ends without a trace."""

    stack: Stack
    database: Database
    table: Table
    settings: Sequence[str]

    def own(self, tenants: Sequence[str]) -> int:
        """How many rows of its own the first tenant sees: the positive control."""
        return self._count(
            tenants[0], f"SELECT count(*) FROM {{table}} WHERE {{column}}::text = '{tenants[0]}'"
        )

    def sight(self, state: str, tenant: str | None, other: str) -> Sight:
        own = psql.literal(tenant or "")
        foreign = self._count(tenant, f"SELECT count(*) FROM {{table}} WHERE {{column}}::text <> {own}")
        moving = (
            f"WITH moved AS (UPDATE {{table}} SET {{column}} = '{other}' WHERE {{column}}::text <> '{other}' "
            "RETURNING 1) SELECT count(*) FROM moved"
        )
        moved = self._count(tenant, moving) > 0
        return Sight(state=state, table=self.table.name, foreign=foreign, moved=moved)

    def _count(self, tenant: str | None, query: str) -> int:
        """The number that a query of the role gives; 0 when it is refused."""
        told = query.format(table=psql.name(self.table.name), column=psql.name(self.database.tenant_column))
        sets = [f"set_config({psql.literal(n)}, {psql.literal(tenant or '')}, true)" for n in self.settings]
        asked = f"SELECT {', '.join(sets)};" if sets and tenant is not None else ""
        sql = f"BEGIN; SET LOCAL ROLE {psql.name(self.database.app)}; {asked} {told}; ROLLBACK;"
        try:
            return int(psql.execute(self.stack, sql).splitlines()[-1])
        except ProbeError:
            return 0


def _role(row: Mapping[str, Any]) -> Role:
    return Role(
        name=row["name"],
        superuser=row["superuser"],
        bypasses=row["bypasses"],
        creates_roles=row["creates_roles"],
    )


def _table(row: Mapping[str, Any]) -> Table:
    policies = tuple(Policy(**policy) for policy in row["policies"])
    return Table(
        truncates=row["truncates"],
        name=row["name"],
        owner=row["owner"],
        enabled=row["enabled"],
        forced=row["forced"],
        policies=policies,
    )


ROW_SECURITY = Probe(evidence=RowSecurity, subject=Subject.STACK, gather=_row_security, effect=Effect.WRITES)
