"""What a backup is, and what a reader of the folder can rely on."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from cluster import PASSWORDS, Cluster
from dbbackup import manifest
from dbbackup.failure import ExitCode
from tool import Tool, end_group

CHECKSUM_FLAG = 0b100  # in the frame header's descriptor, the byte after the magic number


@pytest.fixture
def database(template: str) -> str:
    """The database that nobody changes: a backup only reads."""
    return template


def test_prints_the_path_of_a_dump_with_its_manifest(tool: Tool) -> None:
    done = tool.run("db-backup.sh")

    assert done.returncode == ExitCode.DONE, done.stderr
    dump = Path(done.stdout.splitlines()[-1])
    assert dump.parent == tool.folder
    assert sorted(path.name for path in tool.folder.iterdir()) == [dump.name, dump.name + ".manifest.json"]


def test_only_the_owner_may_read_it(tool: Tool) -> None:
    dump = tool.backup()

    assert stat.S_IMODE(tool.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tool.folder.iterdir()} == {0o600}
    assert dump.exists()


def test_the_container_carries_a_checksum(tool: Tool) -> None:
    header = tool.backup().read_bytes()[:5]

    assert header[:4] == b"\x28\xb5\x2f\xfd"
    assert header[4] & CHECKSUM_FLAG


def test_holds_the_rows_of_every_tenant_although_row_security_is_forced(tool: Tool) -> None:
    tables = manifest.load(tool.backup()).contents.tables

    assert tables["public.todos"].count == 100


def test_the_manifest_says_what_must_come_out(tool: Tool) -> None:
    sheet = manifest.load(tool.backup())

    objects = sheet.contents.objects
    assert sheet.server_major == 18
    assert "row security forced" in objects["relation"]["public.todos"].definition
    assert objects["relation"]["public.todos"].owner == "migrator"
    assert "app=SELECT" in objects["relation"]["public.todos"].grants
    assert set(objects["policy"]) == {"public.todos.tenant", "public.todos.no_empty_title"}
    assert set(objects["extension"]) == {"plpgsql"}
    assert sheet.contents.large_objects.count == 2
    assert sheet.contents.tables["public.twins"].count == 3
    assert "public.events" not in sheet.contents.tables, "a partitioned table has no rows of its own"
    assert sheet.contents.sequences["public.exotic_id_seq"].low == 42
    assert "app=CONNECT" in sheet.properties.grants


def test_the_pair_can_be_moved_and_renamed(tool: Tool) -> None:
    dump = tool.backup()
    elsewhere = tool.scratch / "elsewhere.dump"
    manifest.beside(dump).rename(manifest.beside(elsewhere))
    dump.rename(elsewhere)

    assert tool.verify(elsewhere).returncode == ExitCode.DONE


def test_no_secret_is_on_a_command_line_or_in_the_log(tool: Tool) -> None:
    tool.replace_program("pg_dump", f'echo "$@" > "{tool.scratch}/arguments"\nexec "$REAL" "$@"')

    done = tool.run("db-backup.sh")

    arguments = (tool.scratch / "arguments").read_text()
    assert done.returncode == ExitCode.DONE
    assert "--snapshot" in arguments
    assert not [secret for secret in PASSWORDS.values() if secret in arguments + done.stdout + done.stderr]


def test_a_second_run_in_the_same_folder_is_told_so(tool: Tool) -> None:
    tool.replace_program("pg_dump", "wait_here")
    first = tool.start_and_wait("db-backup.sh")
    tool.restore_programs()

    second = tool.run("db-backup.sh")

    end_group(first)
    assert second.returncode == ExitCode.BUSY
    assert "another backup" in second.stderr


def test_a_killed_run_leaves_nothing_but_partial_files_and_the_next_sweeps_them(tool: Tool) -> None:
    whole = tool.scratch / "whole"
    tool.replace_program("pg_dump", f'"$REAL" "$@" > "{whole}"; head -c 20000 "{whole}"; wait_here')
    end_group(tool.start_and_wait("db-backup.sh"))
    assert {path.suffix for path in tool.folder.iterdir()} == {".partial"}
    tool.restore_programs()

    dump = tool.backup()

    assert sorted(path.name for path in tool.folder.iterdir()) == [dump.name, dump.name + ".manifest.json"]


def test_a_publication_that_was_cut_off_before_its_last_rename_is_finished(tool: Tool) -> None:
    first = tool.backup()
    manifest.beside(first).rename(tool.folder / (manifest.beside(first).name + ".partial"))

    second = tool.backup()

    assert {path for path in tool.folder.iterdir() if path.suffix == ".json"} == {
        manifest.beside(first),
        manifest.beside(second),
    }
    assert tool.verify(first).returncode == ExitCode.DONE


def test_a_table_cannot_be_emptied_under_the_snapshot(tool: Tool, cluster: Cluster) -> None:
    """TRUNCATE obeys no snapshot: it has to wait until the dump is done."""
    tool.replace_program("pg_dump", "wait_here")
    process = tool.start_and_wait("db-backup.sh")

    with pytest.raises(Exception, match="lock timeout"):
        cluster.sql("SET lock_timeout = '200ms'; TRUNCATE twins", tool.database, "migrator")

    end_group(process)


def test_the_manifest_is_plain_json(tool: Tool) -> None:
    sheet = json.loads(manifest.beside(tool.backup()).read_bytes())

    assert sheet["format"] == manifest.FORMAT
    assert sheet["contents"]["tables"]["public.twins"]["count"] == 3


def test_an_ordinary_pg_restore_reads_it(tool: Tool) -> None:
    """In an emergency the tool is not needed: zstd and pg_restore are."""
    from dbbackup import archive

    dump, plain = tool.backup(), tool.scratch / "plain"
    with plain.open("wb") as file:
        archive.read(dump, file.write)

    listing = subprocess.run(
        [tool.server.programs / "pg_restore", "--list", plain], capture_output=True, check=True
    )
    assert b"TABLE DATA public todos" in listing.stdout
