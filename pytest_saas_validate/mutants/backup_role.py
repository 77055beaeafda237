"""Defects of the role that reads backups: what it may do beyond reading."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.mutants import Mutant, NotPlantable, mutant
from pytest_saas_validate.probes import psql
from pytest_saas_validate.project import Project


def _role(id: str, title: str, sql: str, fires: str | Iterable[str], also: Iterable[str] = ()) -> Mutant:
    @mutant(id, title, fires=fires, also=also, at="stack")
    def plant(stack: Stack, project: Project) -> None:
        if project.spec.database is None:
            raise NotPlantable("the project names no database")
        database = project.spec.database
        names = {
            "role": psql.name(database.backup),
            "app": psql.name(database.app),
            "migrator": psql.name(database.migrator),
            "table": psql.name(database.table),
            "column": psql.name(database.tenant_column),
        }
        psql.execute(stack, sql.format(**names))

    return plant


CREATES = _role("BK004-creates", "the backup role may make databases", "ALTER ROLE {role} CREATEDB;", "BK004")
WRITES = _role(
    "BK004-writes",
    "the backup role may write",
    "ALTER ROLE {role} RESET default_transaction_read_only;",
    "BK004",
)
MEMBER = _role(
    "BK004-member", "the backup role is a member of the application's", "GRANT {app} TO {role};", "BK004"
)
STEPS = _role(
    "BK004-steps",
    "the backup role may step into the application's",
    "GRANT {app} TO {role} WITH INHERIT FALSE;",
    "BK004",
)
WRITES_ALL = _role(
    "BK004-writes-all", "the backup role may write everything", "GRANT pg_write_all_data TO {role};", "BK004"
)
COLUMN = _role(
    "BK004-column",
    "the backup role may update a column",
    "GRANT UPDATE ({column}) ON {table} TO {role};",
    "BK004",
)
SCHEMA = _role(
    "BK004-schema", "the backup role may create tables", "GRANT CREATE ON SCHEMA public TO {role};", "BK004"
)
LATER = _role(
    "BK004-later",
    "the backup role may write what the migrator will make",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {migrator} GRANT INSERT ON TABLES TO {role};",
    "BK004",
)
