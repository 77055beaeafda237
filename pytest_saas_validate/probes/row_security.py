"""Evidence about what the database itself enforces between tenants, read from its catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.identity import Policy, Role, RowSecurity, Table
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable, psql
from pytest_saas_validate.project import Project

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
    return RowSecurity(
        role=own[0],
        may_become=tuple(role for role in roles if role is not own[0]),
        tenant_column=database.tenant_column,
        tables=tuple(_table(row) for row in tables),
    )


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
        name=row["name"], owner=row["owner"], enabled=row["enabled"], forced=row["forced"], policies=policies
    )


ROW_SECURITY = Probe(evidence=RowSecurity, subject=Subject.STACK, gather=_row_security)
