"""What the two roles must be able to do, asked before any work is done."""

from __future__ import annotations

from dbbackup.contents import Contents
from dbbackup.failure import ExitCode, Failure
from dbbackup.properties import Properties
from dbbackup.session import Connection, server_major

# Members of any database by definition, present in every cluster.
IMPLICIT = {"public", "pg_database_owner"}

HAS_PRIVILEGE = "has_largeobject_privilege(l.oid, 'SELECT')"
HAS_GRANT = """(pg_has_role(l.lomowner, 'USAGE') OR EXISTS (SELECT FROM aclexplode(l.lomacl) g
  WHERE g.privilege_type = 'SELECT' AND (g.grantee = 0 OR pg_has_role(g.grantee, 'USAGE'))))"""


def unfit(what: str, fix: str) -> Failure:
    """Return the failure of a role."""
    return Failure(ExitCode.ROLE, what, fix)


async def check_reader(connection: Connection) -> None:
    """Refuse a role that would see part of the rows, that may not read everything, or that is a superuser."""
    row = await connection.fetchrow(
        "SELECT rolname, rolsuper, rolbypassrls, pg_has_role('pg_read_all_data', 'USAGE') AS reads"
        " FROM pg_roles WHERE rolname = current_user"
    )
    name = row["rolname"]
    if row["rolsuper"]:
        raise unfit(
            f"{name} is a superuser", "put the backup role of postgres/roles.sql into BACKUP_DATABASE_URL"
        )
    if not row["rolbypassrls"]:
        raise unfit(
            f"row level security hides rows from {name}", f"run as a superuser: ALTER ROLE {name} BYPASSRLS"
        )
    if not row["reads"]:
        raise unfit(
            f"{name} may not read every table", f"run as a superuser: GRANT pg_read_all_data TO {name}"
        )


async def check_large_objects(connection: Connection) -> None:
    """Refuse when the role may not read a large object, which pg_read_all_data does not cover."""
    readable = HAS_PRIVILEGE if server_major(connection) >= 18 else HAS_GRANT
    row = await connection.fetchrow(
        f"SELECT l.oid, current_user AS name FROM pg_largeobject_metadata l WHERE NOT {readable} LIMIT 1"
    )
    if row is not None:
        raise unfit(
            f"{row['name']} may not read large object {row['oid']}",
            f"run as its owner: GRANT SELECT ON LARGE OBJECT {row['oid']} TO {row['name']}",
        )


async def check_restorer(connection: Connection, database: str) -> str:
    """Refuse a role that could not finish the swap, or that is a superuser; return its name."""
    row = await connection.fetchrow(
        "SELECT rolname, rolsuper, rolcreatedb, pg_has_role('pg_signal_backend', 'USAGE') AS signals,"
        " (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1) AS owner"
        " FROM pg_roles WHERE rolname = current_user",
        database,
    )
    name = str(row["rolname"])
    if row["rolsuper"]:
        raise unfit(
            f"{name} is a superuser", "put the migrator of postgres/roles.sql into RESTORE_DATABASE_URL"
        )
    if not row["rolcreatedb"]:
        raise unfit(f"{name} may not create databases", f"run as a superuser: ALTER ROLE {name} CREATEDB")
    if not row["signals"]:
        raise unfit(f"{name} may not end sessions", f"run as a superuser: GRANT pg_signal_backend TO {name}")
    if row["owner"] not in (None, name):
        raise unfit(
            f"database {database} belongs to {row['owner']}, not to {name}",
            f"run as a superuser: ALTER DATABASE {database} OWNER TO {name}",
        )
    return name


async def check_prerequisites(connection: Connection, contents: Contents, properties: Properties) -> None:
    """Refuse a backup that needs roles, memberships or extensions which this server does not offer."""
    entries = [entry for kind in contents.objects.values() for entry in kind.values()]
    owners = {entry.owner for entry in entries if entry.owner is not None} - IMPLICIT
    grantees = {grant.rpartition("=")[0] for entry in entries for grant in entry.grants}
    wanted = sorted((owners | grantees | properties.roles()) - IMPLICIT)
    for role in await missing(connection, wanted, "SELECT rolname::text FROM pg_roles"):
        raise unfit(f"role {role} does not exist", "create the roles with postgres/roles.sql")
    member = "SELECT rolname::text FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')"
    for role in await missing(connection, sorted(owners), member):
        raise unfit(f"objects in the backup belong to {role}", "grant that role to the one that restores")
    for role in properties.roles_with_settings():
        raise unfit(
            f"role {role} has settings of its own in this database",
            "move them to ALTER ROLE … SET or ALTER DATABASE … SET, which survive the swap",
        )
    trusted = (
        "SELECT e.name::text FROM pg_available_extensions e JOIN pg_available_extension_versions v"
        " ON v.name = e.name AND v.version = e.default_version WHERE v.trusted"
    )
    for name in await missing(connection, sorted(contents.objects.get("extension", {})), trusted):
        raise unfit(
            f"extension {name} is not installed on this server or not trusted",
            "install it and mark it trusted, or restore by hand as a superuser",
        )


async def missing(connection: Connection, wanted: list[str], query: str) -> list[str]:
    """Return what is wanted and not among a query's rows."""
    return list(
        await connection.fetchval(
            f"SELECT ARRAY(SELECT unnest($1::text[]) EXCEPT SELECT * FROM ({query}) q (name) ORDER BY 1)",
            wanted,
        )
    )
