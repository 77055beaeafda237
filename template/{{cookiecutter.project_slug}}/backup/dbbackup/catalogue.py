"""Questions to the system catalogues: every object of a database with its owner, grants and definition.

Each query yields name, owner, acl and definition; objects of extensions and of the system are left out,
because a dump leaves them out too.
"""

from __future__ import annotations


def ours(catalogue: str, oid: str) -> str:
    """Return the condition that an object belongs to no extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalogue}'::regclass"
        f" AND e.objid = {oid} AND e.deptype = 'e')"
    )


USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
USER_CLASS = f"{USER_SCHEMA} AND {ours('pg_class', 'c.oid')}"
FROM_CLASS = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
RELATION = "format('%I.%I', n.nspname, c.relname)"
NO_OWNER = "NULL::text AS owner, NULL::aclitem[] AS acl"

RELATIONS = f"""
SELECT {RELATION} AS name, pg_get_userbyid(c.relowner) AS owner,
  coalesce(c.relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner)) AS acl,
  concat_ws(' ',
    c.relkind, c.relpersistence, c.relreplident,
    CASE WHEN c.relrowsecurity THEN 'row security' END,
    CASE WHEN c.relforcerowsecurity THEN 'forced' END,
    (SELECT string_agg(o, ',' ORDER BY o) FROM unnest(c.reloptions) o),
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    pg_get_expr(c.relpartbound, c.oid),
    (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno)
       FROM pg_inherits i WHERE i.inhrelid = c.oid),
    CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'unpopulated' END,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END) AS definition
{FROM_CLASS} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {USER_CLASS}"""

COLUMNS = f"""
SELECT format('%s.%I', {RELATION}, a.attname) AS name, NULL::text AS owner, a.attacl AS acl,
  concat_ws(' ',
    row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'not null' END,
    nullif(a.attidentity::text, ''), nullif(a.attgenerated::text, ''), a.attstorage,
    nullif(a.attcompression::text, ''),
    (SELECT a.attcollation::regcollation::text FROM pg_type t
       WHERE t.oid = a.atttypid AND t.typcollation <> a.attcollation),
    (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
       WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum),
    array_to_string(a.attoptions, ',')) AS definition
{FROM_CLASS} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {USER_CLASS}"""

SEQUENCES = f"""
SELECT {RELATION} AS name, {NO_OWNER},
  concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
    (SELECT format('%s.%I', d.refobjid::regclass, a.attname) FROM pg_depend d
       JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
       WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
         AND d.refobjsubid > 0)) AS definition
{FROM_CLASS} JOIN pg_sequence s ON s.seqrelid = c.oid WHERE {USER_CLASS}"""

INDEXES = f"""
SELECT format('%I.%I', n.nspname, i.relname) AS name, {NO_OWNER},
  concat_ws(' ', pg_get_indexdef(x.indexrelid), CASE WHEN x.indisclustered THEN 'clustered' END,
    CASE WHEN x.indisreplident THEN 'replica identity' END) AS definition
{FROM_CLASS} JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indisvalid AND {USER_CLASS}"""

# NOT NULL became a constraint with a name of its own in version 18; the columns say it already.
CONSTRAINTS = f"""
SELECT {NO_OWNER},
  format('%s.%I', coalesce(nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text), k.conname)
    AS name,
  pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype NOT IN ('n', 't') AND {USER_SCHEMA}
  AND {ours("pg_class", "k.conrelid")} AND {ours("pg_type", "k.contypid")}"""

TRIGGERS = f"""
SELECT format('%s.%I', {RELATION}, t.tgname) AS name, {NO_OWNER},
  concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid)) AS definition
{FROM_CLASS} JOIN pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal AND {USER_CLASS}"""

RULES = f"""
SELECT format('%s.%I', {RELATION}, r.rulename) AS name, {NO_OWNER},
  concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid)) AS definition
{FROM_CLASS} JOIN pg_rewrite r ON r.ev_class = c.oid WHERE r.rulename <> '_RETURN' AND {USER_CLASS}"""

POLICIES = f"""
SELECT format('%s.%I', {RELATION}, p.polname) AS name, {NO_OWNER},
  concat_ws(' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polcmd, 'to',
    (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END, ',' ORDER BY 1)
       FROM unnest(p.polroles) r),
    'using ' || pg_get_expr(p.polqual, p.polrelid),
    'check ' || pg_get_expr(p.polwithcheck, p.polrelid)) AS definition
{FROM_CLASS} JOIN pg_policy p ON p.polrelid = c.oid WHERE {USER_CLASS}"""

SCHEMAS = f"""
SELECT quote_ident(n.nspname) AS name, pg_get_userbyid(n.nspowner) AS owner,
  coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl, '' AS definition
FROM pg_namespace n WHERE {USER_SCHEMA} AND {ours("pg_namespace", "n.oid")}"""

FUNCTIONS = f"""
SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
  pg_get_userbyid(p.proowner) AS owner, coalesce(p.proacl, acldefault('f', p.proowner)) AS acl,
  CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
    ELSE (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggtranstype::regtype, g.agginitval)
            FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END AS definition
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {USER_SCHEMA} AND {ours("pg_proc", "p.oid")}
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid
                    AND i.deptype = 'i')"""

TYPES = f"""
SELECT t.oid::regtype::text AS name, pg_get_userbyid(t.typowner) AS owner,
  coalesce(t.typacl, acldefault('T', t.typowner)) AS acl,
  concat_ws(' ', t.typtype, CASE WHEN t.typnotnull THEN 'not null' END, t.typdefault,
    CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    (SELECT string_agg(quote_literal(v.enumlabel), ',' ORDER BY v.enumsortorder)
       FROM pg_enum v WHERE v.enumtypid = t.oid),
    (SELECT r.rngsubtype::regtype::text FROM pg_range r WHERE r.rngtypid = t.oid)) AS definition
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE {USER_SCHEMA} AND {ours("pg_type", "t.oid")} AND t.typtype IN ('d', 'e', 'r', 'c', 'b')
  AND (c.oid IS NULL OR c.relkind = 'c') AND t.typelem = 0"""

STATISTICS = f"""
SELECT format('%I.%I', n.nspname, s.stxname) AS name, pg_get_userbyid(s.stxowner) AS owner,
  NULL::aclitem[] AS acl, pg_get_statisticsobjdef(s.oid) AS definition
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE {USER_SCHEMA} AND {ours("pg_statistic_ext", "s.oid")}"""

DEFAULT_GRANTS = """
SELECT concat_ws(' ', pg_get_userbyid(d.defaclrole), d.defaclobjtype, n.nspname) AS name,
  pg_get_userbyid(d.defaclrole) AS owner, d.defaclacl AS acl, '' AS definition
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace"""

EXTENSIONS = f"""
SELECT e.extname::text AS name, {NO_OWNER},
  CASE WHEN e.extrelocatable THEN e.extnamespace::regnamespace::text ELSE '' END AS definition
FROM pg_extension e"""

LARGE_OBJECTS = """
SELECT l.oid::text AS name, pg_get_userbyid(l.lomowner) AS owner,
  coalesce(l.lomacl, acldefault('L', l.lomowner)) AS acl, '' AS definition
FROM pg_largeobject_metadata l"""

COMMENTS = f"""
SELECT i.type || ' ' || i.identity AS name, {NO_OWNER}, d.description AS definition
FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE d.objoid >= 16384 AND i.identity IS NOT NULL AND d.classoid <> 'pg_extension'::regclass
  AND NOT EXISTS (SELECT FROM pg_depend e
                    WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')"""

# Kinds that are rare here: that they exist is compared, what they consist of is not.
RARE = ("pg_cast", "pg_collation", "pg_conversion", "pg_event_trigger", "pg_foreign_data_wrapper",
        "pg_foreign_server", "pg_language", "pg_opclass", "pg_operator", "pg_opfamily", "pg_publication",
        "pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template")  # fmt: skip

OTHERS = " UNION ALL ".join(
    f"SELECT i.type || ' ' || i.identity AS name, {NO_OWNER}, '' AS definition FROM {name} o"
    f" CROSS JOIN LATERAL pg_identify_object('{name}'::regclass, o.oid, 0) i"
    f" WHERE o.oid >= 16384 AND {ours(name, 'o.oid')}"
    for name in RARE
)

QUERIES = {
    "schema": SCHEMAS,
    "extension": EXTENSIONS,
    "type": TYPES,
    "function": FUNCTIONS,
    "relation": RELATIONS,
    "column": COLUMNS,
    "sequence": SEQUENCES,
    "index": INDEXES,
    "constraint": CONSTRAINTS,
    "trigger": TRIGGERS,
    "rule": RULES,
    "policy": POLICIES,
    "statistics": STATISTICS,
    "default grants": DEFAULT_GRANTS,
    "large object": LARGE_OBJECTS,
    "comment": COMMENTS,
    "other": OTHERS,
}
