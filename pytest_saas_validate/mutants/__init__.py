"""Planted defects: each says which checks must turn red, and none edits evidence.

A mutant is planted in a template, in a rendered project, or in a running stack. Wherever possible it is
generic: it wraps what the project says of itself instead of naming one template's files.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import Stack
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.spec import Spec


class NotPlantable(Exception):
    """This project has no place for the defect; says what was looked for."""


@dataclass
class Edit:
    """A project being changed. Nothing is written to the project it came from."""

    project: Project
    files: dict[str, File] = field(init=False)
    spec: Spec = field(init=False)

    def __post_init__(self) -> None:
        self.files = dict(self.project.files)
        self.spec = self.project.spec

    def text(self, path: str) -> str:
        """The text of a file; raises NotPlantable when it is not there."""
        file = self.files.get(path)
        if file is None or file.text is None:
            raise NotPlantable(f"no text file {path}")
        return file.text

    def write(self, path: str, text: str, *, executable: bool | None = None) -> None:
        """Make a file, or give it another content; its mode stays unless said."""
        mode = self.files[path].executable if path in self.files and executable is None else bool(executable)
        self.files[path] = File(text.encode(), mode)

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace the first occurrence; raises NotPlantable when there is none."""
        text = self.text(path)
        if old not in text:
            raise NotPlantable(f"{path} does not hold {old!r}")
        self.write(path, text.replace(old, new, 1))

    def there(self, fits: Callable[[str, File], bool], path: str, text: str) -> str:
        """The first file that fits; where there is none, a new one with a text."""
        name = next((name for name, file in self.files.items() if fits(name, file)), "")
        if not name:
            self.write(path, text)
        return name or path

    def remove(self, path: str) -> None:
        """Remove a file, or everything below a folder; raises NotPlantable when there is nothing."""
        gone = [name for name in self.files if name == path or name.startswith(path.rstrip("/") + "/")]
        if not gone:
            raise NotPlantable(f"nothing at {path}")
        for name in gone:
            del self.files[name]

    def done(self, root: Path) -> Project:
        """The changed project, written below `root`."""
        for name, file in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            path.chmod(0o755 if file.executable else 0o644)
        files = dict(sorted(self.files.items()))
        changed = self.spec if self.spec != self.project.spec else None
        return Project(root=root, combo=self.project.combo, files=files, given=changed)

    def respec(self, **parts: object) -> None:
        """Replace parts of what the project says of itself."""
        self.spec = replace(self.spec, **parts)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One planted defect. Exactly one of the three places is given.

    `fires`: checks that must find it. `also`: checks, or whole families, that may. Any other new finding is a
    false alarm.
    `needs` and `absent` choose the combination that it is planted in: the fullest that fits, or the barest.
    """

    id: str
    title: str
    fires: frozenset[str]
    also: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    bare: bool = False  # shows where switches are off
    on: str = (
        ""  # what an engine must have ("containers") for it to be planted; empty: processes, or no engine
    )
    in_template: Callable[[Path], None] | None = None  # changes a copy of the template, in place
    in_project: Callable[[Edit], None] | None = None
    in_stack: Callable[[Stack, Project], None] | None = None  # after boot, before any probe

    @property
    def live(self) -> bool:
        """Whether killing it takes a running stack (as far as its place tells)."""
        return self.in_stack is not None

    @property
    def families(self) -> frozenset[str]:
        """The families that it speaks of."""
        return frozenset(check.rstrip("0123456789") for check in self.fires | self.also)

    def explains(self, check: str) -> bool:
        """Whether a new finding of a check comes from this defect."""
        return not {check, check.rstrip("0123456789")}.isdisjoint(self.fires | self.also)

    def home(self, combos: Iterable[Combo]) -> Combo | None:
        """The combination with the most features that it fits, or with the fewest; None when it fits none."""
        fitting = [c for c in combos if self.needs <= c.features and not self.absent & c.features]
        order = sorted(fitting, key=lambda combo: (len(combo.features), combo.id), reverse=not self.bare)
        return order[0] if order else None


def mutant(
    id: str,
    title: str,
    *,
    fires: str | Iterable[str],
    also: Iterable[str] = (),
    needs: Iterable[str] = (),
    absent: Iterable[str] = (),
    bare: bool = False,
    on: str = "",
    at: str,
) -> Callable[[Callable[..., None]], Mutant]:
    """Turn a function that plants a defect `at` "template", "project" or "stack" into a `Mutant`."""
    names = frozenset((fires,) if isinstance(fires, str) else fires)

    def decorate(plant: Callable[..., None]) -> Mutant:
        place: Mapping[str, Callable[..., None]] = {f"in_{at}": plant}
        return Mutant(
            id=id,
            title=title,
            fires=names,
            also=frozenset(also),
            needs=frozenset(needs),
            absent=frozenset(absent),
            bare=bare,
            on=on,
            **place,
        )

    return decorate


@cache
def mutants() -> tuple[Mutant, ...]:
    """All planted defects, by id."""
    found: dict[str, Mutant] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Mutant):
                found[value.id] = value
    return tuple(found[id_] for id_ in sorted(found))
