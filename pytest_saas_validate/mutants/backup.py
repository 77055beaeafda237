"""Defects of backup and restore: the project's own commands, wrapped in a script that spoils them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.probes import psql
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backup, Database

_HEAD = "#!/bin/sh\nset -eu\n"
# After a restore: every statement by the restoring role, whose address the tool was given.
_SQL = _HEAD + '"$@"\npsql -X -q -v ON_ERROR_STOP=1 -d "${address}" <<\'SQL\'\n{sql}\nSQL\n'


def _parts(edit: Edit) -> tuple[Backup, Database]:
    if edit.spec.backup is None or edit.spec.database is None:
        raise NotPlantable("the project names no backup commands")
    return edit.spec.backup, edit.spec.database


def _wrap(edit: Edit, id: str, command: str, script: str) -> None:
    """Put a script of ours before one of the two commands; its words are the command."""
    backup, _ = _parts(edit)
    name = f"saas_mutant_{id.lower()}.sh"
    edit.write(name, script, executable=True)
    wrapped: dict[str, Any] = {command: ("sh", name, *getattr(backup, command))}
    edit.respec(backup=replace(backup, **wrapped))


def _variable(edit: Edit, part: str) -> str:
    """The variable of the tool's environment that carries this part."""
    backup, _ = _parts(edit)
    for name, text in backup.environment.items():
        if f"${{{part}}}" in text:
            return name
    raise NotPlantable(f"no variable of the backup holds ${{{part}}}")


def _around(
    id: str, title: str, command: str, script: str, fires: str | Iterable[str], also: Iterable[str] = ()
) -> Mutant:
    @mutant(id, title, fires=fires, also=also, at="project")
    def plant(edit: Edit) -> None:
        folder = _variable(edit, "backup_dir")
        _wrap(edit, id, command, script.replace("@FOLDER@", f"${folder}"))

    return plant


def _after_restore(
    id: str, title: str, sql: str, fires: str | Iterable[str], also: Iterable[str] = ()
) -> Mutant:
    @mutant(id, title, fires=fires, also=also, at="project")
    def plant(edit: Edit) -> None:
        _, database = _parts(edit)
        names = {
            "table": psql.name(database.table),
            "column": psql.name(database.tenant_column),
            "app": psql.name(database.app),
        }
        address = _variable(edit, "migrator_password")
        _wrap(edit, id, "restore", _SQL.format(address=address, sql=sql.format(**names)))

    return plant


@mutant("BK001-lax", "the backup script goes on after an error", fires="BK001", at="project")
def lax(edit: Edit) -> None:
    """Without errexit the last command's status is all that counts."""
    backup, _ = _parts(edit)
    for name in (word for word in (*backup.backup, *backup.restore) if word in edit.files):
        if "set -eu" in edit.text(name):
            edit.replace(name, "set -eu", "set +e")
            return
    raise NotPlantable("no script that sets -eu")


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
SILENT_FAILURE = _around(
    "BK003-silent",
    "the backup hides its failure",
    "backup",
    _HEAD + '"$@" || { echo "@FOLDER@/nothing"; exit 0; }\n',
    fires="BK003",
)
EARLY_NAME = _around(
    "BK003-early",
    "the backup has its final name before it is whole",
    "backup",
    _HEAD + ': > "@FOLDER@/early-$$.dump"\n"$@"\nrm "@FOLDER@/early-$$.dump"\n',
    fires="BK003",
    also=("BK022",),
)
BLIND_RESTORE = _around(
    "BK006-blind",
    "the restore hides its failure",
    "restore",
    _HEAD + '"$@" || exit 0\n',
    fires=("BK006", "BK011"),
)
UNSWEPT = _around(
    "BK008-unswept",
    "partial files stay for ever",
    "backup",
    _HEAD + ': > "@FOLDER@/$$.partial"\nchmod 600 "@FOLDER@/$$.partial"\n"$@"\n',
    fires="BK008",
)
NOTHING_DONE = _around(
    "BK012-nothing",
    "the restore does nothing and says that all is well",
    "restore",
    _HEAD + ': "$@"\n',
    fires=("BK002", "BK004", "BK006", "BK011", "BK012", "BK029"),
)
OPEN_FILES = _around(
    "BK022-mode",
    "backups may be read by everyone",
    "backup",
    _HEAD + '"$@"\nchmod 644 "@FOLDER@"/*\n',
    fires="BK022",
)


@mutant("BK011-drop-first", "the restore empties the target first", fires="BK011", at="project")
def drop_first(edit: Edit) -> None:
    """With a damaged backup there is then neither the old nor the new."""
    address = _variable(edit, "migrator_password")
    sql = "DELETE FROM saas_validate_bulk;"
    script = f'{_HEAD}psql -X -q -d "${address}" -c "{sql}"\n"$@"\n'
    _wrap(edit, "BK011-drop-first", "restore", script)


@mutant("BK022-output", "the backup prints its password", fires="BK022", at="project")
def printed(edit: Edit) -> None:
    """As `set -x` does."""
    address = _variable(edit, "backup_password")
    _wrap(edit, "BK022-output", "backup", f'{_HEAD}echo "${address}" >&2\n"$@"\n')


def _role(id: str, title: str, sql: str, fires: str | Iterable[str], also: Iterable[str] = ()) -> Mutant:
    @mutant(id, title, fires=fires, also=also, at="stack")
    def plant(stack: Stack, project: Project) -> None:
        if project.spec.database is None:
            raise NotPlantable("the project names no database")
        psql.execute(stack, sql.format(role=psql.name(project.spec.database.backup)))

    return plant


CREATES = _role("BK004-creates", "the backup role may make databases", "ALTER ROLE {role} CREATEDB;", "BK004")
WRITES = _role(
    "BK004-writes",
    "the backup role may write",
    "ALTER ROLE {role} RESET default_transaction_read_only;",
    "BK004",
)
