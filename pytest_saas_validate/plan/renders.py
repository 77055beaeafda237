"""Renders of a template, each baked once in a run, whichever worker asks first."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_saas_validate.bake import BakeError, Oven, Way
from pytest_saas_validate.bake.memo import Memo
from pytest_saas_validate.combos import Combo, Feature, Option
from pytest_saas_validate.process import Workspace, once
from pytest_saas_validate.process.forking import ForkServers
from pytest_saas_validate.project import File, Project, digest_of, read_files
from pytest_saas_validate.settings import Settings

_BLOCK = 4096  # bytes that a file takes more than it has, at most
_MORE = 60  # about, of bakes that probes ask for


@dataclass
class Bakery:
    """Fulfils `probes.Renders` for one template (or a changed copy of it)."""

    settings: Settings
    workspace: Workspace
    template: Path
    memo: Memo = field(default_factory=Memo)
    servers: ForkServers = field(default_factory=ForkServers)

    def __post_init__(self) -> None:
        told = json.dumps(self.settings.answers, sort_keys=True)
        files = _files(self.template)
        self.digest = hashlib.sha256(f"{digest_of(files.items())}{told}".encode()).hexdigest()
        self._oven = Oven(
            template=self.template,
            home=self.workspace.sub("cookiecutter"),
            hooks=self.settings.hooks,
            limits=self.settings.limits,
            memo=self.memo,
            servers=self.servers,
        )
        self._bakes = self.workspace.swift("bakes", _room(files.values(), len(self.settings.combos)))
        self._read: dict[str, Project] = {}
        self._files: dict[File, File] = {}

    @property
    def options(self) -> tuple[Option, ...]:
        """The template's options."""
        return self.settings.options

    @property
    def features(self) -> Mapping[str, Feature]:
        """What the table says of its features."""
        return self.settings.features

    @property
    def combos(self) -> tuple[Combo, ...]:
        """The combinations of this run."""
        return self.settings.combos

    @property
    def hooks(self) -> bool:
        """Whether the template's hooks are run."""
        return self.settings.hooks

    def project(self, combo: Combo) -> Project:
        """The render of a combination; raises BakeError."""
        if combo.id not in self._read:
            name = f"{self.digest[:16]}/{_folder(combo, {})}"
            made = self._baked(self._oven, combo, name)
            # Of equal files one is kept: most are the same in most combinations.
            files = {path: self._files.setdefault(file, file) for path, file in made.files.items()}
            self._read[combo.id] = replace(made, files=files)
        return self._read[combo.id]

    def again(self, combo: Combo, **extra: str) -> Project:
        """A second bake of it, apart from the first; raises BakeError.

        Deep enough that an answer with `../../` still ends in a folder of this template alone.
        """
        return self._baked(self._oven, combo, f"{self.digest[:16]}/again/{_folder(combo, extra)}", extra)

    def anew(self, combo: Combo, **extra: str) -> Project:
        """A second bake like a first, to be compared with one: each hook has an interpreter of its own."""
        name = f"{self.digest[:16]}/again/anew/{_folder(combo, extra)}"
        return self._baked(replace(self._oven, servers=None), combo, name, extra)

    def otherwise(self, combo: Combo, way: Way) -> Project:
        """A bake whose hooks are run another way; raises BakeError."""
        name = f"{self.digest[:16]}/otherwise/{way.name}/{_folder(combo, {})}"
        return self._baked(replace(self._oven, way=way), combo, name)

    def _baked(self, oven: Oven, combo: Combo, name: str, extra: Mapping[str, str] = {}) -> Project:
        """Each once in a run, refusals too; raises BakeError."""
        answers = {**self.settings.answers, **extra}

        def bake() -> Project | BakeError:
            try:
                return oven.bake(combo, self._empty(name), answers)
            except BakeError as refusal:
                return type(refusal)(str(refusal))

        made = once(self.workspace.shared, f"bake-{name}", bake)
        if isinstance(made, BakeError):
            raise made
        return made

    def _empty(self, name: str) -> Path:
        """A folder for a bake: one that was broken off, perhaps with its worker, may have left a half one."""
        folder = self._bakes / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder


def _files(template: Path) -> Mapping[str, File]:
    try:
        return read_files(template)
    except OSError as problem:
        why = f"cannot be read ({problem.strerror}); mend its mode, or move it out of the template"
        raise BakeError(f"{problem.filename}: {why}") from None


def _room(files: Iterable[File], combos: int) -> int:
    """Bytes that all bakes of a run may take, and once more as much for what is laid out for programs."""
    one = sum(_BLOCK + len(file.content) for file in files)
    return 2 * one * (combos + _MORE)


def _folder(combo: Combo, extra: dict[str, str]) -> str:
    """Short and safe: ids of foreign templates can be long and hold anything."""
    answers = json.dumps([combo.mapping, extra], sort_keys=True)
    return hashlib.sha256(answers.encode()).hexdigest()[:12]
