"""What a render holds, as checks see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.project import File


@dataclass(frozen=True)
class Rendered:
    """The files of one project, and which known features are off in it."""

    files: Mapping[str, File]
    off: tuple[Feature, ...]
