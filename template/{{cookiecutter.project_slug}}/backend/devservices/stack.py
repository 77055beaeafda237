"""The three services together, described by one folder."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.error import URLError

from devservices import valkey
from devservices.identity import Identity, load_key
from devservices.postgres import Cluster, free_port, programs

BACKEND = Path(__file__).resolve().parent.parent
PROJECT = BACKEND.parent
DATABASE = "app"
AUDIENCE = "{{ cookiecutter.project_slug }}-api"
PAGE = "http://localhost:5173"  # of `npm run dev`
SECRETS = ("postgres", "migrator", "app", "backup", "cache")


def password() -> str:
    """Return a password that needs no quoting anywhere."""
    return secrets.token_hex(16)


@dataclass
class State:
    """What has to be known to find the services again."""

    cluster: str = ""  # folder of the database while it is up
    database_port: int = 0
    cache_port: int = 0
    issuer_port: int = 0
    passwords: dict[str, str] = field(default_factory=lambda: {name: password() for name in SECRETS})


class Stack:
    """The services of one folder; every method may be called again and does only what is missing."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.durable = durable
        self._file = self.folder / "state.json"
        self.state = State(**json.loads(self._file.read_text())) if self._file.exists() else State()

    def up(self) -> None:
        """Start what does not run, create roles and database, write `env`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # the database's user passes through; the files are for their owner only
        self._save()
        self._start_database()
        self._start_cache()
        self._start_issuer()
        self._save()
        self._write(self.folder / "env", self.shell_lines())

    def down(self) -> None:
        """Stop what runs; the data stay in the folder."""
        if self.state.cluster:
            if self.cluster.running():
                self.cluster.stop()
            self.cluster.come_home(self._home)
            self.state.cluster = ""
            self._save()
        if self.state.cache_port:
            valkey.stop(self.state.cache_port, self.state.passwords["cache"])
        if self._issuer_answers():
            token = self.identity.token("00000000-0000-0000-0000-000000000000")
            request = urllib.request.Request(
                f"{self.issuer}/stop", method="POST", headers={"Authorization": f"Bearer {token}"}
            )
            urllib.request.urlopen(request, timeout=5).close()

    def delete(self) -> None:
        """Stop the services and remove everything they kept."""
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _home(self) -> Path:
        return self.folder / "postgres"

    @property
    def cluster(self) -> Cluster:
        """The database server."""
        return Cluster(Path(self.state.cluster), self.state.passwords["postgres"])

    @property
    def issuer(self) -> str:
        """The identity provider's address, which is also its name."""
        return f"http://127.0.0.1:{self.state.issuer_port}"

    @property
    def identity(self) -> Identity:
        """The identity provider's power to sign."""
        return Identity(self.issuer, AUDIENCE, load_key(self.folder / "issuer.json"))

    def database_url(self, role: str, scheme: str = "postgresql+asyncpg") -> str:
        """Return the address of the database for one of the roles."""
        secret = self.state.passwords[role]
        return f"{scheme}://{role}:{secret}@127.0.0.1:{self.state.database_port}/{DATABASE}"

    def environment(self) -> dict[str, str]:
        """Return every variable that the project reads, for these services."""
        return {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.database_url("app"),
            "MIGRATION_DATABASE_URL": self.database_url("migrator"),
            "REDIS_URL": f"redis://:{self.state.passwords['cache']}@127.0.0.1:{self.state.cache_port}/0",
            "OIDC_ISSUER": self.issuer,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS_URL": f"{self.issuer}/.well-known/jwks.json",
            "OIDC_ALGORITHMS": "RS256",
            "CORS_ORIGINS": PAGE,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "LOG_LEVEL": "INFO",
            "RELEASE": "development",
{%- if cookiecutter.include_sentry == 'yes' %}
            "SENTRY_DSN": "",  # what breaks while one works on it is nobody else's business
            "SENTRY_TRACES_SAMPLE_RATE": "0",
{%- endif %}
            "BACKUP_DATABASE_URL": self.database_url("backup", "postgresql"),
            "RESTORE_DATABASE_URL": self.database_url("migrator", "postgresql"),
            "BACKUP_DIR": str(PROJECT / "backups"),
        }

    def shell_lines(self) -> str:
        """Return the environment for a shell to read; pg_dump, pg_restore and psql come onto its PATH."""
        lines = [f"{name}={shlex.quote(value)}" for name, value in self.environment().items()]
        lines.append(f'PATH={shlex.quote(str(programs()))}:"$PATH"')
        return "\n".join(lines) + "\n"

    def _start_database(self) -> None:
        state = self.state
        if not state.cluster or not self.cluster.data.exists():
            state.cluster = str(Cluster.leave_home(self._home, state.passwords["postgres"]).folder)
            self._save()
        if not self.cluster.running():
            state.database_port = free_port()
            self.cluster.start(state.database_port, durable=self.durable)
        variables = {f"{role}_password": state.passwords[role] for role in ("migrator", "app", "backup")}
        script = PROJECT / "postgres" / "roles.sql"
        self.cluster.script(script, state.database_port, {"database": DATABASE, **variables})

    def _start_cache(self) -> None:
        secret = self.state.passwords["cache"]
        if not self.state.cache_port or not valkey.running(self.state.cache_port, secret):
            self.state.cache_port = free_port()
            valkey.start(self.folder / "valkey", self.state.cache_port, secret)

    def _start_issuer(self) -> None:
        if self._issuer_answers():
            return
        self.state.issuer_port = free_port()
        key, log = self.folder / "issuer.json", self.folder / "issuer.log"
        arguments = (str(key), str(self.state.issuer_port), str(log))
        command = [sys.executable, "-m", "devservices.issuer", *arguments]
        done = subprocess.run(command, cwd=BACKEND, stdin=subprocess.DEVNULL, check=False, timeout=30)
        if done.returncode != 0:
            raise RuntimeError("the identity provider of the development services does not start")

    def _issuer_answers(self) -> bool:
        if not self.state.issuer_port:
            return False
        try:
            with urllib.request.urlopen(f"{self.issuer}/.well-known/jwks.json", timeout=2) as response:
                document = json.load(response)
        except (URLError, OSError, ValueError):
            return False
        return bool(document == {"keys": [self.identity.key.as_dict(private=False)]})

    def _save(self) -> None:
        self._write(self._file, json.dumps(asdict(self.state), indent=2))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)
