"""A database as a mapping from objects to fingerprints, so that two states compare object by object."""

from __future__ import annotations

import json

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.backup import Catalogue
from pytest_saas_validate.probes import ProbeError, psql
from pytest_saas_validate.probes.backup_kinds import QUERIES

# Text forms that depend on settings would differ between two equal databases.
_FIXED = """
SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET extra_float_digits = 1; SET search_path = '';
SET bytea_output = 'hex'; SET intervalstyle = 'postgres'; SET lc_monetary = 'C';
SET jit = off; SET join_collapse_limit = 1;
"""
# One statement for each table and sequence, made and run by psql within one call.
_CONTENTS = """
SELECT CASE c.relkind WHEN 'S' THEN
    format('SELECT json_build_array(%L, concat(last_value, CASE WHEN is_called THEN '' given'' END)) FROM %s',
      'value of sequence ' || c.oid::regclass, c.oid::regclass)
  ELSE
    format('SELECT json_build_array(%L, concat(count(*), '' rows, hash '', '
      'sum(hashtextextended((found.*)::text, 0)::numeric))) FROM ONLY %s found',
      'rows of table ' || c.oid::regclass, c.oid::regclass)
  END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
\\gexec
"""
_DATABASES = "SELECT format('server database %s', datname), oid::text FROM pg_database"
_SERVER = "server database "


def catalogue(stack: Stack) -> Catalogue:
    """Every object of the database and a fingerprint of each; raises ProbeError when there is no table.

    Rows count as a set with repeats: number, and the sum of a hash of each row's text.
    """
    return {name: value for name, value in _all(stack).items() if not name.startswith(_SERVER)}


def state(stack: Stack) -> tuple[Catalogue, frozenset[str]]:
    """The catalogue, and the names of all databases of the server."""
    found = _all(stack)
    objects = {name: value for name, value in found.items() if not name.startswith(_SERVER)}
    return objects, frozenset(name.removeprefix(_SERVER) for name in found if name.startswith(_SERVER))


def _all(stack: Stack) -> Catalogue:
    union = "\nUNION ALL\n".join([*QUERIES, _DATABASES])
    objects = f"SELECT json_build_array(object, fingerprint) FROM ({union}) AS found (object, fingerprint);"
    lines = psql.execute(stack, _FIXED + objects + _CONTENTS).splitlines()
    found = dict(json.loads(line) for line in lines)
    if not any(name.startswith("rows of table ") for name in found):
        raise ProbeError("the database has no table: nothing that a backup could lose")
    return {str(name): str(found[name] or "") for name in sorted(found)}


def differing(one: Catalogue, other: Catalogue) -> tuple[str, ...]:
    """Objects that only one of the two has, or that differ."""
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))
