"""The development services start by one command and can be found again."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.config import Settings
from devservices import account
from devservices.__main__ import main
from devservices.postgres import Cluster, free_port
from devservices.stack import Stack


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that the database's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="devservices-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_second_start_finds_everything_running(stack: Stack) -> None:
    before = (stack.folder / "env").read_text()
    again = Stack(stack.folder, durable=False)
    again.up()

    assert (stack.folder / "env").read_text() == before
    assert again.state == stack.state


def test_the_written_environment_is_whole(stack: Stack) -> None:
    """A shell reads it, and the service accepts it."""
    command = "set -a; . ./env; env; command -v pg_dump"
    done = subprocess.run(["sh", "-c", command], cwd=stack.folder, capture_output=True, text=True, check=True)
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}

    assert {field.upper() for field in Settings.model_fields} <= names
    assert {"MIGRATION_DATABASE_URL", "BACKUP_DATABASE_URL", "RESTORE_DATABASE_URL", "BACKUP_DIR"} <= names
    assert done.stdout.splitlines()[-1].endswith("/pg_dump")


def test_secrets_are_for_their_owner_only(stack: Stack) -> None:
    for name in ("env", "state.json", "issuer.json"):
        assert (stack.folder / name).stat().st_mode & 0o077 == 0


def test_the_issuer_publishes_the_public_half_only(stack: Stack) -> None:
    (key,) = httpx.get(f"{stack.issuer}/.well-known/jwks.json").json()["keys"]

    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_token_can_be_had_on_the_command_line(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(stack.folder), "token"]) == 0

    assert capsys.readouterr().out.count(".") == 2


def test_the_environment_is_printed_as_written(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(stack.folder), "env"]) == 0

    assert capsys.readouterr().out == (stack.folder / "env").read_text()


def test_services_stop_keep_the_data_and_leave_nothing_when_told(scratch: Path) -> None:
    stack = Stack(scratch, durable=False)
    stack.up()
    first = stack.cluster
    stack.down()
    assert not first.running()
    assert (scratch / "postgres" / "data").exists()

    stack.up()
    assert stack.cluster.running()

    stack.delete()
    assert not scratch.exists()


def test_a_database_that_cannot_be_reached_lives_elsewhere_while_it_is_up(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root in a folder that is closed to others: nothing stays behind when the services stop."""
    elsewhere = Path(tempfile.mkdtemp(prefix="elsewhere-"))
    elsewhere.chmod(0o711)
    reach = account.can_reach
    monkeypatch.setattr(account, "can_reach", lambda path: reach(path) and scratch not in path.parents)
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    cluster = Cluster.leave_home(scratch / "postgres", "secret")
    assert cluster.folder.parent == elsewhere

    cluster.come_home(scratch / "postgres")
    again = Cluster.leave_home(scratch / "postgres", "secret")
    again.start(free_port(), durable=False)
    again.stop()
    again.come_home(scratch / "postgres")

    assert list(elsewhere.iterdir()) == []
    assert (scratch / "postgres" / "data").exists()
    elsewhere.rmdir()
