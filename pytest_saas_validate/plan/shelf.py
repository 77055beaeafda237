"""Evidence of earlier runs that took a program to gather, by what decides it: a folder that may be lost."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.evidence import Found, Gathered
from pytest_saas_validate.plan.edition import edition
from pytest_saas_validate.process.cache import KEPT_SECONDS
from pytest_saas_validate.process.once import forget_old, write_atomically


@dataclass(frozen=True)
class Shelf:
    """Holds complete evidence only, and only of what nobody edits while it is read: renders of a run's own.

    What cannot be read or written costs time and nothing else.
    """

    folder: Path

    def knows(self, key: str) -> bool:
        """Whether an earlier run of this user gathered it."""
        try:
            facts = self._place(key).stat()
        except OSError:  # not there, or in a folder of another user
            return False
        return stat.S_ISREG(facts.st_mode) and _is_ours(facts)

    def outcome(self, key: str, make: Callable[[], Gathered[Any]]) -> Gathered[Any]:
        """What is known under a key; else what is made now, kept for two weeks when it is complete."""
        known = self._read(key)
        made = known or make()
        if known is None and isinstance(made, Found):
            self._keep(key, made)
        return made

    def _read(self, key: str) -> Found[Any] | None:
        if not self.knows(key):
            return None
        try:
            with self._place(key).open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):  # replaced since
                    return None
                found = pickle.load(file)
        except Exception:  # what a pickle names may be gone, and raise anything
            return None
        return found if isinstance(found, Found) else None

    def _keep(self, key: str, found: Found[Any]) -> None:
        with contextlib.suppress(OSError):
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True, mode=0o700)
            forget_old(self.folder, KEPT_SECONDS)
            write_atomically(self._place(key), pickle.dumps(found))

    def _place(self, key: str) -> Path:
        """Apart for each edition: other code may gather other things under the same key."""
        return self.folder / f"{hashlib.sha256(f'{edition()} {key}'.encode()).hexdigest()}.pickle"


def _is_ours(facts: os.stat_result) -> bool:
    """A pickle is executed: that of another user is not read."""
    return facts.st_uid == os.geteuid()
