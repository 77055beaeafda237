"""Answers -> Project, by the real cookiecutter."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.bake.bounds import Bounds
from pytest_saas_validate.bake.errors import BakeError, Escape
from pytest_saas_validate.bake.hooks import Runner, Way
from pytest_saas_validate.bake.memo import Memo
from pytest_saas_validate.bake.origins import Origins
from pytest_saas_validate.bake.source import large, refused
from pytest_saas_validate.bake.stumbles import words_of
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process import Killed, is_full, no_room, tells_full, temporary_files
from pytest_saas_validate.process.forking import ForkServers
from pytest_saas_validate.process.once import write_atomically
from pytest_saas_validate.project import Project, read_files
from pytest_saas_validate.spec import Limits

__all__ = ["BakeError", "Escape", "Oven", "Way"]


@dataclass(frozen=True, kw_only=True)
class Oven:
    """Bakes one template; `home` takes cookiecutter's own files, so that no user's configuration leaks in.

    `servers` begin its hooks; without them each has an interpreter of its own.
    """

    template: Path
    home: Path
    hooks: bool = True
    way: Way = field(default_factory=Way)
    limits: Limits = field(default_factory=Limits)
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
    servers: ForkServers | None = field(default=None, compare=False, repr=False)

    def bake(self, combo: Combo, into: Path, extra: Mapping[str, str] | None = None) -> Project:
        """Render one combination below `into` (made when missing); raises BakeError.

        `extra` answers further variables. Names that the template does not have are refused, because
        cookiecutter drops them without a word and the default would be judged instead. A full disk (NoRoom)
        and a hook that somebody ended (Killed) are no refusal of the template's.
        """
        try:
            from cookiecutter.main import cookiecutter
        except ImportError:
            raise BakeError(
                "cookiecutter is not installed; pip install 'pytest-saas-validate[template]'"
            ) from None
        answers = {**combo.mapping, **(extra or {})}
        self._refuse(answers)
        into.mkdir(parents=True, exist_ok=True)
        config = self._config()
        bounds, runner = Bounds(into), Runner(self.limits.hook_seconds, self.way, self.servers)
        origins = Origins(bounds.hold)
        with (
            self.memo.active(),
            origins.watched(),
            temporary_files(),  # cookiecutter leaves hooks there, with every answer
            bounds.kept(),
            runner.watching(self.template, into),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),  # cookiecutter logs a trace for each refusal
        ):
            try:
                folder = cookiecutter(
                    str(self.template),
                    no_input=True,
                    extra_context=answers,
                    output_dir=str(into),
                    config_file=str(config),
                    accept_hooks=self.hooks,
                )
                bounds.settle()
            except Killed:
                raise
            except (Exception, SystemExit) as problem:
                if is_full(problem) or tells_full("".join(runner.output)):
                    raise no_room(problem, into) from problem
                kind = Escape if isinstance(problem, Escape) else BakeError
                words = words_of(problem, origins.folder, runner.name)
                raise kind(self._explain(combo, words, runner.output)) from problem
            hooked = runner.seen(self.template, into, Path(folder))
        root = Path(folder)
        for sentence in large(root, self.limits.file_megabytes):
            raise BakeError(self._explain(combo, f"a hook made {sentence}", []))
        files = read_files(root)
        return Project(
            root=root,
            combo=combo,
            files=files,
            origins=origins.of(root, files, self.template),
            variables=origins.variables,
            hooked=hooked,
        )

    @cached_property
    def _known(self) -> tuple[str, ...]:
        """The template's variables, once it is one that can be baked; raises BakeError."""
        source = self.template / "cookiecutter.json"
        try:
            known = json.loads(source.read_text(encoding="utf-8"))
        except OSError as problem:
            raise BakeError(f"{source}: {problem.strerror}; a template's answers stand there") from None
        except ValueError as problem:
            raise BakeError(f"{source}: not JSON ({problem}); mend the file") from None
        for sentence in refused(self.template, self.limits.file_megabytes):
            raise BakeError(sentence)
        return tuple(known)

    def _refuse(self, answers: Mapping[str, str]) -> None:
        unknown = sorted(set(answers) - set(self._known))
        if unknown:
            source = self.template / "cookiecutter.json"
            raise BakeError(f"{source}: no variable {unknown[0]!r}; there are {', '.join(self._known)}")

    def _config(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True)
        config = self.home / "cookiecutter.yaml"
        text = (
            f"cookiecutters_dir: {self.home / 'templates'}\n"
            f"replay_dir: {self.home / 'replay'}\n"
            "default_context: {}\n"
        )
        if not config.is_file():
            write_atomically(config, text.encode(), durable=False)
        return config

    def _explain(self, combo: Combo, words: str, output: list[str]) -> str:
        said = "".join(output).strip()
        head = f"{self.template}: combination {combo.id} does not render: {words}"
        return scrub(f"{head}\n{said}" if said else head)
