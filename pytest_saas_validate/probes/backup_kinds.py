"""One question to the system catalogues for each kind of object: its name, and all that it consists of."""

from __future__ import annotations


def _own(catalogue: str, oid: str) -> str:
    """An object that no extension brought along; those come back with their extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '{catalogue}'::regclass"
        f" AND x.objid = {oid} AND x.deptype = 'e')"
    )


def _rights(column: str, kind: str = "", owner: str = "") -> str:
    """Rights are a set, and none written down means the usual ones."""
    items = f"coalesce({column}, acldefault({kind}, {owner}))" if kind else column
    return f"(SELECT string_agg(right_::text, ',' ORDER BY right_::text) FROM unnest({items}) AS right_)"


def _plain(definition: str) -> str:
    """A definition without casts and brackets: the server writes both otherwise after a dump."""
    cast = (
        r'::("[^"]+"|\w+)(\.("[^"]+"|\w+))?( varying| precision| with(out)? time zone)?(\([\d, ]+\))?(\[\])*'
    )
    bare = f"regexp_replace({definition}, '{cast}', '', 'g')"
    return rf"regexp_replace({bare}, '[\s()\[\]]+', ' ', 'g')"


_MINE = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_CLASS = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
_NAME = "format('%I.%I', n.nspname, c.relname)"

_RELATIONS = f"""
SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '
         ELSE 'table ' END || {_NAME},
  concat_ws(' ', c.relkind, pg_get_userbyid(c.relowner),
    {_rights("c.relacl", "(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::" + '"char"', "c.relowner")},
    CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
    c.relpersistence, 'replica identity', c.relreplident, c.reloptions::text,
    (SELECT t.reloptions::text FROM pg_class t WHERE t.oid = c.reltoastrelid),
    (SELECT m.amname FROM pg_am m WHERE m.oid = c.relam),
    (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    {_plain("pg_get_expr(c.relpartbound, c.oid)")},
    (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno)
       FROM pg_inherits i WHERE i.inhrelid = c.oid),
    CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'without rows' END,
    CASE WHEN c.relkind IN ('v', 'm') THEN {_plain("pg_get_viewdef(c.oid)")} END)
{_CLASS} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_MINE} AND {_own("pg_class", "c.oid")}"""

_COLUMNS = f"""
SELECT format('column %s.%I', {_NAME}, a.attname),
  concat_ws(' ', row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
    format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
    'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
    a.attcollation::regcollation, a.attstorage, nullif(a.attcompression::text, ''), a.attstattarget,
    a.attoptions::text, a.attislocal, {_rights("a.attacl")},
    (SELECT 'default ' || {_plain("pg_get_expr(d.adbin, d.adrelid)")} FROM pg_attrdef d
      WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum))
{_CLASS} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {_MINE} AND {_own("pg_class", "c.oid")}"""

# NOT NULL is a constraint with a name from version 18 on; the columns say it already.
_CONSTRAINTS = f"""
SELECT format('constraint %I on %s', k.conname,
    CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text ELSE k.contypid::regtype::text END),
  concat_ws(' ', {_plain("pg_get_constraintdef(k.oid)")}, k.convalidated, k.connoinherit)
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
 WHERE k.contype NOT IN ('n', 't') AND {_MINE}"""

_INDEXES = f"""
SELECT 'index ' || {_NAME},
  concat_ws(' ', {_plain("pg_get_indexdef(c.oid)")}, CASE WHEN x.indisclustered THEN 'clustered' END,
    CASE WHEN x.indisreplident THEN 'replica identity' END, CASE WHEN NOT x.indisvalid THEN 'invalid' END)
{_CLASS} JOIN pg_index x ON x.indexrelid = c.oid WHERE {_MINE}"""

_SEQUENCES = f"""
SELECT format('counting of sequence %s', {_NAME}),
  concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
    (SELECT string_agg(format('of %s.%I', d.refobjid::regclass, a.attname), ' ') FROM pg_depend d
       JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
{_CLASS} JOIN pg_sequence s ON s.seqrelid = c.oid WHERE {_MINE}"""

_POLICIES = f"""
SELECT format('policy %I on %I.%I', policyname, schemaname, tablename),
  concat_ws(' ', permissive, (SELECT string_agg(r::text, ',' ORDER BY r::text) FROM unnest(roles) r), cmd,
    'using ' || {_plain("qual")}, 'check ' || {_plain("with_check")}) FROM pg_policies"""

_TRIGGERS = f"""
SELECT format('trigger %I on %s', t.tgname, {_NAME}),
  concat_ws(' ', t.tgenabled, {_plain("pg_get_triggerdef(t.oid)")})
{_CLASS} JOIN pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal AND {_MINE}"""

_RULES = f"""
SELECT format('rule %I on %s', r.rulename, {_NAME}),
  concat_ws(' ', r.ev_enabled, {_plain("pg_get_ruledef(r.oid)")})
{_CLASS} JOIN pg_rewrite r ON r.ev_class = c.oid WHERE r.rulename <> '_RETURN' AND {_MINE}"""

_FUNCTIONS = f"""
SELECT format('function %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
  concat_ws(' ', pg_get_userbyid(p.proowner), {_rights("p.proacl", "'f'", "p.proowner")},
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
      ELSE (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggtranstype::regtype, g.agginitval)
              FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE {_MINE} AND {_own("pg_proc", "p.oid")}"""

_TYPES = f"""
SELECT format('type %s', t.oid::regtype),
  concat_ws(' ', t.typtype, pg_get_userbyid(t.typowner), {_rights("t.typacl", "'T'", "t.typowner")},
    CASE WHEN t.typnotnull THEN 'not null' END, t.typdefault,
    CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
       FROM pg_enum e WHERE e.enumtypid = t.oid),
    (SELECT r.rngsubtype::regtype::text FROM pg_range r WHERE r.rngtypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE t.typtype IN ('d', 'e', 'r', 'c', 'b') AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c')
   AND {_MINE} AND {_own("pg_type", "t.oid")}"""

_SCHEMAS = f"""
SELECT format('schema %I', n.nspname),
  concat_ws(' ', pg_get_userbyid(n.nspowner), {_rights("n.nspacl", "'n'", "n.nspowner")})
  FROM pg_namespace n WHERE {_MINE}"""

_EXTENSIONS = """
SELECT format('extension %I', e.extname), concat_ws(' ', e.extversion, e.extnamespace::regnamespace)
  FROM pg_extension e"""

_DEFAULT_RIGHTS = f"""
SELECT format('default rights of %s on %s %s', pg_get_userbyid(d.defaclrole),
    CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
      WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END,
    CASE WHEN d.defaclnamespace <> 0 THEN 'in ' || d.defaclnamespace::regnamespace::text END),
  {_rights("d.defaclacl")} FROM pg_default_acl d"""

_STATISTICS = f"""
SELECT format('statistics %I.%I', n.nspname, s.stxname),
  concat_ws(' ', pg_get_userbyid(s.stxowner), {_plain("pg_get_statisticsobjdef(s.oid)")}, s.stxstattarget)
  FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {_MINE}"""

_LARGE_OBJECTS = f"""
SELECT format('large object %s', l.oid),
  concat_ws(' ', pg_get_userbyid(l.lomowner), {_rights("l.lomacl", "'L'", "l.lomowner")}, md5(lo_get(l.oid)))
  FROM pg_largeobject_metadata l"""

_PUBLICATIONS = """
SELECT format('publication %I', p.pubname),
  concat_ws(' ', pg_get_userbyid(p.pubowner), p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete,
    p.pubtruncate, p.pubviaroot,
    (SELECT string_agg(format('%I.%I %s', t.schemaname, t.tablename, t.rowfilter), ','
         ORDER BY t.schemaname, t.tablename)
       FROM pg_publication_tables t WHERE t.pubname = p.pubname))
  FROM pg_publication p"""

_COMMENTS = """
SELECT format('comment on %s %s', i.type, i.identity), d.description
  FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
 WHERE d.objoid >= 16384 AND i.identity IS NOT NULL
UNION ALL SELECT 'comment on the database', coalesce(shobj_description(d.oid, 'pg_database'), '')
  FROM pg_database d WHERE d.datname = current_database()"""

_LABELS = """
SELECT format('security label of %s on %s %s', l.provider, l.objtype, l.objname), l.label
  FROM pg_seclabels l WHERE l.objtype NOT IN ('role', 'tablespace')"""

# What a dump does not hold: only a restore that makes a new database can lose it.
_DATABASE = f"""
SELECT 'owner and rights of the database',
  concat_ws(' ', pg_get_userbyid(d.datdba), {_rights("d.datacl", "'d'", "d.datdba")})
  FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT 'encoding, locale and limit of the database',
  concat_ws(' ', pg_encoding_to_char(d.encoding), d.datlocprovider, d.datcollate, d.datctype,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), to_jsonb(d) ->> 'daticurules',
    d.datconnlimit, d.datallowconn, (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = d.dattablespace))
  FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT format('settings of %s here',
    CASE s.setrole WHEN 0 THEN 'everyone' ELSE pg_get_userbyid(s.setrole)::text END),
  (SELECT string_agg(c, ', ' ORDER BY c) FROM unnest(s.setconfig) c)
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
 WHERE d.datname = current_database()"""

# A restore has no business with them.
_ROLES = """
SELECT format('role %I', r.rolname),
  concat_ws(' ', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication,
    r.rolbypassrls, r.rolconnlimit, r.rolvaliduntil, r.rolconfig::text,
    (SELECT string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_auth_members m
       JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid))
  FROM pg_roles r WHERE r.rolname !~ '^pg_'"""

# Kinds that are rare: that they are there is compared, and their comments; what they consist of is not.
_RARE = ("pg_cast", "pg_collation", "pg_conversion", "pg_event_trigger", "pg_foreign_data_wrapper",
         "pg_foreign_server", "pg_language", "pg_opclass", "pg_operator", "pg_opfamily", "pg_subscription",
         "pg_transform", "pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template",
         "pg_user_mapping")  # fmt: skip
_OTHERS = tuple(
    f"SELECT i.type || ' ' || i.identity, '' FROM {name} o"
    f" CROSS JOIN LATERAL pg_identify_object('{name}'::regclass, o.oid, 0) i"
    f" WHERE o.oid >= 16384 AND i.identity IS NOT NULL AND {_own(name, 'o.oid')}"
    for name in _RARE
)

QUERIES = (
    _RELATIONS, _COLUMNS, _CONSTRAINTS, _INDEXES, _SEQUENCES, _POLICIES, _TRIGGERS, _RULES, _FUNCTIONS,
    _TYPES, _SCHEMAS, _EXTENSIONS, _DEFAULT_RIGHTS, _STATISTICS, _LARGE_OBJECTS, _PUBLICATIONS, _COMMENTS,
    _LABELS, _DATABASE, _ROLES, *_OTHERS,
)  # fmt: skip
"""Each yields two columns: the object, and its fingerprint."""
