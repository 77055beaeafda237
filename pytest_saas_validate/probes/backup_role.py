"""What the role of the backups is, and what it could change, by its own rights or another role's."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.probes import ProbeError, psql
from pytest_saas_validate.spec import Database

_FACTS = """
SELECT rolsuper AS superuser, rolbypassrls AS sees_all, rolcreaterole OR rolcreatedb AS creates,
       pg_has_role(oid, 'pg_read_all_data', 'USAGE') AS reads_all,
       'default_transaction_read_only=on' = ANY (coalesce(rolconfig, '{{}}')) AS read_only
  FROM pg_roles WHERE rolname = {role}
"""
# Rights count whether they are the role's own, a group's that it is in, or a group's that it may step into.
_POWERS = """
WITH me AS (SELECT oid FROM pg_roles WHERE rolname = {role}),
roles AS (SELECT r.oid, CASE WHEN r.oid = me.oid THEN '' ELSE r.rolname END AS via
            FROM pg_roles r, me WHERE pg_has_role(me.oid, r.oid, 'MEMBER') AND NOT r.rolsuper),
spaces AS (SELECT oid, nspname, nspowner FROM pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
classes AS (SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name
              FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace)
SELECT r.via, 'may ' || p AS power, c.name AS object FROM roles r, classes c,
    unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) p
  WHERE c.relkind IN ('r', 'p', 'v', 'f') AND has_table_privilege(r.oid, c.oid, p)
UNION SELECT r.via, 'may ' || p || ' a column of', c.name FROM roles r, classes c,
    unnest(ARRAY['INSERT', 'UPDATE']) p
  WHERE c.relkind IN ('r', 'p', 'v', 'f') AND has_any_column_privilege(r.oid, c.oid, p)
    AND NOT has_table_privilege(r.oid, c.oid, p)
UNION SELECT r.via, 'may advance sequence', c.name FROM roles r, classes c
  WHERE c.relkind = 'S' AND has_sequence_privilege(r.oid, c.oid, 'USAGE, UPDATE')
UNION SELECT r.via, 'may create in schema', s.nspname FROM roles r, spaces s
  WHERE has_schema_privilege(r.oid, s.oid, 'CREATE')
UNION SELECT r.via, 'may create schemas in', 'the database' FROM roles r
  WHERE has_database_privilege(r.oid, current_database(), 'CREATE')
UNION SELECT r.via, 'owns', c.name FROM roles r JOIN classes c ON c.relowner = r.oid
UNION SELECT r.via, 'owns schema', s.nspname FROM roles r JOIN spaces s ON s.nspowner = r.oid
UNION SELECT r.via, 'owns', 'the database' FROM roles r JOIN pg_database d ON d.datdba = r.oid
  WHERE d.datname = current_database()
UNION SELECT r.via, 'owns function', f.oid::regprocedure::text FROM roles r JOIN pg_proc f
    ON f.proowner = r.oid JOIN spaces s ON s.oid = f.pronamespace
UNION SELECT r.via, 'may write large object', l.oid::text FROM roles r, pg_largeobject_metadata l
  WHERE l.lomowner = r.oid OR EXISTS (SELECT FROM aclexplode(l.lomacl) a
    WHERE a.privilege_type = 'UPDATE' AND a.grantee IN (0, r.oid))
UNION SELECT '', 'is a member of', g.rolname FROM pg_roles g, me
  WHERE pg_has_role(me.oid, g.oid, 'MEMBER') AND g.oid <> me.oid
   AND (g.rolsuper OR g.rolcreaterole OR g.rolcreatedb OR (g.rolname ~ '^pg_' AND g.rolname NOT IN
        ('pg_read_all_data', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables',
         'pg_monitor')))
UNION SELECT '', 'may make others members of', g.rolname FROM me JOIN pg_auth_members m ON m.member = me.oid
    JOIN pg_roles g ON g.oid = m.roleid WHERE m.admin_option
UNION SELECT r.via, format('may %s what %s makes:', a.privilege_type, pg_get_userbyid(d.defaclrole)),
    CASE d.defaclobjtype WHEN 'r' THEN 'every table' WHEN 'S' THEN 'every sequence' ELSE 'every schema' END
  FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) a, roles r
  WHERE a.grantee IN (0, r.oid) AND (d.defaclobjtype = 'r' AND a.privilege_type NOT IN ('SELECT', 'MAINTAIN')
    OR d.defaclobjtype = 'S' AND a.privilege_type <> 'SELECT'
    OR d.defaclobjtype = 'n' AND a.privilege_type = 'CREATE')
ORDER BY 1, 2, 3
"""
# With the default lifted, as the role itself can lift it; whatever goes through is rolled back.
_SESSION = """
SET SESSION AUTHORIZATION {role}; SET default_transaction_read_only = off;
{tries}
SELECT current_setting('saas.went', true);
"""
_TRY = """DO $try$ BEGIN {statement}; RAISE 'not refused';
EXCEPTION WHEN insufficient_privilege OR read_only_sql_transaction THEN NULL;
WHEN OTHERS THEN PERFORM set_config('saas.went',
  concat_ws('; ', nullif(current_setting('saas.went', true), ''), {what}), false); END $try$;"""


def facts(stack: Stack, database: Database) -> Mapping[str, bool]:
    """Attributes of the role; raises ProbeError when there is no such role."""
    found = psql.rows(stack, _FACTS.format(role=psql.literal(database.backup)))
    if not found:
        raise ProbeError(f"there is no role {database.backup}; database.backup names the backup's role")
    return {name: bool(value) for name, value in found[0].items()}


def powers(stack: Stack, database: Database) -> tuple[str, ...]:
    """What it may change by the server's books, and what it could change when it tried."""
    if not _went(stack, database, database.migrator):
        raise ProbeError(f"not even {database.migrator}, which owns the tables, could change any: no control")
    rows = psql.rows(stack, _POWERS.format(role=psql.literal(database.backup)))
    inherited = {(row["power"], row["object"]) for row in rows if row["via"]}
    objects: dict[str, list[str]] = {}
    for row in rows:
        via, power, of = row["via"], row["power"], row["object"]
        if via or (power, of) not in inherited:
            objects.setdefault(f"as {via}: {power}" if via else power, []).append(of)
    named = [f"{power} {', '.join(names)}" for power, names in objects.items()]
    tried = [f"could {what} when it tried" for what in _went(stack, database, database.backup)]
    return (*named, *tried)


def _went(stack: Stack, database: Database, role: str) -> tuple[str, ...]:
    """What was not refused when a role tried to change the tenants' table."""
    table, column = psql.name(database.table), psql.name(database.tenant_column)
    statements = {
        f"insert into {database.table}": f"INSERT INTO {table} DEFAULT VALUES",
        f"update {database.table}": f"UPDATE {table} SET {column} = {column}",
        f"delete from {database.table}": f"DELETE FROM {table}",
        f"truncate {database.table}": f"TRUNCATE {table} CASCADE",
        "create a table": f"CREATE TABLE {table}_of_mine ()".replace('"_of_mine', '_of_mine"'),
    }
    tries = "\n".join(_TRY.format(statement=s, what=psql.literal(what)) for what, s in statements.items())
    said = psql.execute(stack, _SESSION.format(role=psql.name(role), tries=tries))
    return tuple(said.split("; ")) if said else ()
