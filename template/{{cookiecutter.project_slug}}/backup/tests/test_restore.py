"""A restore brings everything back, for everybody, while the application is connected."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import asyncpg
import pytest

from cluster import Cluster, running_cluster
from dbbackup import manifest, scratch
from dbbackup.failure import ExitCode
from tool import Tool, create_database, end_group

TENANT_A = "00000000-0000-0000-0000-00000000000a"
TENANT_B = "00000000-0000-0000-0000-00000000000b"
SENT_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError)
RUIN = """
DELETE FROM parent; DROP TABLE twins;
DROP POLICY tenant ON todos; ALTER TABLE todos NO FORCE ROW LEVEL SECURITY;
REVOKE ALL ON todos FROM app; CREATE TABLE unexpected (n integer); ALTER TABLE exotic ADD COLUMN newer text;
SELECT setval('exotic_id_seq', 9999), lo_unlink(70001)
"""


def test_brings_every_object_and_every_row_back(tool: Tool) -> None:
    before = tool.plain_dump()
    dump = tool.backup()
    tool.server.sql(RUIN.strip(), tool.database, "migrator")
    assert tool.plain_dump() != before

    done = tool.restore(dump)

    assert done.returncode == ExitCode.DONE, done.stderr
    assert tool.plain_dump() == before


def test_what_belongs_to_the_database_itself_stays(tool: Tool) -> None:
    """pg_dump saves none of it: who may connect, settings, limits, the comment."""
    name = f'"{tool.database}"'
    tool.server.sql(
        f"ALTER DATABASE {name} SET statement_timeout = '7min';"
        f'ALTER DATABASE {name} SET search_path = "$user", public;'
        f"ALTER DATABASE {name} CONNECTION LIMIT 30;"
        f"COMMENT ON DATABASE {name} IS 'it''s ours';"
        f"GRANT TEMPORARY ON DATABASE {name} TO app WITH GRANT OPTION"
    )
    query = (
        "SELECT ARRAY(SELECT acl::text FROM unnest(datacl) acl ORDER BY 1) AS grants,"
        " ARRAY(SELECT unnest(setconfig) ORDER BY 1) AS settings,"
        " datconnlimit, datcollate, pg_get_userbyid(datdba) AS owner,"
        " shobj_description(d.oid, 'pg_database') AS comment"
        " FROM pg_database d LEFT JOIN pg_db_role_setting s ON setdatabase = d.oid"
        f" WHERE datname = '{tool.database}'"
    )
    before = [dict(row) for row in tool.server.sql(query)]
    assert len(before[0]["settings"]) == 2

    assert tool.restore(tool.backup()).returncode == ExitCode.DONE

    assert [dict(row) for row in tool.server.sql(query)] == before


def test_its_locale_stays(tool: Tool) -> None:
    locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
    tool.server.sql(f'CREATE DATABASE "other locale" OWNER migrator TEMPLATE template0 {locale}')
    other = Tool(tool.server, create_database(tool.server, "other locale"), tool.folder, tool.scratch)
    query = "SELECT datlocprovider, datlocale, datcollate FROM pg_database WHERE datname = 'other locale'"
    before = other.server.sql(query)

    done = other.restore(other.backup())

    assert done.returncode == ExitCode.DONE, done.stderr
    assert other.server.sql(query) == before
    tool.server.sql('DROP DATABASE "other locale"')


def test_the_application_stays_within_its_tenant(tool: Tool) -> None:
    assert tool.restore(tool.backup()).returncode == ExitCode.DONE

    async def rows() -> tuple[int, int]:
        async with tool.server.session("app", tool.database) as app:
            without_tenant = await app.fetchval("SELECT count(*) FROM todos")
            await app.execute(f"SET app.tenant_id = '{TENANT_A}'")
            own = await app.fetchval("SELECT count(*) FROM todos")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(f"INSERT INTO todos (tenant_id, title) VALUES ('{TENANT_B}', 'foreign')")
            return without_tenant, own

    assert asyncio.run(rows()) == (0, 40)


def test_the_application_may_be_connected(tool: Tool) -> None:
    """Clients that come back as often as they are sent away neither stop the swap nor see half of it."""
    dump = tool.backup()
    tool.server.sql("DELETE FROM parent", tool.database, "migrator")
    seen: set[int] = set()

    async def client(done: asyncio.Event) -> None:
        while not done.is_set():
            with contextlib.suppress(*SENT_AWAY):
                async with tool.server.session("app", tool.database) as app:
                    while not done.is_set():
                        seen.add(await app.fetchval("SELECT count(*) FROM parent"))

    async def restore_beside_clients() -> tuple[int, str]:
        done = asyncio.Event()
        clients = [asyncio.create_task(client(done)) for _ in range(5)]
        restored = await asyncio.to_thread(tool.restore, dump)
        await asyncio.sleep(0.3)
        done.set()
        await asyncio.gather(*clients)
        return restored.returncode, restored.stderr

    status, log = asyncio.run(restore_beside_clients())

    assert status == ExitCode.DONE, log
    assert seen == {0, 10}


def test_all_tables_are_of_one_moment(tool: Tool, cluster: Cluster) -> None:
    """Money moves between two tables all the time; the sum is right in every backup."""
    cluster.sql(
        "CREATE TABLE giro (n bigint); CREATE TABLE savings (n bigint);"
        "INSERT INTO giro VALUES (1000); INSERT INTO savings VALUES (0); CREATE SEQUENCE transfers",
        tool.database,
        "migrator",
    )

    async def transfer_during(backups: int) -> list[Path]:
        async def transfer() -> None:
            async with cluster.session("app", tool.database) as connection:
                while not done.is_set():
                    await connection.execute(
                        "BEGIN; UPDATE giro SET n = n - 1; SELECT nextval('transfers');"
                        "UPDATE savings SET n = n + 1; COMMIT"
                    )

        done = asyncio.Event()
        writing = asyncio.create_task(transfer())
        dumps = [await asyncio.to_thread(tool.backup) for _ in range(backups)]
        done.set()
        await writing
        return dumps

    for dump in asyncio.run(transfer_during(3)):
        assert manifest.load(dump).contents.sequences["public.transfers"].high > 1
        restored = tool.restore(dump)
        assert restored.returncode == ExitCode.DONE, restored.stderr
        assert (
            cluster.sql("SELECT (SELECT n FROM giro) + (SELECT n FROM savings) AS n", tool.database)[0]["n"]
            == 1000
        )


def test_a_database_that_is_gone_is_made_again(tool: Tool) -> None:
    before = tool.plain_dump()
    dump = tool.backup()
    tool.server.sql(f'DROP DATABASE "{tool.database}"')

    done = tool.restore(dump)

    assert done.returncode == ExitCode.DONE, done.stderr
    assert tool.plain_dump() == before
    assert tool.server.sql("SELECT current_user AS name", tool.database, "app")[0]["name"] == "app"


def test_a_fresh_cluster_needs_only_the_roles(tool: Tool, own_cluster: Cluster, tmp_path: Path) -> None:
    dump = tool.backup()
    before = tool.plain_dump()
    elsewhere = Tool(
        own_cluster, create_database(own_cluster, "other", sample=False), tmp_path / "none", tmp_path
    )

    done = elsewhere.restore(dump)

    assert done.returncode == ExitCode.DONE, done.stderr
    assert elsewhere.plain_dump() == before


def test_an_older_server_version_is_restored_into_a_newer_one_and_not_back(
    tool: Tool, tmp_path: Path
) -> None:
    with running_cluster(16) as older:
        old = Tool(older, create_database(older, "old"), tmp_path / "old", tmp_path)
        dump = old.backup()
        back = old.restore(tool.backup())

    done = tool.restore(dump)

    assert done.returncode == ExitCode.DONE, done.stderr
    assert tool.server.sql("SELECT count(*) AS n FROM todos", tool.database)[0]["n"] == 100
    assert back.returncode == ExitCode.CLIENT
    assert "this server is 16" in back.stderr


def test_leaves_no_other_database(tool: Tool) -> None:
    before = tool.server.databases()

    assert tool.restore(tool.backup()).returncode == ExitCode.DONE

    assert tool.server.databases() == before


def test_drops_what_dead_runs_left(tool: Tool) -> None:
    dump = tool.backup()
    before = tool.server.databases()
    tool.replace_program("pg_restore", "wait_here")
    end_group(tool.start_and_wait("db-restore.sh", dump))
    old = scratch.temporary_name(scratch.OLD, tool.database, scratch.new_token())
    tool.server.sql(f'CREATE DATABASE "{old}" OWNER migrator')
    assert len(tool.server.databases() - before) == 2
    tool.restore_programs()

    assert tool.restore(dump).returncode == ExitCode.DONE

    assert tool.server.databases() == before


def test_a_second_run_on_the_same_database_is_told_so(tool: Tool) -> None:
    dump = tool.backup()
    tool.replace_program("pg_restore", "wait_here")
    first = tool.start_and_wait("db-restore.sh", dump)
    tool.restore_programs()

    second = tool.restore(dump)

    end_group(first, signal.SIGTERM)
    assert second.returncode == ExitCode.BUSY
    assert f"another restore of {tool.database}" in second.stderr
