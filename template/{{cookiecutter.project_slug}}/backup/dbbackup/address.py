"""Where a database is and who connects to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from dbbackup.failure import ExitCode, Failure

TLS_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
}
# Inherited, these would send a child to another server or change what it reads there.
FOREIGN_VARIABLES = ("PGHOSTADDR", "PGOPTIONS", "PGSERVICE", "PGSERVICEFILE", "PGREQUIREAUTH", "PGDATABASE")


@dataclass(frozen=True)
class Address:
    """A parsed connection URL; its password never appears in a representation, a log line or an argument."""

    host: str
    port: int
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    tls: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def at(self, database: str) -> Address:
        """Return the same server and role with another database."""
        return replace(self, database=database)

    def tls_url(self) -> str:
        """Return a URL that carries the TLS parameters and nothing else."""
        return f"postgresql:///?{urlencode(self.tls)}"

    def child_environment(self) -> dict[str, str]:
        """Return the environment of a client program: ours, without anyone's URLs, with this address."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in FOREIGN_VARIABLES and not name.endswith("DATABASE_URL")
        }
        environment |= {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.database,
            "PGAPPNAME": "dbbackup",
            "PGCONNECT_TIMEOUT": "30",
            "LC_ALL": "C",
        }
        if self.password is not None:
            environment["PGPASSWORD"] = self.password
        return environment | {TLS_VARIABLES[name]: value for name, value in self.tls}


def parse(variable: str, environment: Mapping[str, str]) -> Address:
    """Read the address in an environment variable; without a password, PGPASSFILE or ~/.pgpass serves.

    Raises Failure (USAGE) that names the variable and never shows its value.
    """
    example = f"set {variable}=postgresql://ROLE:PASSWORD@HOST:5432/DATABASE"
    url = environment.get(variable, "")
    if not url:
        raise Failure(ExitCode.USAGE, f"{variable} is not set", example)
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise Failure(ExitCode.USAGE, f"{variable} is not a URL", example) from None
    host = options.pop("host", None) or parts.hostname
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgresql", "postgres") or not (host and parts.username and database):
        raise Failure(ExitCode.USAGE, f"{variable} lacks its scheme, role, host or database", example)
    unknown = sorted(set(options) - set(TLS_VARIABLES))
    if unknown:
        known = ", ".join(["host", *TLS_VARIABLES])
        raise Failure(
            ExitCode.USAGE, f"{variable} has unknown parameters: {', '.join(unknown)}", f"use only {known}"
        )
    password = None if parts.password is None else unquote(parts.password)
    return Address(host, port, unquote(parts.username), database, password, tuple(sorted(options.items())))
