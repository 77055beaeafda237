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

_WAIT_SECONDS = 1.0  # another run writes for some milliseconds
_AT_ONCE = 500  # keys in one question
_TABLE = "CREATE TABLE IF NOT EXISTS judged (key TEXT PRIMARY KEY, value TEXT NOT NULL, made REAL NOT NULL)"
# What another run, the disk or the file's owner may be the cause of: the file itself is whole.
_OF_THE_PLACE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)


class Judgements:
    """Reads all that is known under some keys at once, and writes what is new at once.

    Only complete judgements are in it. A file that cannot be read or written costs time and nothing else:
    `say` is told once, and everything is judged anew. One that is none, or of another shape, is begun anew;
    one that is locked, or of another user, is not asked again.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda text: None) -> None:
        self._file = folder / "judged.sqlite3"
        self._say = say
        self._usable = True

    def read(self, keys: Sequence[str]) -> dict[str, Judged]:
        """What is known under these keys."""
        found: dict[str, Judged] = {}
        self._use(lambda db: found.update(_read(db, keys)), make=False)
        return found

    def write(self, new: Mapping[str, Judged]) -> None:
        """Keep these; all of them or none. What is two weeks old is forgotten."""
        if new:
            self._use(lambda db: _write(db, new), make=True)

    def _use(self, work: Callable[[sqlite3.Connection], None], *, make: bool) -> None:
        """Once more with a new file where the one that is there is broken."""
        for _ in range(2):
            if not self._usable:
                return
            try:
                if make or _is_there(self._file):
                    self._open(work)
                return
            except (sqlite3.Error, OSError, ValueError, TypeError) as problem:
                self._usable = _is_broken(problem) and self._remove()
                how = "begun anew" if self._usable else "not used in this run"
                self._tell(f"{self._file} is {how}: {problem}")

    def _open(self, work: Callable[[sqlite3.Connection], None]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._file, timeout=_WAIT_SECONDS)) as db, db:
            db.execute(_TABLE)
            work(db)

    def _remove(self) -> bool:
        """The file and what SQLite keeps beside it, which would be taken for a part of the next one."""
        try:
            for path in self._file.parent.glob(f"{self._file.name}*"):
                path.unlink(missing_ok=True)
        except OSError:  # another user's
            return False
        return True

    def _tell(self, text: str) -> None:
        say, self._say = self._say, lambda text: None
        say(text)


def _is_there(file: Path) -> bool:
    """Raises PermissionError in a folder of another user, on every Python."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _is_broken(problem: Exception) -> bool:
    """Whether the file is the cause, and stays so."""
    code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # a text that is none has no code
    return isinstance(problem, sqlite3.Error) and code & 0xFF not in _OF_THE_PLACE


def _read(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Judged]:
    found: dict[str, Judged] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = db.execute(f"SELECT key, value FROM judged WHERE key IN ({marks})", some)
        judged = ((key, _judged(value)) for key, value in rows)
        found.update((key, what) for key, what in judged if what is not None)
    return found


def _write(db: sqlite3.Connection, new: Mapping[str, Judged]) -> None:
    now = time.time()
    rows = [(key, json.dumps(dataclasses.asdict(judged)), now) for key, judged in new.items()]
    db.executemany("INSERT OR REPLACE INTO judged VALUES (?, ?, ?)", rows)
    db.execute("DELETE FROM judged WHERE made < ?", (now - KEPT_SECONDS,))


def _judged(value: Any) -> Judged | None:
    """What a row tells; None for one that was not written here."""
    try:
        data = json.loads(value)
        findings = tuple(Finding(**finding) for finding in data["findings"])
        rows = tuple(Row(**row) for row in data["rows"])
        texts = [text for finding in findings for text in vars(finding).values()]
        texts += [text for row in rows for text in (row.name, *row.values, *row.values.values())]
        texts += data["unreached"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    whole = isinstance(data["unreached"], list) and all(isinstance(text, str) for text in texts)
    return Judged(findings=findings, unreached=tuple(data["unreached"]), rows=rows) if whole else None
