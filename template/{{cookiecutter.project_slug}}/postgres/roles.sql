-- Creates the three roles and the database. A superuser runs it once, connected to `postgres`; a second run changes nothing
-- but the passwords:
--   psql -v database=… -v migrator_password=… -v app_password=… -v backup_password=… -f postgres/roles.sql
--
--   migrator  owns the database and every object in it; creates, swaps and drops databases when a backup is restored
--   app       serves requests: reads and writes rows, is subject to every row policy, owns nothing
--   backup    reads every tenant's rows and writes nothing
\set ON_ERROR_STOP on
SET client_min_messages = warning;

SELECT format('CREATE ROLE %I', name)
FROM (VALUES ('migrator'), ('app'), ('backup')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE migrator LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'migrator_password';
ALTER ROLE app LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
ALTER ROLE backup LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION BYPASSRLS PASSWORD :'backup_password';

GRANT pg_signal_backend TO migrator;
GRANT pg_read_all_data TO backup;
ALTER ROLE backup SET default_transaction_read_only = on;

SELECT format('CREATE DATABASE %I OWNER migrator', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec

ALTER DATABASE :"database" OWNER TO migrator;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO app, backup;

\connect :"database"

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT USAGE, SELECT ON SEQUENCES TO app;
