"""What a run has outside of its own memory: one line per thing, on the disk before the thing exists."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.process.disturbed import is_full
from pytest_saas_validate.process.once import locked

GONE = ".gone"  # behind the name of a run's folder while it is being removed
# What a line of each kind tells; one that was damaged and lacks some of it is no line.
_TOLD: Mapping[str, Mapping[str, type]] = {
    "process": {"name": str, "signal": int, "pid": int, "birth": str},
    "worker": {"pid": int, "birth": str},
    "folder": {"path": str},
    "kept": {"since": float},
    "docker": {"label": str, "value": str, "network": str, "environment": dict},
    "namespace": {"kubeconfig": str, "context": str, "name": str, "run": str, "environment": dict},
    "node-image": {"nodes": list, "image": str, "environment": dict},
}


@dataclass(frozen=True)
class Ledger:
    """A file of JSON lines that many processes append to. Lines with one `id` tell the life of one thing."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run that it belongs to."""
        return self.path.parent.name.removesuffix(GONE)

    def plan(self, kind: str, **facts: Any) -> str:
        """Announce a thing of a kind ("process", "folder"); returns the id of its line."""
        entry = os.urandom(6).hex()
        self._append({"id": entry, "kind": kind, **facts})
        return entry

    def add(self, entry: str, **facts: Any) -> None:
        """More about a thing, as soon as it is known."""
        self._append({"id": entry, **facts})

    def release(self, entry: str) -> None:
        """The thing is gone, or is not the run's any more; nothing when the run itself is.

        Not noted on a full disk: whoever reaps looks whether the thing is there anyway.
        """
        try:
            self._append({"id": entry, "released": True})
        except FileNotFoundError:
            pass
        except OSError as problem:
            if not is_full(problem):
                raise

    def open_entries(self) -> list[Mapping[str, Any]]:
        """Things that were announced and not released, oldest first."""
        entries: dict[str, dict[str, Any]] = {}
        for line in self._lines():
            entries.setdefault(line["id"], {}).update(line)
        return [entry for entry in entries.values() if "kind" in entry and not entry.get("released")]

    def left(self, kind: str) -> list[Mapping[str, Any]]:
        """Open entries of a kind that tell all that has to be known to remove the thing."""
        told = _TOLD.get(kind, {})
        return [
            entry
            for entry in self.open_entries()
            if entry["kind"] == kind and all(isinstance(entry.get(name), of) for name, of in told.items())
        ]

    def _append(self, line: Mapping[str, Any]) -> None:
        # No O_CREAT: after the run's folder was removed, nothing may begin that nobody would end. The lock
        # keeps a line whole, also behind one that a killed writer left half.
        with locked(self.path.with_suffix(".lock")):
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            try:
                text = json.dumps(line) + "\n"
                if not self._ends_whole(handle):
                    text = "\n" + text
                rest = text.encode()
                while rest:  # a disk that is nearly full takes a part, and refuses the next one
                    rest = rest[os.write(handle, rest) :]
                os.fsync(handle)
            finally:
                os.close(handle)

    @staticmethod
    def _ends_whole(handle: int) -> bool:
        size = os.fstat(handle).st_size
        return size == 0 or os.pread(handle, 1, size - 1) == b"\n"

    def _lines(self) -> list[dict[str, Any]]:
        found = []
        for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):  # cut by the death of its writer, before the thing existed
                continue
            if isinstance(line, dict) and isinstance(line.get("id"), str):
                found.append(line)
        return found
