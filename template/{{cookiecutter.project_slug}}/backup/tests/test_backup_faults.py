"""Whatever goes wrong, a backup ends with its own status, one sentence, and nothing under a final name."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster, binaries
from dbbackup import session
from dbbackup.address import parse
from dbbackup.backup import back_up
from dbbackup.failure import ExitCode, Failure
from tool import Tool, create_database, refused


@pytest.fixture
def database(template: str) -> str:
    """The database that nobody changes: a backup only reads."""
    return template


@pytest.fixture(autouse=True)
def nothing_is_left(tool: Tool) -> Iterator[None]:
    """Check after each test that the folder holds nothing."""
    yield
    assert not tool.folder.is_dir() or not list(tool.folder.iterdir())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("kill -KILL $$", id="before its first byte"),
        pytest.param('"$REAL" "$@" | head -c 20000; kill -KILL $$', id="in the middle"),
        pytest.param('"$REAL" "$@"; kill -KILL $$', id="after its last byte"),
    ],
)
def test_pg_dump_is_killed(tool: Tool, body: str) -> None:
    tool.replace_program("pg_dump", body)

    refused(tool.run("db-backup.sh"), ExitCode.DATABASE, "pg_dump was ended by SIGKILL")


def test_pg_dump_writes_something_else(tool: Tool) -> None:
    tool.replace_program("pg_dump", "echo no archive")

    refused(tool.run("db-backup.sh"), ExitCode.DATABASE, "pg_dump wrote no archive")


def test_the_password_is_wrong(tool: Tool) -> None:
    tool.environment["BACKUP_DATABASE_URL"] = tool.environment["BACKUP_DATABASE_URL"].replace(
        "-password", "-guess"
    )

    refused(
        tool.run("db-backup.sh"),
        ExitCode.CONNECTION,
        'password authentication failed for user "backup"',
    )


def test_the_database_does_not_exist(tool: Tool) -> None:
    tool.environment["BACKUP_DATABASE_URL"] += "x"

    refused(tool.run("db-backup.sh"), ExitCode.CONNECTION, "does not exist")


def test_nothing_listens_there(tool: Tool) -> None:
    tool.environment["BACKUP_DATABASE_URL"] = "postgresql://backup:x@127.0.0.1:1/sample"

    refused(tool.run("db-backup.sh"), ExitCode.CONNECTION, "cannot reach backup@127.0.0.1:1/sample")


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        pytest.param("app", "row level security hides rows from app", id="row security applies"),
        pytest.param("migrator", "row level security hides rows from migrator", id="owner of forced tables"),
        pytest.param("postgres", "postgres is a superuser", id="superuser"),
    ],
)
def test_another_role_than_backup(tool: Tool, role: str, sentence: str) -> None:
    tool.environment["BACKUP_DATABASE_URL"] = tool.server.url(role, tool.database)

    refused(tool.run("db-backup.sh"), ExitCode.ROLE, sentence)


def test_the_role_may_not_read_every_table(tool: Tool) -> None:
    tool.server.sql("REVOKE pg_read_all_data FROM backup")
    try:
        done = tool.run("db-backup.sh")
    finally:
        tool.server.sql("GRANT pg_read_all_data TO backup")

    refused(done, ExitCode.ROLE, "GRANT pg_read_all_data TO backup")


def test_a_large_object_may_not_be_read(tool: Tool) -> None:
    tool.server.sql("SELECT lo_create(70003)", tool.database, "migrator")
    try:
        done = tool.run("db-backup.sh")
    finally:
        tool.server.sql("SELECT lo_unlink(70003)", tool.database, "migrator")

    refused(done, ExitCode.ROLE, "GRANT SELECT ON LARGE OBJECT 70003 TO backup")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_script_is_told_to_stop(tool: Tool, number: signal.Signals) -> None:
    tool.replace_program("pg_dump", "wait_here")
    process = tool.start_and_wait("db-backup.sh")

    os.kill(process.pid, number)

    stdout, stderr = process.communicate(timeout=30)
    done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    assert done.returncode == 128 + number, stderr
    assert not list(tool.folder.iterdir())


@pytest.mark.parametrize("behind_a_script", [False, True])
def test_the_disk_is_full(tool: Tool, behind_a_script: bool) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the same way."""
    if behind_a_script:
        tool.replace_program("pg_dump", '"$REAL" "$@"; head -c 1000000 /dev/zero')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        process = tool.start("db-backup.sh")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    stdout, stderr = process.communicate(timeout=30)

    done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    refused(done, ExitCode.STORAGE, "cannot write to")


def test_the_folder_cannot_be_made(tool: Tool) -> None:
    tool.folder.write_text("a file is in the way")

    done = tool.run("db-backup.sh")

    assert done.returncode == ExitCode.STORAGE
    assert "check BACKUP_DIR" in done.stderr


def test_the_server_dies(own_cluster: Cluster, tmp_path: Path) -> None:
    tool = Tool(own_cluster, create_database(own_cluster, "sample"), tmp_path / "backups", tmp_path)
    tool.replace_program("pg_dump", f'touch "{tool.waiting}"; sleep 1; exec "$REAL" "$@"')
    process = tool.start_and_wait("db-backup.sh")

    own_cluster.stop(signal.SIGQUIT)

    stdout, stderr = process.communicate(timeout=30)
    done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    refused(done, ExitCode.DATABASE, "")


def test_pg_dump_is_older_than_the_server(tool: Tool) -> None:
    tool.environment["PATH"] = f"{binaries(16)}{os.pathsep}{os.environ['PATH']}"

    refused(tool.run("db-backup.sh"), ExitCode.CLIENT, "put pg_dump 18 or newer first on PATH")


def test_pg_dump_is_missing(tool: Tool) -> None:
    folder = tool.scratch / "programs"
    folder.mkdir()
    for name in ("sh", "dirname"):
        (folder / name).symlink_to(shutil.which(name) or name)
    tool.environment["PATH"] = str(folder)

    refused(tool.run("db-backup.sh"), ExitCode.CLIENT, "pg_dump is not on PATH")


@pytest.mark.parametrize("name", ["BACKUP_DATABASE_URL", "BACKUP_DIR"])
def test_a_variable_is_not_set(tool: Tool, name: str) -> None:
    del tool.environment[name]

    refused(tool.run("db-backup.sh"), ExitCode.USAGE, f"{name} is not set")


def test_a_table_stays_locked(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a migration holds a table, the backup gives up in bounded time."""
    monkeypatch.setitem(session.ALWAYS, "lock_timeout", "200ms")
    monkeypatch.setenv("PATH", tool.environment["PATH"])

    async def back_up_beside_a_migration() -> None:
        async with tool.server.session("migrator", tool.database) as migration:
            await migration.execute("BEGIN; ALTER TABLE twins ADD COLUMN more text")
            await back_up(parse("BACKUP_DATABASE_URL", tool.environment), tool.folder)

    with pytest.raises(Failure, match="another session keeps a table locked"):
        asyncio.run(back_up_beside_a_migration())
    assert not list(tool.folder.iterdir())
