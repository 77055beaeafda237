"""The server around the database: which databases there are, seen from one that no restore touches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.probes import ProbeError, psql

_MAINTENANCE = "postgres"


@dataclass(frozen=True)
class Server:
    """Asked as its superuser."""

    stack: Stack

    def target(self) -> str:
        """The oid of the database that is restored; empty when there is none of that name."""
        name = psql.literal(self.stack.facts["database"])
        return self._ask(f"SELECT oid FROM pg_database WHERE datname = {name};")

    def missing(self) -> bool:
        """Whether there is no database of the target's name."""
        return not self.target()

    def in_two_steps(self, oid: str) -> bool:
        """Whether the database of this oid lost its name in another transaction than its successor got it.

        The server notes at each row who wrote it last.
        """
        name = psql.literal(self.stack.facts["database"])
        query = f"SELECT count(DISTINCT xmin::text) FROM pg_database WHERE oid = {oid} OR datname = {name};"
        return self._ask(query) == "2"

    def bring_back(self, oid: str) -> None:
        """Give the database of this oid its name again."""
        now = self._ask(f"SELECT datname FROM pg_database WHERE oid = {oid};")
        if not now:
            raise ProbeError("a restore left neither the old database nor a new one")
        target = self.stack.facts["database"]
        self._ask(f"ALTER DATABASE {psql.name(now)} RENAME TO {psql.name(target)};")

    @contextmanager
    def undroppable(self) -> Iterator[str]:
        """Hold the target, whatever it is called meanwhile, so that nobody can drop it; yields its oid."""
        self._ask(f"ALTER DATABASE {psql.name(self.stack.facts['database'])} IS_TEMPLATE true;")
        oid = self.target()
        try:
            yield oid
        finally:
            name = self._ask(f"SELECT datname FROM pg_database WHERE oid = {oid};")
            if name:
                self._ask(f"ALTER DATABASE {psql.name(name)} IS_TEMPLATE false;")

    def _ask(self, sql: str) -> str:
        argv = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", _MAINTENANCE)
        ended = self.stack.exec("database", *argv, stdin=sql.encode())
        if not ended.ok:
            raise ProbeError(ended.explain())
        return ended.text.strip()
