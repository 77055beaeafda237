"""Judgements of earlier runs, by what was judged and by what: a file of the cache that may be lost."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_saas_validate.findings import Finding, Row
from pytest_saas_validate.judging import Judged
from pytest_saas_validate.process.cache import KEPT_SECONDS

_WAIT_SECONDS = 5.0
_AT_ONCE = 500  # keys in one question
_TABLE = "CREATE TABLE IF NOT EXISTS judged (key TEXT PRIMARY KEY, value TEXT NOT NULL, made REAL NOT NULL)"


class Judgements:
    """Reads all that is known under some keys at once, and writes what is new at once.

    Only complete judgements are in it. A file that cannot be read or written costs time and nothing else:
    `say` is told, and everything is judged anew.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda text: None) -> None:
        self._file = folder / "judged.sqlite3"
        self._say = say

    def read(self, keys: Sequence[str]) -> dict[str, Judged]:
        """What is known under these keys."""
        found: dict[str, Judged] = {}
        if self._file.exists():
            self._use(lambda db: found.update(_read(db, keys)))
        return found

    def write(self, new: Mapping[str, Judged]) -> None:
        """Keep these; all of them or none. What is two weeks old is forgotten."""
        if new:
            self._use(lambda db: _write(db, new))

    def _use(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._file, timeout=_WAIT_SECONDS)) as db, db:
                db.execute(_TABLE)
                work(db)
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as problem:
            self._say(f"{self._file} is not used: {problem}")
            # A full disk or a lock passes; a file that is none stays so.
            if not isinstance(problem, sqlite3.OperationalError | OSError):
                self._file.unlink(missing_ok=True)


def _read(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Judged]:
    found: dict[str, Judged] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = db.execute(f"SELECT key, value FROM judged WHERE key IN ({marks})", some)
        found.update((key, _judged(json.loads(value))) for key, value in rows)
    return found


def _write(db: sqlite3.Connection, new: Mapping[str, Judged]) -> None:
    now = time.time()
    rows = [(key, json.dumps(dataclasses.asdict(judged)), now) for key, judged in new.items()]
    db.executemany("INSERT OR REPLACE INTO judged VALUES (?, ?, ?)", rows)
    db.execute("DELETE FROM judged WHERE made < ?", (now - KEPT_SECONDS,))


def _judged(data: dict[str, Any]) -> Judged:
    return Judged(
        findings=tuple(Finding(**finding) for finding in data["findings"]),
        unreached=tuple(data["unreached"]),
        rows=tuple(Row(**row) for row in data["rows"]),
    )
