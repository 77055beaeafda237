"""Things that are dear to make and never change: kept below the cache under the digest of what made them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.process.once import locked
from pytest_saas_validate.process.workspace import Workspace

KEPT_SECONDS = 14 * 24 * 3600.0  # of what nobody used meanwhile


@dataclass(frozen=True)
class Cache:
    """Folders of one kind ("environments"). An entry is a link to a folder that never moves."""

    workspace: Workspace
    kind: str
    lasting: bool = False

    @property
    def folder(self) -> Path:
        """Where all entries of this kind lie."""
        return self.workspace.root / self.kind

    def get(self, key: str, build: Callable[[Path], None]) -> Path:
        """The folder under this key; built in its final place by the first process that asks, others wait.

        `build` gets an empty folder. When it raises, or its process dies, nothing stays under the key.
        Entries that nobody used for two weeks are removed when a new one is made, unless they are `lasting`.
        """
        link = self.folder / key
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        if not link.exists():
            with locked(self.workspace.root / "locks" / f"{self.kind}-{key}.lock"):
                if not link.exists():
                    self._publish(link, build)
                    if not self.lasting:
                        self._forget_old()
        os.utime(link)
        return link.resolve()

    def forget(self, key: str) -> None:
        """Remove what is under this key; nothing when there is nothing."""
        link = self.folder / key
        folder = link.resolve()
        link.unlink(missing_ok=True)
        if folder != link:
            shutil.rmtree(folder, ignore_errors=True)

    def _publish(self, link: Path, build: Callable[[Path], None]) -> None:
        folder = self.folder / f"{link.name}.{os.urandom(4).hex()}"
        ledger = self.workspace.ledger
        entry = ledger.plan("folder", path=str(folder), unless_linked=str(link))
        folder.mkdir()
        folder.chmod(0o711)
        try:
            build(folder)
            unfinished = folder / ".link"  # below the folder, so that it goes with it
            unfinished.symlink_to(folder.name)
            unfinished.replace(link)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            ledger.release(entry)

    def _forget_old(self) -> None:
        oldest = time.time() - KEPT_SECONDS
        for link in sorted(self.folder.iterdir()):
            if link.is_symlink() and link.exists() and link.stat().st_mtime < oldest:
                self.forget(link.name)
