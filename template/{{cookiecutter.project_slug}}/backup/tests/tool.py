"""The two scripts run as in production, and what a test may do to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster import PASSWORDS, Cluster
from dbbackup.compare import normal
from dbbackup.failure import ExitCode

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 30


def create_database(server: Cluster, name: str, *, sample: bool = True) -> str:
    """Create the documented roles and a database, with the sample in it or empty."""
    create_roles(server, name)
    if sample:
        server.sql((Path(__file__).parent / "sample.sql").read_text(encoding="utf-8"), name, "migrator")
    return name


def copy_database(server: Cluster, template: str, name: str) -> str:
    """Create a database like another one, which is faster than making it anew."""
    server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    create_roles(server, name)
    return name


def create_roles(server: Cluster, database: str) -> None:
    """Run the project's own script, which also creates the database unless it exists."""
    passwords = {f"{role}_password": password for role, password in PASSWORDS.items()}
    variables = [part for key, value in passwords.items() for part in ("-v", f"{key}={value}")]
    server.psql("postgres", "-v", f"database={database}", *variables, "-f", ROOT / "postgres" / "roles.sql")


@dataclass
class Tool:
    """Runs the scripts against one database."""

    server: Cluster
    database: str
    folder: Path
    scratch: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "PATH": f"{self.server.programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "PYTHONDONTWRITEBYTECODE": "1",
            "BACKUP_DATABASE_URL": self.server.url("backup", self.database),
            "RESTORE_DATABASE_URL": self.server.url("migrator", self.database),
            "BACKUP_DIR": str(self.folder),
        } | self.environment

    def run(self, script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        process = self.start(script, *arguments)
        stdout, stderr = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def start(self, script: str, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a script; what it runs becomes its own process group."""
        return subprocess.Popen(
            ["sh", f"scripts/{script}", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def backup(self) -> Path:
        """Write a backup and return its path."""
        done = self.run("db-backup.sh")
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.splitlines()[-1])

    def restore(self, dump: Path) -> subprocess.CompletedProcess[str]:
        """Restore a backup."""
        return self.run("db-restore.sh", dump)

    def verify(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the verify command."""
        environment = self.environment | {"PYTHONPATH": str(ROOT / "backup")}
        command = [sys.executable, "-m", "dbbackup", "verify", *arguments]
        return subprocess.run(
            command, env=environment, text=True, capture_output=True, timeout=120, check=False
        )

    def replace_program(self, name: str, body: str) -> Path:
        """Put a shell script before a client program; it finds the real one in $REAL, and may wait for us."""
        folder = self.scratch / "replaced"
        folder.mkdir(exist_ok=True)
        script = folder / name
        script.write_text(
            "#!/bin/sh\n"
            f'REAL="{self.server.programs / name}"\n'
            f'WAITING="{self.waiting}"\n'
            'wait_here() { touch "$WAITING"; exec sleep 60; }\n'
            '[ "$1" = --version ] && exec "$REAL" --version\n'
            f"{body}\n",
            encoding="utf-8",
        )
        script.chmod(0o755)
        self.environment["PATH"] = (
            f"{folder}{os.pathsep}{self.server.programs}{os.pathsep}{os.environ['PATH']}"
        )
        return script

    @property
    def waiting(self) -> Path:
        """A file that exists once a replaced program has arrived at wait_here."""
        return self.scratch / "waiting"

    def restore_programs(self) -> None:
        """Take the replaced programs away again."""
        self.environment["PATH"] = f"{self.server.programs}{os.pathsep}{os.environ['PATH']}"
        self.waiting.unlink(missing_ok=True)

    def start_and_wait(self, script: str, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a script and return when its replaced program waits."""
        process = self.start(script, *arguments)
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.waiting.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the replaced program was never run"
            time.sleep(0.02)
        return process

    def plain_dump(self) -> list[str]:
        """Return the database as lines of text: schema, grants and rows, as a superuser sees them."""
        url = self.server.url("postgres", self.database)
        done = subprocess.run(
            [self.server.programs / "pg_dump", "--restrict-key=fixed", "--dbname", url],
            text=True,
            capture_output=True,
            check=True,
        )
        return [normal(line) for line in done.stdout.splitlines()]

    def oid(self) -> int:
        """Return what tells a database from another one of the same name."""
        rows = self.server.sql(f"SELECT oid FROM pg_database WHERE datname = '{self.database}'")
        return int(rows[0]["oid"])


def end_group(process: subprocess.Popen[str], how: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a script and to everything that it runs."""
    os.killpg(process.pid, how)
    process.communicate(timeout=WAIT_SECONDS)


def refused(done: subprocess.CompletedProcess[str], code: ExitCode, sentence: str) -> None:
    """Check the status, the one line that says why, and that nothing claims success."""
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@contextmanager
def untouched(tool: Tool) -> Iterator[None]:
    """Check that the target stays the same database with the same content, and that no other one is left."""
    before = tool.oid(), tool.plain_dump(), tool.server.databases()
    yield
    assert (tool.oid(), tool.plain_dump(), tool.server.databases()) == before
