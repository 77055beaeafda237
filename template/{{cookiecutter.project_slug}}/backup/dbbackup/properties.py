"""What belongs to a database itself and is in no dump of it: locale, grants, settings, limits, comment."""

from __future__ import annotations

from dataclasses import dataclass

from dbbackup.session import Connection, identifier, literal

PROPERTIES = """
SELECT pg_encoding_to_char(d.encoding) AS encoding, d.datlocprovider::text AS provider,
  d.datcollate AS collate, d.datctype AS ctype,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
  to_jsonb(d) ->> 'daticurules' AS icu_rules, d.datconnlimit AS connection_limit,
  (SELECT t.spcname::text FROM pg_tablespace t WHERE t.oid = d.dattablespace) AS tablespace,
  shobj_description(d.oid, 'pg_database') AS comment,
  ARRAY(SELECT concat(CASE g.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(g.grantee) END, '=',
          g.privilege_type, CASE WHEN g.is_grantable THEN '*' END)
        FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g ORDER BY 1) AS grants,
  ARRAY(SELECT concat(CASE s.setrole WHEN 0 THEN '' ELSE pg_get_userbyid(s.setrole) END, ':', c)
        FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
        WHERE s.setdatabase = d.oid ORDER BY 1) AS settings
FROM pg_database d WHERE d.datname = $1"""


@dataclass(frozen=True)
class Properties:
    """A database without its contents; settings are written role:name=value, the role empty for everyone."""

    encoding: str
    provider: str
    collate: str
    ctype: str
    locale: str | None
    icu_rules: str | None
    connection_limit: int
    tablespace: str
    comment: str | None
    grants: tuple[str, ...]
    settings: tuple[str, ...]

    def roles(self) -> set[str]:
        """Return the roles that grants and settings name."""
        return {grant.rpartition("=")[0] for grant in self.grants} | set(self.roles_with_settings())

    def roles_with_settings(self) -> list[str]:
        """Return the roles that have settings of their own in this database."""
        return sorted({setting.partition(":")[0] for setting in self.settings} - {""})


async def read_properties(connection: Connection, database: str) -> Properties | None:
    """Read a database's properties from any other; None when it does not exist."""
    row = await connection.fetchrow(PROPERTIES, database)
    if row is None:
        return None
    values = dict(row)
    return Properties(**values | {"grants": tuple(values["grants"]), "settings": tuple(values["settings"])})


def creation(name: str, properties: Properties) -> str:
    """Return the statement that creates an empty database with the same encoding, locale and tablespace."""
    options = [
        f"TEMPLATE template0 ENCODING {literal(properties.encoding)}",
        f"LC_COLLATE {literal(properties.collate)} LC_CTYPE {literal(properties.ctype)}",
    ]
    if properties.tablespace != "pg_default":  # which nobody may name without a grant
        options.append(f"TABLESPACE {identifier(properties.tablespace)}")
    if properties.provider == "i" and properties.locale is not None:
        options.append(f"LOCALE_PROVIDER icu ICU_LOCALE {literal(properties.locale)}")
        if properties.icu_rules is not None:
            options.append(f"ICU_RULES {literal(properties.icu_rules)}")
    elif properties.provider == "b" and properties.locale is not None:
        options.append(f"LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(properties.locale)}")
    else:
        options.append("LOCALE_PROVIDER libc")
    return f"CREATE DATABASE {identifier(name)} {' '.join(options)}"


async def apply_properties(connection: Connection, name: str, properties: Properties, owner: str) -> None:
    """Give a database of `owner` the grants, settings, limit and comment of another one."""
    database = identifier(name)
    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM public, {identifier(owner)}")
    for grant in properties.grants:
        grantee, _, privilege = grant.rpartition("=")
        role = "public" if grantee == "public" else identifier(grantee)
        option = " WITH GRANT OPTION" if privilege.endswith("*") else ""
        await connection.execute(f"GRANT {privilege.rstrip('*')} ON DATABASE {database} TO {role}{option}")
    for setting in properties.settings:
        role, _, assignment = setting.partition(":")
        parameter, _, value = assignment.partition("=")
        # FROM CURRENT stores the value as it stands, whatever quoting its parameter wants in a statement.
        async with connection.transaction():
            await connection.execute("SELECT set_config($1, $2, true)", parameter, value)
            subject = f"ROLE {identifier(role)} IN DATABASE {database}" if role else f"DATABASE {database}"
            await connection.execute(f"ALTER {subject} SET {identifier(parameter)} FROM CURRENT")
    await connection.execute(f"ALTER DATABASE {database} CONNECTION LIMIT {properties.connection_limit}")
    comment = "NULL" if properties.comment is None else literal(properties.comment)
    await connection.execute(f"COMMENT ON DATABASE {database} IS {comment}")
