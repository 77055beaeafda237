"""The folders of one stack: its own, and what has to lie elsewhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pytest_saas_validate.process import Workspace, memory

_LONGEST_SOCKET = 85  # bytes without the socket's own name; a path ends at 103 on macOS, at 107 on Linux


@dataclass
class Folders:
    """`root` lies in the folder of the run; the others are in the ledger before they exist."""

    workspace: Workspace
    root: Path
    _outside: dict[Path, str] = field(default_factory=dict)

    def new(self, name: str) -> Path:
        """A folder of the stack; made when missing."""
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    def for_data(self) -> Path:
        """A path for a cluster: in memory where there is room, which makes a copy four times cheaper."""
        base = memory()
        return self._elsewhere(base) if base else self.root / "data"

    def for_socket(self) -> Path:
        """A path for a folder of sockets that is short enough for one."""
        path = self.root / "s"
        short = len(os.fsencode(path)) <= _LONGEST_SOCKET
        return path if short else self._elsewhere(Path(tempfile.gettempdir()))

    def remove(self) -> None:
        """Remove all of them."""
        for path, entry in self._outside.items():
            shutil.rmtree(path, ignore_errors=True)
            self.workspace.ledger.release(entry)
        shutil.rmtree(self.root, ignore_errors=True)

    def _elsewhere(self, base: Path) -> Path:
        path = base / f"saas-{self.workspace.run_id}-{os.urandom(3).hex()}"
        self._outside[path] = self.workspace.ledger.plan("folder", path=str(path))
        return path
