"""A database as a mapping from objects to fingerprints, so that two states compare object by object."""

from __future__ import annotations

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.backup import Catalogue
from pytest_saas_validate.probes import ProbeError, psql

# Text forms that depend on settings would differ between two equal databases.
_FIXED = """
SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET extra_float_digits = 1;
SET bytea_output = 'hex'; SET intervalstyle = 'postgres';
"""
_MINE = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_OBJECTS = f"""
SELECT format('table %s.%s kind, owner, rights, row security', n.nspname, c.relname) AS object,
       concat_ws(' ', c.relkind, pg_get_userbyid(c.relowner), {{acl}},
                 c.relrowsecurity, c.relforcerowsecurity) AS fingerprint
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND {_MINE}
UNION ALL
SELECT format('column %s.%s.%s', n.nspname, c.relname, a.attname),
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND {_MINE}
UNION ALL
SELECT format('constraint %s.%s', n.nspname, k.conname), pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_MINE}
UNION ALL
SELECT format('index %s.%s', n.nspname, c.relname), pg_get_indexdef(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i' AND {_MINE}
UNION ALL
SELECT format('policy %s on %s.%s', policyname, schemaname, tablename),
       concat_ws(' ', permissive, roles::text, cmd, qual, with_check) FROM pg_policies
UNION ALL
SELECT format('sequence %s.%s value', schemaname, sequencename), coalesce(last_value::text, 'unused')
  FROM pg_sequences
UNION ALL
SELECT format('function %s.%s', n.nspname, p.proname), md5(pg_get_functiondef(p.oid))
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'f' AND {_MINE}
UNION ALL
SELECT format('trigger %s on %s', tgname, tgrelid::regclass), pg_get_triggerdef(oid)
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT format('extension %s', extname), extversion FROM pg_extension
UNION ALL
SELECT format('default rights %s %s', pg_get_userbyid(defaclrole), defaclobjtype), defaclacl::text
  FROM pg_default_acl
UNION ALL
SELECT 'database owner and rights', concat_ws(' ', pg_get_userbyid(d.datdba), {{database}})
  FROM pg_database d WHERE d.datname = current_database()
UNION ALL
SELECT format('large object %s', oid), md5(lo_get(oid)) FROM pg_largeobject_metadata
"""


def _sorted_rights(column: str) -> str:
    """Rights are a set: their order says nothing."""
    return f"(SELECT string_agg(right_::text, ',' ORDER BY right_::text) FROM unnest({column}) AS right_)"


_QUERY = _OBJECTS.format(acl=_sorted_rights("c.relacl"), database=_sorted_rights("d.datacl"))
_TABLES = f"""
SELECT format('%I.%I', n.nspname, c.relname) AS name,
       format('table %s.%s rows', n.nspname, c.relname) AS object
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND {_MINE} ORDER BY 1
"""


def catalogue(stack: Stack) -> Catalogue:
    """Every object of the database and a fingerprint of each; raises ProbeError when there is no table.

    Rows count as a set with repeats: number, and the sum of a hash of each row's text.
    """
    tables = psql.rows(stack, _TABLES)
    if not tables:
        raise ProbeError("the database has no table: nothing that a backup could lose")
    counts = " UNION ALL ".join(
        f"SELECT {psql.literal(table['object'])} AS object, "
        f"count(*) || ' rows ' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) AS fingerprint "
        f"FROM {table['name']} r"
        for table in tables
    )
    query = f"{_QUERY.strip()} UNION ALL {counts}"
    text = psql.execute(
        stack, f"{_FIXED} SELECT json_object_agg(object, fingerprint) FROM ({query}) AS found;"
    )
    return _read(text)


def _read(text: str) -> Catalogue:
    import json

    found = json.loads(text)
    return {str(name): str(found[name]) for name in sorted(found)}


def differing(one: Catalogue, other: Catalogue) -> tuple[str, ...]:
    """Objects that only one of the two has, or that differ."""
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))


def databases(stack: Stack) -> frozenset[str]:
    """The names of all databases of the server."""
    return frozenset(row["datname"] for row in psql.rows(stack, "SELECT datname FROM pg_database"))
