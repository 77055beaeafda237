"""Answers -> Project, by the real cookiecutter."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_saas_validate.bake.memo import Memo
from pytest_saas_validate.bake.origins import Origins
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.process import Killed, is_full, no_room, run, tells_full, temporary_files
from pytest_saas_validate.project import Project, read_files

_HOOK_SECONDS = 60.0


class BakeError(Exception):
    """A template did not render; the message carries cookiecutter's words and the hook's output."""


@dataclass(frozen=True, kw_only=True)
class Oven:
    """Bakes one template; `home` takes cookiecutter's own files, so that no user's configuration leaks in."""

    template: Path
    home: Path
    hooks: bool = True
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

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
        self._refuse_unknown(answers)
        into.mkdir(parents=True, exist_ok=True)
        config = self._config()
        output: list[str] = []
        origins = Origins()
        with (
            origins.watched(),
            self.memo.active(lambda script, cwd: _run_hook(script, cwd, output)),
            temporary_files(),  # cookiecutter leaves hooks there, with every answer
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
            except Killed:
                raise
            except (Exception, SystemExit) as problem:
                if is_full(problem) or tells_full("".join(output)):
                    raise no_room(problem) from problem
                raise BakeError(_explain(self.template, combo, problem, output)) from problem
        root = Path(folder)
        files = read_files(root)
        return Project(root=root, combo=combo, files=files, origins=origins.of(root, files, self.template))

    def _refuse_unknown(self, answers: Mapping[str, str]) -> None:
        known = json.loads((self.template / "cookiecutter.json").read_text(encoding="utf-8"))
        unknown = sorted(set(answers) - set(known))
        if unknown:
            source = self.template / "cookiecutter.json"
            raise BakeError(f"{source}: no variable {unknown[0]!r}; there are {', '.join(known)}")

    def _config(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True)
        config = self.home / "cookiecutter.yaml"
        text = (
            f"cookiecutters_dir: {self.home / 'templates'}\n"
            f"replay_dir: {self.home / 'replay'}\n"
            "default_context: {}\n"
        )
        if not config.is_file():
            config.write_text(text, encoding="utf-8")
        return config


def _run_hook(script: str, cwd: str, output: list[str]) -> None:
    """What cookiecutter does to run a hook, with its output kept and a time limit."""
    from cookiecutter.exceptions import FailedHookException
    from cookiecutter.utils import make_executable

    make_executable(script)
    argv = [sys.executable, script] if script.endswith(".py") else [script]
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir()}
    result = run(argv, cwd=Path(cwd), env=environment, timeout=_HOOK_SECONDS)
    output.append(result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace"))
    if result.killed:
        raise Killed(f"a hook was ended from outside: {result.explain()}")
    if not result.ok:
        raise FailedHookException(f"{Path(script).name}: exit code {result.code}")


def _explain(template: Path, combo: Combo, problem: BaseException, output: list[str]) -> str:
    said = "".join(output).strip()
    words = f"{template}: combination {combo.id} does not render: {type(problem).__name__}: {problem}"
    return scrub(f"{words}\n{said}" if said else words)
