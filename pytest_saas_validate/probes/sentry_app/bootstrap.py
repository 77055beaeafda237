"""Runs modules that came as text like files of the present folder, so that their frames are in-app."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

PACKAGE = "saas_canaries"


class Held(importlib.abc.MetaPathFinder, importlib.abc.ExecutionLoader):
    """Finds and loads the modules of one package from a mapping of names to texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = {f"{PACKAGE}.{name}" if name else PACKAGE: text for name, text in texts.items()}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module that is held."""
        if fullname not in self.texts:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=self.get_filename(fullname))
        spec.has_location = True
        spec.submodule_search_locations = [] if fullname == PACKAGE else None
        return spec

    def get_filename(self, fullname: str) -> str:
        """Where the module would lie."""
        return str(Path.cwd() / f"{fullname.replace('.', '/')}.py")

    def get_source(self, fullname: str) -> str:
        """The text, also for the source lines of a report."""
        return self.texts[fullname]


def run(texts: Mapping[str, str]) -> None:
    """Make the modules importable and run the main one."""
    sys.meta_path.insert(0, Held({"": "", **texts}))
    importlib.import_module(f"{PACKAGE}.runs").main()
