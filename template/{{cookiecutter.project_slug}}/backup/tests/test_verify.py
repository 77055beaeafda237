"""A backup can be checked without being used."""

from __future__ import annotations

from dbbackup import manifest
from dbbackup.failure import ExitCode
from tool import Tool


def test_verify_restores_into_a_scratch_database(tool: Tool) -> None:
    dump = tool.backup()
    before, oid = tool.server.databases(), tool.oid()

    done = tool.verify("--restore", dump)

    assert done.returncode == ExitCode.DONE, done.stderr
    assert tool.server.databases() == before
    assert tool.oid() == oid


def test_verify_alone_needs_no_server(tool: Tool) -> None:
    dump = tool.backup()
    for name in ("BACKUP_DATABASE_URL", "RESTORE_DATABASE_URL"):
        del tool.environment[name]

    assert tool.verify(dump).returncode == ExitCode.DONE

    manifest.beside(dump).unlink()
    assert tool.verify(dump).returncode == ExitCode.DAMAGED
