"""Whatever goes wrong, a restore ends with a status of its own, and the database is the one that it was."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from cluster import Cluster
from dbbackup import manifest, restore, swap
from dbbackup.address import parse
from dbbackup.failure import ExitCode, Failure
from dbbackup.manifest import Manifest
from tool import Tool, create_database, end_group, refused, untouched


@pytest.fixture(scope="module")
def sheet(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The manifest of the sample, of which every test has a copy."""
    folder = tmp_path_factory.mktemp("sheet")
    return manifest.load(Tool(cluster, template, folder / "backups", folder).backup())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("kill -KILL $$", id="at once"),
        pytest.param('head -c 50000 | "$REAL" "$@"; kill -KILL $$', id="in the middle"),
        pytest.param('"$REAL" "$@"; kill -KILL $$', id="at the end"),
    ],
)
def test_pg_restore_is_killed(tool: Tool, dump: Path, body: str) -> None:
    tool.replace_program("pg_restore", body)

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.DATABASE, "pg_restore was ended by SIGKILL")


def test_pg_restore_restores_too_little_and_says_that_all_went_well(tool: Tool, dump: Path) -> None:
    psql = tool.server.programs / "psql"
    tool.replace_program("pg_restore", f'"$REAL" "$@" && exec "{psql}" -X -q -c "DELETE FROM exotic"')

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.DIFFERENT, "table public.exotic: expected 2 rows, found 0")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DELETE FROM exotic WHERE id = 1", "table public.exotic: expected 2 rows, found 1"),
        ("UPDATE twins SET word = 'else'", "table public.twins: 3 rows as expected, but not the same ones"),
        ("UPDATE exotic SET ratio = 0.3", "table public.exotic: 2 rows"),
        ("ALTER TABLE todos NO FORCE ROW LEVEL SECURITY", "relation public.todos: expected"),
        ("ALTER TABLE todos DISABLE ROW LEVEL SECURITY", "relation public.todos: expected"),
        ("DROP POLICY tenant ON todos", "policy public.todos.tenant: missing"),
        ("ALTER POLICY tenant ON todos USING (true)", "policy public.todos.tenant: expected"),
        ("GRANT DELETE ON twins TO backup", "relation public.twins: expected grants"),
        (
            "REVOKE UPDATE (state) ON {odd}.{odd_table} FROM backup",
            "column {odd}.{odd_table}.state: expected grants",
        ),
        ("ALTER TABLE twins ALTER word SET DEFAULT 'x'", "column public.twins.word: expected"),
        ("DROP INDEX todos_by_tenant", "index public.todos_by_tenant: missing"),
        ("DROP RULE keep ON twins", "rule public.twins.keep: missing"),
        ("ALTER TABLE child DROP CONSTRAINT note_length", "constraint public.child.note_length: missing"),
        ("DROP TRIGGER stamp ON child", "trigger public.child.stamp: missing"),
        ("CREATE OR REPLACE PROCEDURE tidy() LANGUAGE sql AS ''", "function public.tidy"),
        ("ALTER TYPE {odd}.mood ADD VALUE 'new'", "type {odd}.mood: expected"),
        ("ALTER DOMAIN positive DROP NOT NULL", "type public.positive: expected"),
        (
            "CREATE OR REPLACE VIEW guarded AS SELECT id, title FROM todos",
            "relation public.guarded: expected",
        ),
        ("REFRESH MATERIALIZED VIEW summary WITH NO DATA", "relation public.summary: expected"),
        ("SELECT setval('countdown', 1)", "sequence public.countdown: expected 94 to 94, found at"),
        ("ALTER SEQUENCE countdown CACHE 9", "sequence public.countdown: expected"),
        ("COMMENT ON TABLE twins IS NULL", "comment table public.twins: missing"),
        ("DROP STATISTICS child_statistics", "statistics public.child_statistics: missing"),
        ("DROP COLLATION bytewise", "other collation public.bytewise: missing"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE migrator REVOKE INSERT ON TABLES FROM app",
            "default grants migrator r",
        ),
        ("SELECT lo_unlink(70001)", "large object 70001: missing"),
        ("SELECT lo_put(70001, 0, 'x')", "large objects: expected"),
        ("CREATE TABLE extra ()", "relation public.extra: unexpected"),
    ],
)
def test_every_difference_from_the_manifest_is_found(
    sheet: Manifest, tool: Tool, change: str, sentence: str
) -> None:
    quoted = {"odd": '"Odd ""schema"', "odd_table": '"Odd.table"'}
    tool.server.sql(change.format_map(quoted), tool.database, "migrator")

    with pytest.raises(Failure, match=re.escape(sentence.format_map(quoted))) as failure:
        asyncio.run(restore.compare(sheet, parse("BACKUP_DATABASE_URL", tool.environment)))
    assert failure.value.code == ExitCode.DIFFERENT


def test_a_copy_is_no_difference(sheet: Manifest, tool: Tool) -> None:
    asyncio.run(restore.compare(sheet, parse("BACKUP_DATABASE_URL", tool.environment)))


def test_the_script_is_killed(tool: Tool, dump: Path) -> None:
    before = tool.oid(), tool.plain_dump()
    tool.replace_program("pg_restore", '"$REAL" "$@"; wait_here')

    end_group(tool.start_and_wait("db-restore.sh", dump))

    assert (tool.oid(), tool.plain_dump()) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_script_is_told_to_stop(tool: Tool, dump: Path, number: signal.Signals) -> None:
    tool.replace_program("pg_restore", "wait_here")

    with untouched(tool):
        process = tool.start_and_wait("db-restore.sh", dump)
        os.kill(process.pid, number)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 128 + number, stderr


def test_the_server_crashes_and_comes_back(own_cluster: Cluster, tmp_path: Path) -> None:
    tool = Tool(own_cluster, create_database(own_cluster, "sample"), tmp_path / "backups", tmp_path)
    dump = tool.backup()
    # A crash by itself empties an unlogged table, and makes sequences skip values since the last checkpoint.
    own_cluster.sql("DROP TABLE cache; INSERT INTO parent VALUES (11)", "sample", "migrator")
    own_cluster.sql("CHECKPOINT")
    whole = tmp_path / "whole"
    halves = f'(head -c 30000 "{whole}"; touch "{tool.waiting}"; sleep 2; tail -c +30001 "{whole}")'
    tool.replace_program("pg_restore", f'cat > "{whole}"; {halves} | "$REAL" "$@"')

    with untouched(tool):
        process = tool.start_and_wait("db-restore.sh", dump)
        own_cluster.stop(signal.SIGQUIT)
        own_cluster.start()
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == ExitCode.DATABASE, stderr
        assert "Traceback" not in stderr


def test_a_session_cannot_be_ended(tool: Tool, dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrator may not end a superuser's session: the restore gives up and names it."""
    monkeypatch.setattr(swap, "ATTEMPTS", 1)
    monkeypatch.setenv("PATH", tool.environment["PATH"])
    target, reader = (parse(f"{name}_DATABASE_URL", tool.environment) for name in ("RESTORE", "BACKUP"))

    async def restore_beside_a_superuser() -> None:
        async with tool.server.session("postgres", tool.database):
            await restore.restore(dump, target, reader)

    with untouched(tool), pytest.raises(Failure, match=r"sessions stay on .*postgres \(pid") as failure:
        asyncio.run(restore_beside_a_superuser())
    assert failure.value.code == ExitCode.SWAP


def test_nothing_is_renamed_unless_both_are(tool: Tool) -> None:
    with untouched(tool):

        async def swap_with_nothing() -> None:
            async with tool.server.session("migrator", "postgres") as connection:
                await swap.rename(connection, tool.database, "no such scratch", "aside")

        with pytest.raises(Exception, match="no such scratch"):
            asyncio.run(swap_with_nothing())


@pytest.mark.parametrize(
    ("take", "give", "sentence"),
    [
        ("ALTER ROLE migrator NOCREATEDB", "ALTER ROLE migrator CREATEDB", "ALTER ROLE migrator CREATEDB"),
        (
            "REVOKE pg_signal_backend FROM migrator",
            "GRANT pg_signal_backend TO migrator",
            "GRANT pg_signal_backend",
        ),
        ("ALTER ROLE migrator SUPERUSER", "ALTER ROLE migrator NOSUPERUSER", "migrator is a superuser"),
    ],
)
def test_the_role_is_unfit(tool: Tool, dump: Path, take: str, give: str, sentence: str) -> None:
    with untouched(tool):
        tool.server.sql(take)
        try:
            done = tool.restore(dump)
        finally:
            tool.server.sql(give)
        refused(done, ExitCode.ROLE, sentence)


def test_the_database_belongs_to_someone_else(tool: Tool, dump: Path) -> None:
    tool.server.sql(f'ALTER DATABASE "{tool.database}" OWNER TO postgres')

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.ROLE, "belongs to postgres, not to migrator")


def test_a_role_in_the_backup_does_not_exist(tool: Tool) -> None:
    tool.server.sql("CREATE ROLE passing")
    tool.server.sql("GRANT SELECT ON twins TO passing", tool.database, "migrator")
    dump = tool.backup()
    tool.server.sql("DROP OWNED BY passing", tool.database)
    tool.server.sql("DROP ROLE passing")

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.ROLE, "role passing does not exist")


def test_an_extension_needs_a_superuser(tool: Tool) -> None:
    tool.server.sql("CREATE EXTENSION vector", tool.database)
    dump = tool.backup()

    with untouched(tool):
        refused(
            tool.restore(dump),
            ExitCode.ROLE,
            "extension vector is not installed on this server or not trusted",
        )


def test_a_role_has_settings_in_the_database(tool: Tool, dump: Path) -> None:
    tool.server.sql(f"ALTER ROLE app IN DATABASE \"{tool.database}\" SET work_mem = '8MB'")

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.ROLE, "role app has settings of its own")


def test_the_password_of_the_reader_is_wrong(tool: Tool, dump: Path) -> None:
    tool.environment["BACKUP_DATABASE_URL"] = tool.environment["BACKUP_DATABASE_URL"].replace(
        "-password", "-guess"
    )

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.CONNECTION, "password authentication failed")
