"""Which switches of a template are said to decide what files there are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pytest_saas_validate.combos import Feature, Option
from pytest_saas_validate.evidence.render import Shape
from pytest_saas_validate.evidence.render_words import Words
from pytest_saas_validate.probes import Renders
from pytest_saas_validate.project import File, read_files

REMOVES = re.compile(r"\brmtree\b|\bunlink\(|\bos\.remove\(|\brm -|\brmdir\(|\bremovedirs\(|\bremove\(")


@dataclass(frozen=True)
class Promises:
    """Read off the template's file names, its hooks (those that lie beside it too), and paths of renders."""

    renders: Renders
    sources: Mapping[str, File]

    def of(self, option: Option, on: Shape) -> bool:
        """Whether a switch is named where files are chosen, or a path of a render with it bears its words."""
        named = re.compile(rf"\b{re.escape(option.name)}\b")
        if any(named.search(text) for text in self._hooks) and not self.renders.hooks:
            return False  # what would decide it was not run
        if any(named.search(text) for text in (*self.sources, *self._hooks)):
            return True
        feature = option.feature or ""
        words = Words(self.renders.features.get(feature) or Feature(feature, feature, (feature,)))
        return bool(feature) and any(words.find(path) for path in on.digests)

    @cached_property
    def _hooks(self) -> tuple[str, ...]:
        beside = self.renders.template.parent / "hooks"
        hooks = [file.text or "" for name, file in self.sources.items() if name.startswith("hooks/")]
        hooks += [file.text or "" for file in read_files(beside).values()] if beside.is_dir() else []
        return tuple(text for text in hooks if REMOVES.search(text))
