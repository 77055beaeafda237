"""What the drill puts into the database: objects of every kind before the backup, and changes after it."""

from __future__ import annotations

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.probes import psql
from pytest_saas_validate.spec import Database

BULK = "saas_validate_bulk"
LATE = "saas_validate_late"
ROWS = 4000
_SCHEMA = '"Saas Validate"'
# Things that a careless dump or restore loses: a sequence that has moved, rights, comments, bytes, nulls,
# definitions beside the tables, another schema, what is switched off, and values at the edge of their type.
_OBJECTS = f"""
CREATE SCHEMA {_SCHEMA} AUTHORIZATION {{migrator}};
SET ROLE {{migrator}};
GRANT USAGE ON SCHEMA {_SCHEMA} TO {{app}};
CREATE TYPE {BULK}_state AS ENUM ('new', 'old');
CREATE TYPE {BULK}_pair AS (one integer, other text);
CREATE DOMAIN {BULK}_short AS text CHECK (length(VALUE) < 400);
CREATE COLLATION {BULK}_bytes FROM "C";
REVOKE USAGE ON TYPE {BULK}_state FROM public; GRANT USAGE ON TYPE {BULK}_state TO {{app}};
CREATE TABLE {BULK} (id bigserial PRIMARY KEY, body text DEFAULT 'none', raw bytea, at timestamptz,
  part numeric CHECK (part >= 0), state {BULK}_state NOT NULL DEFAULT 'new',
  twice numeric GENERATED ALWAYS AS (part * 2) STORED, short {BULK}_short COLLATE {BULK}_bytes);
INSERT INTO {BULK} (body, raw, at, part)
  SELECT md5(i::text) || ' ''quoted'' \\ é ' || md5((i * 7)::text), decode(md5(i::text), 'hex'),
         timestamptz '2024-02-29 12:00+00' + i * interval '1 minute',
         CASE WHEN i % 10 = 0 THEN NULL ELSE i / 7.0 END
    FROM generate_series(1, {ROWS}) AS i;
CREATE INDEX {BULK}_body ON {BULK} (body) WHERE part IS NOT NULL;
CREATE UNIQUE INDEX {BULK}_lower ON {BULK} (lower(body) DESC, id);
ALTER TABLE {BULK} CLUSTER ON {BULK}_lower;
ALTER TABLE {BULK} REPLICA IDENTITY FULL;
ALTER TABLE {BULK} SET (fillfactor = 90, autovacuum_enabled = off);
ALTER TABLE {BULK} ALTER body SET STATISTICS 17, ALTER raw SET STORAGE EXTERNAL,
  ALTER raw SET COMPRESSION pglz;
CREATE STATISTICS {BULK}_statistics (ndistinct) ON at, state FROM {BULK};
CREATE VIEW {BULK}_view WITH (security_barrier) AS SELECT id, body FROM {BULK} WHERE part IS NOT NULL;
CREATE MATERIALIZED VIEW {BULK}_summary AS SELECT state, count(*) AS rows FROM {BULK} GROUP BY state;
CREATE FUNCTION {BULK}_function() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = ''
  AS 'SELECT 1';
CREATE FUNCTION {BULK}_function(given integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION {BULK}_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE {BULK}_procedure() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE {BULK}_total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
REVOKE EXECUTE ON FUNCTION {BULK}_function() FROM public;
CREATE TRIGGER {BULK}_on BEFORE UPDATE ON {BULK} FOR EACH ROW EXECUTE FUNCTION {BULK}_trigger();
CREATE TRIGGER {BULK}_off BEFORE UPDATE ON {BULK} FOR EACH ROW EXECUTE FUNCTION {BULK}_trigger();
ALTER TABLE {BULK} DISABLE TRIGGER {BULK}_off;
CREATE TABLE {_SCHEMA}."Child" (id integer GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 3) PRIMARY KEY,
  bulk bigint REFERENCES {BULK} ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, "Secret" text);
INSERT INTO {_SCHEMA}."Child" (bulk, "Secret") VALUES (1, 'first'), (1, 'first'), (NULL, NULL);
ALTER TABLE {_SCHEMA}."Child" ADD CONSTRAINT later CHECK ("Secret" <> 'first') NOT VALID;
ALTER TABLE {_SCHEMA}."Child" ENABLE ROW LEVEL SECURITY;
CREATE POLICY {BULK}_restrictive ON {_SCHEMA}."Child" AS RESTRICTIVE FOR UPDATE TO {{app}}
  USING (bulk > 0) WITH CHECK (bulk > 1);
GRANT SELECT (id), UPDATE ("Secret") ON {_SCHEMA}."Child" TO {{app}};
CREATE RULE {BULK}_rule AS ON DELETE TO {_SCHEMA}."Child" WHERE OLD.id = 7 DO INSTEAD NOTHING;
CREATE TABLE {BULK}_parts (day date, value integer) PARTITION BY RANGE (day);
CREATE TABLE {BULK}_part PARTITION OF {BULK}_parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE {BULK}_rest PARTITION OF {BULK}_parts DEFAULT;
INSERT INTO {BULK}_parts VALUES ('2024-05-05', 1), ('2024-05-05', 1), ('infinity', NULL);
CREATE UNLOGGED TABLE {BULK}_unlogged (a integer); INSERT INTO {BULK}_unlogged VALUES (1);
CREATE TABLE {BULK}_heir () INHERITS ({BULK}_unlogged); INSERT INTO {BULK}_heir VALUES (2);
CREATE TABLE {BULK}_edges (n numeric, d double precision, t text, j jsonb, o json, a text[], i interval,
  s timestamp, u uuid, r int4range, b bit varying, raw bytea, pair {BULK}_pair, gone integer);
ALTER TABLE {BULK}_edges DROP COLUMN gone;
INSERT INTO {BULK}_edges VALUES
  ('NaN', '-0', E'\\\\N', '{{{{"a": null}}}}', '{{{{"b" :1,"b":2}}}}', ARRAY['', NULL, 'a,"b'],
   '1 mon -1 day', '-infinity', '00000000-0000-0000-0000-000000000000', 'empty', B'0101', '', ROW(1, NULL)),
  (1e-30, 'Infinity', E'\\\\.', 'null', 'null', '{{{{}}}}', '-0.000001 s',
   '0044-03-15 BC', NULL, '[1,)', B'', NULL, NULL),
  (12345678901234567890.10, 1e-310, E'a\\tb\\r\\nc \\u2028', '1.0', '[]', NULL, NULL,
   '2024-02-29 23:59:59.999999', NULL, NULL, NULL, decode(repeat('00ff5c0a', 30000), 'hex'), NULL),
  (NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (0, 0, repeat('a long text ', 20000), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE SEQUENCE {BULK}_countdown AS smallint INCREMENT -2 MAXVALUE 100 MINVALUE 1 START 99 CYCLE CACHE 3;
SELECT setval('{BULK}_countdown', 51, false);
SELECT lo_from_bytea(0, '\\x00ff00') AS large \\gset
GRANT SELECT ON LARGE OBJECT :large TO {{backup}};
COMMENT ON LARGE OBJECT :large IS 'bytes';
DO $$ BEGIN CREATE PUBLICATION {BULK}_publication FOR TABLE {BULK} WITH (publish = 'insert');
  EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
CREATE TEXT SEARCH CONFIGURATION {BULK}_words (COPY = simple);
COMMENT ON SCHEMA {_SCHEMA} IS 'spaces and capitals';
COMMENT ON TABLE {BULK} IS 'it''s "quoted"';
COMMENT ON COLUMN {BULK}.body IS 'é';
COMMENT ON INDEX {BULK}_body IS 'index';
COMMENT ON FUNCTION {BULK}_function() IS 'one';
COMMENT ON CONSTRAINT {BULK}_pkey ON {BULK} IS 'key';
COMMENT ON TYPE {BULK}_state IS 'states';
GRANT SELECT ON {BULK}, {BULK}_view TO {{app}};
GRANT UPDATE ON {BULK} TO {{app}} WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA {_SCHEMA} GRANT SELECT ON TABLES TO {{app}};
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM public;
RESET ROLE;
COMMENT ON DATABASE {{database}} IS 'what the drill works on';
ALTER DATABASE {{database}} SET work_mem = '5MB';
ALTER DATABASE {{database}} CONNECTION LIMIT 90;
"""
# None of it hangs on an older object, so that nothing but an empty target gets rid of it ...
_NEWER = f"""
CREATE SCHEMA {LATE} AUTHORIZATION {{migrator}};
SET ROLE {{migrator}};
CREATE TABLE {LATE}_table (id serial, body text); INSERT INTO {LATE}_table (body) VALUES ('late');
CREATE TABLE {LATE}.inner_table ();
CREATE VIEW {LATE}_view AS SELECT 1 AS one;
CREATE FUNCTION {LATE}_function() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE {LATE}_type AS ENUM ('late');
CREATE SEQUENCE {LATE}_sequence;
SELECT lo_from_bytea(0, '\\x01') AS large \\gset
GRANT SELECT ON LARGE OBJECT :large TO {{backup}};
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO {{app}};
"""
# ... and older ones that have become others: rows, columns, rights, comments; some are gone.
_CHANGED = f"""
ALTER TABLE {BULK} ADD COLUMN later integer DEFAULT 1;
CREATE INDEX {LATE}_index ON {BULK} (later);
CREATE POLICY {LATE}_policy ON {BULK} USING (true);
CREATE TRIGGER {LATE}_trigger BEFORE INSERT ON {BULK} FOR EACH ROW EXECUTE FUNCTION {BULK}_trigger();
UPDATE {BULK} SET body = 'later' WHERE id = 2; DELETE FROM {BULK} WHERE id = 3;
INSERT INTO {BULK} (body) VALUES ('late');
UPDATE {BULK}_unlogged SET a = a + 10;
SELECT setval('{BULK}_countdown', 9);
GRANT DELETE ON {BULK} TO {{app}};
REVOKE SELECT ON {BULK} FROM {{app}};
ALTER TYPE {BULK}_state ADD VALUE 'later';
CREATE OR REPLACE FUNCTION {BULK}_function(given integer) RETURNS integer LANGUAGE sql IMMUTABLE
  AS 'SELECT 2';
COMMENT ON TABLE {BULK} IS 'later'; COMMENT ON COLUMN {BULK}.body IS NULL;
DROP VIEW {BULK}_view; DROP RULE {BULK}_rule ON {_SCHEMA}."Child";
"""
_EXTENSION = """
SELECT DISTINCT v.name, v.name IN ('citext', 'hstore', 'pg_trgm') AS usual
  FROM pg_available_extension_versions v JOIN pg_available_extensions e USING (name)
 WHERE v.trusted AND v.version = e.default_version AND e.installed_version IS NULL AND v.requires IS NULL
   AND v.name IN ('citext', 'hstore', 'pg_trgm', 'uuid-ossp', 'btree_gin', 'intarray', 'ltree', 'seg')
 ORDER BY usual DESC, v.name LIMIT 1
"""


def fill(stack: Stack, database: Database) -> tuple[str, ...]:
    """Make objects of every kind as the role that owns them; returns the kinds that this server has not."""
    psql.execute(stack, _OBJECTS.format(**_names(stack, database)))
    found = psql.rows(stack, _EXTENSION)
    if not found:
        return ("an extension: the server offers none that is trusted and not installed",)
    psql.execute(
        stack, f"SET ROLE {psql.name(database.migrator)}; CREATE EXTENSION {psql.name(found[0]['name'])};"
    )
    return ()


def change(stack: Stack, database: Database) -> None:
    """Change the database in every way that a restore has to undo."""
    psql.execute(stack, (_NEWER + _CHANGED).format(**_names(stack, database)))


def _names(stack: Stack, database: Database) -> dict[str, str]:
    return {
        "migrator": psql.name(database.migrator),
        "app": psql.name(database.app),
        "backup": psql.name(database.backup),
        "database": psql.name(stack.facts["database"]),
    }
