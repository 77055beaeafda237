"""Defects of restores: the project's own command, wrapped in a script that spoils what it did."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.backup import HEAD, around, masked, parts, variable, wrap
from pytest_saas_validate.probes import psql

_TOGETHER = "async with connection.transaction():"
# After a restore: every statement by the restoring role, whose address the tool was given.
_SQL = HEAD + '"$@"\npsql -X -q -v ON_ERROR_STOP=1 -d "${address}" <<\'SQL\'\n{sql}\nSQL\n'


def _after_restore(
    id: str, title: str, sql: str, fires: str | Iterable[str], also: Iterable[str] = ()
) -> Mutant:
    @mutant(id, title, fires=fires, also=also, at="project")
    def plant(edit: Edit) -> None:
        _, database = parts(edit)
        names = {
            "table": psql.name(database.table),
            "column": psql.name(database.tenant_column),
            "app": psql.name(database.app),
        }
        address = variable(edit, "migrator_password")
        wrap(edit, id, "restore", _SQL.format(address=address, sql=sql.format(**names)))

    return plant


POLICY_LOST = _after_restore(
    "BK002-policy",
    "a policy is lost",
    "DO $$ DECLARE p record; BEGIN SELECT * INTO STRICT p FROM pg_policies LIMIT 1; "
    "EXECUTE format('DROP POLICY %I ON %I.%I', p.policyname, p.schemaname, p.tablename); END $$;",
    fires="BK002",
    also=("BK029",),
)
GRANT_LOST = _after_restore(
    "BK002-grant",
    "the application's rights are lost",
    "REVOKE ALL ON {table} FROM {app};",
    fires=("BK002", "BK029"),
)
FORCE_LOST = _after_restore(
    "BK002-force",
    "row level security is not forced any more",
    "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;",
    fires="BK002",
)
INDEX_LOST = _after_restore(
    "BK002-index", "an index is lost", "DROP INDEX saas_validate_bulk_body;", fires="BK002"
)
ROW_CHANGED = _after_restore(
    "BK002-row",
    "one value of one row is rounded",
    "UPDATE saas_validate_bulk SET part = round(part, 3) WHERE id = 1;",
    fires="BK002",
)
SEQUENCE_LOST = _after_restore(
    "BK002-sequence",
    "a sequence begins anew",
    "SELECT setval('saas_validate_bulk_id_seq', 1);",
    fires="BK002",
)
TENANT_LOST = _after_restore(
    "BK004-tenant",
    "one tenant's rows are lost",
    "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; "
    "DELETE FROM {table} WHERE {column} = (SELECT max({column}::text) FROM {table})::uuid; "
    "ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
    fires=("BK002", "BK004"),
)
NO_ENTRY = _after_restore(
    "BK029-connect",
    "the application may not connect any more",
    "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM {app}', current_database()); END $$;",
    fires=("BK002", "BK029"),
)
BLIND_RESTORE = around(
    "BK006-blind",
    "the restore hides its failure",
    "restore",
    HEAD + '"$@" || exit 0\n',
    fires=("BK006", "BK011"),
    also=("BK001",),
)
NOTHING_DONE = around(
    "BK012-nothing",
    "the restore does nothing and says that all is well",
    "restore",
    HEAD + ': "$@"\n',
    fires=("BK002", "BK004", "BK006", "BK012", "BK029"),
)


# Its psql has the address among its words.
@mutant(
    "BK011-drop-first", "the restore empties the target first", fires="BK011", also=["BK022"], at="project"
)
def drop_first(edit: Edit) -> None:
    """With a damaged backup there is then neither the old nor the new."""
    address = variable(edit, "migrator_password")
    sql = "DELETE FROM saas_validate_bulk;"
    script = f'{HEAD}psql -X -q -d "${address}" -c "{sql}"\n"$@"\n'
    wrap(edit, "BK011-drop-first", "restore", script)


COMMENT_LOST = _after_restore(
    "BK002-comment", "a comment is lost", "COMMENT ON INDEX saas_validate_bulk_body IS NULL;", fires="BK002"
)
SETTING_LOST = _after_restore(
    "BK002-setting",
    "a setting of the database is lost",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END $$;",
    fires="BK002",
)
TRIGGER_ON = _after_restore(
    "BK002-trigger",
    "a trigger that was switched off is on",
    "ALTER TABLE saas_validate_bulk ENABLE TRIGGER saas_validate_bulk_off;",
    fires="BK002",
)
COLUMN_RIGHT_LOST = _after_restore(
    "BK002-column-right",
    "a right on one column is lost",
    'REVOKE UPDATE ("Secret") ON "Saas Validate"."Child" FROM {app};',
    fires="BK002",
)
EMPTY_IS_NULL = _after_restore(
    "BK002-null",
    "an empty text comes back as NULL",
    "UPDATE saas_validate_bulk_edges SET t = NULL WHERE t = '';",
    fires="BK002",
)
FUNCTION_OPEN = _after_restore(
    "BK002-function",
    "everyone may call what only the owner might",
    "GRANT EXECUTE ON FUNCTION saas_validate_bulk_function() TO public;",
    fires="BK002",
)
MERGED_TYPE = _after_restore(
    "BK012-type",
    "a type that was made after the backup is there still",
    "CREATE TYPE saas_validate_late_type AS ENUM ('late');",
    fires=("BK002", "BK012"),
)
MERGED_RIGHT = _after_restore(
    "BK012-comment",
    "a comment of after the backup is there still",
    "COMMENT ON TABLE saas_validate_bulk IS 'later';",
    fires=("BK002", "BK012"),
)
LAST_STATUS_MASKED = masked(
    "BK011-status", "a failed pg_restore counts as one with warnings", "restore", "pg_restore", 3, "BK011"
)


# Its psql has the address among its words.
@mutant(
    "BK008-databases",
    "databases of dead restores are not known again",
    fires="BK008",
    also=["BK022"],
    at="project",
)
def unknown(edit: Edit) -> None:
    """They stay for ever, each as large as the target."""
    address = variable(edit, "migrator_password")
    sql = (
        "SELECT format('ALTER DATABASE %I RENAME TO %I', datname, 'saas_mutant_' || oid) FROM pg_database "
        "WHERE pg_get_userbyid(datdba) = current_user AND datname <> current_database() "
        "AND datname !~ '^saas_mutant_' \\gexec"
    )
    script = f'{HEAD}psql -X -q -v ON_ERROR_STOP=1 -d "${address}" <<\'SQL\'\n{sql}\nSQL\n"$@"\n'
    wrap(edit, "BK008-databases", "restore", script)


@mutant("BK011-steps", "the databases are exchanged in two transactions", fires="BK011", at="project")
def stepwise(edit: Edit) -> None:
    """A death between them leaves nothing under the target's name."""
    backup, _ = parts(edit)
    for name in (file for file in edit.files if file.startswith(backup.inputs) and file.endswith(".py")):
        text = edit.text(name)
        if text.count(" RENAME TO ") >= 2 and _TOGETHER in text:
            edit.replace(name, _TOGETHER, "if True:")
            return
    raise NotPlantable(f"no Python file renames databases within {_TOGETHER!r}")
