"""Defects of tenant isolation in the database."""

from __future__ import annotations

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.mutants import NotPlantable, mutant
from pytest_saas_validate.probes.psql import execute, literal, name, rows
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Database


def _database(project: Project, stack: Stack) -> Database:
    database = project.spec.database
    if database is None or not database.table or "database" not in stack.services:
        raise NotPlantable("there is no database with a tenant-owned table")
    return database


@mutant("ID008-disabled", "row level security is off", fires="ID008", also=["ID004", "BK029"], at="stack")
def disabled(stack: Stack, project: Project) -> None:
    """As forgotten in a migration."""
    execute(stack, f"ALTER TABLE {name(_database(project, stack).table)} DISABLE ROW LEVEL SECURITY;")


@mutant("ID008-not-forced", "row level security does not bind the owner", fires="ID008", at="stack")
def not_forced(stack: Stack, project: Project) -> None:
    """As with ENABLE alone."""
    execute(stack, f"ALTER TABLE {name(_database(project, stack).table)} NO FORCE ROW LEVEL SECURITY;")


@mutant(
    "ID008-open-policy",
    "a second policy lets every row through",
    fires="ID008",
    also=["ID004", "BK029"],
    at="stack",
)
def open_policy(stack: Stack, project: Project) -> None:
    """As left over from a repair: permissive policies add up."""
    table = name(_database(project, stack).table)
    execute(stack, f"CREATE POLICY planted ON {table} USING (true) WITH CHECK (true);")


@mutant(
    "ID008-bypass",
    "the application's role has BYPASSRLS",
    fires="ID008",
    also=["ID004", "ID007", "BK"],
    at="stack",
)
def bypass(stack: Stack, project: Project) -> None:
    """As granted to make a report work. A careful application refuses such a role when it connects anew."""
    execute(stack, f"ALTER ROLE {name(_database(project, stack).app)} BYPASSRLS;")


@mutant("ID008-member", "the application may become a role that sees everything", fires="ID008", at="stack")
def member(stack: Stack, project: Project) -> None:
    """As granted to make a backup from inside the application."""
    app = name(_database(project, stack).app)
    execute(stack, f"CREATE ROLE planted_reader BYPASSRLS; GRANT planted_reader TO {app};")


@mutant("ID008-owner", "the application owns the table", fires="ID008", also=["BK"], at="stack")
def owner(stack: Stack, project: Project) -> None:
    """As when the application runs its own migrations; the documented roles cannot restore it so."""
    database = _database(project, stack)
    execute(stack, f"ALTER TABLE {name(database.table)} OWNER TO {name(database.app)};")


@mutant("ID008-truncate", "the application may empty the table of all tenants", fires="ID008", at="stack")
def truncate(stack: Stack, project: Project) -> None:
    """As granted to reset a test."""
    database = _database(project, stack)
    execute(stack, f"GRANT TRUNCATE ON {name(database.table)} TO {name(database.app)};")


@mutant("ID008-kept-view", "a view keeps the rows of all tenants", fires="ID008", also=["BK"], at="stack")
def kept_view(stack: Stack, project: Project) -> None:
    """As made for a report, by a superuser: no documented role can restore it either."""
    table, app = name(_database(project, stack).table), name(_database(project, stack).app)
    view = "CREATE MATERIALIZED VIEW public.planted AS SELECT * FROM"
    execute(stack, f"{view} {table}; GRANT SELECT ON public.planted TO {app};")


@mutant("ID008-definer", "a function reads with its owner's rights", fires="ID008", also=["BK"], at="stack")
def definer(stack: Stack, project: Project) -> None:
    """As made by a superuser to count over all tenants: no documented role can restore it either."""
    table = name(_database(project, stack).table)
    text = f"SELECT count(*) FROM {table}"
    head = "CREATE FUNCTION public.planted() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS"
    execute(stack, f"{head} $planted$ {text} $planted$;")


@mutant(
    "ID008-any-tenant",
    "a policy asks that a row has a tenant, not which",
    fires="ID008",
    also=["ID004", "BK029"],
    at="stack",
)
def any_tenant(stack: Stack, project: Project) -> None:
    """As a repair for rows without one: it speaks of the tenant all the same."""
    database = _database(project, stack)
    policy = f"FOR SELECT USING ({name(database.tenant_column)} IS NOT NULL)"
    execute(stack, f"CREATE POLICY planted ON {name(database.table)} {policy};")


@mutant("ID008-unset", "without a tenant the role sees all of them", fires="ID008", at="stack")
def unset(stack: Stack, project: Project) -> None:
    """As made for background work."""
    database = _database(project, stack)
    table, column = name(database.table), name(database.tenant_column)
    setting = "(regexp_match(pg_get_expr(polqual, polrelid), $$current_setting\\('([^']+)'$$))[1]"
    policies = f"FROM pg_policy WHERE polrelid = {literal(table)}::regclass"
    found = rows(stack, f"SELECT {setting} AS setting {policies}")
    if not found or not found[0]["setting"]:
        raise NotPlantable("no policy reads a setting")
    unset = f"coalesce(current_setting({literal(found[0]['setting'])}, true), '') = ''"
    execute(stack, f"CREATE POLICY planted ON {table} FOR SELECT USING ({unset} AND {column} IS NOT NULL);")
