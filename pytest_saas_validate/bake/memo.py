"""Cookiecutter without its repeated work: templates compiled once, binary files recognised once.

72 % of a bake is template compilation that is thrown away after each combination. The memo leaves
cookiecutter's own path (prompts, hooks, copy rules, modes) untouched and is exact: the key holds
everything that compilation reads, and where extensions of others take part, which may read anything,
nothing is kept. It is active only inside `memo()`, in this process, one bake at a time.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ONE_AT_A_TIME = threading.RLock()
# Cookiecutter's `simple_filter` makes extensions of anything, in another module.
_PURE = frozenset({"cookiecutter.extensions", "jinja2.ext"})


class Memo:
    """What was compiled and recognised so far; keep one per run."""

    def __init__(self) -> None:
        self._code: dict[tuple[object, ...], Any] = {}
        self._binary: dict[tuple[str, int, int], bool] = {}

    @contextmanager
    def active(self) -> Iterator[None]:
        """Cookiecutter uses the memo; everything is put back afterwards."""
        import cookiecutter.generate as generate
        import jinja2

        with _ONE_AT_A_TIME:
            compile_, binary = jinja2.Environment.compile, generate.is_binary
            jinja2.Environment.compile = self._compiled(compile_)  # type: ignore[method-assign]
            generate.is_binary = self._recognised(binary)
            try:
                yield
            finally:
                jinja2.Environment.compile = compile_  # type: ignore[method-assign]
                generate.is_binary = binary

    def _compiled(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def compile_(
            env: Any,
            source: Any,
            name: str | None = None,
            filename: str | None = None,
            raw: bool = False,
            defer_init: bool = False,
        ) -> Any:
            if raw or not isinstance(source, str) or not _is_pure(env):
                return plain(env, source, name, filename, raw, defer_init)
            key = (source, name, filename, defer_init, *_options(env))
            if key not in self._code:
                self._code[key] = plain(env, source, name, filename, False, defer_init)
            return self._code[key]

        return compile_

    def _recognised(self, plain: Callable[[str], bool]) -> Callable[[str], bool]:
        def is_binary(path: str) -> bool:
            state = Path(path).stat()
            key = (path, state.st_mtime_ns, state.st_size)
            if key not in self._binary:
                self._binary[key] = plain(path)
            return self._binary[key]

        return is_binary


def _is_pure(env: Any) -> bool:
    """Whether compilation asks nothing that may answer otherwise the next time.

    It works out constants, through filters and tests too, and an extension may rewrite the source.
    """
    return all(type(extension).__module__ in _PURE for extension in env.extensions.values())


def _options(env: Any) -> tuple[object, ...]:
    """Everything of an environment that changes what compilation produces."""
    return (
        env.block_start_string,
        env.block_end_string,
        env.variable_start_string,
        env.variable_end_string,
        env.comment_start_string,
        env.comment_end_string,
        env.line_statement_prefix,
        env.line_comment_prefix,
        env.trim_blocks,
        env.lstrip_blocks,
        env.newline_sequence,
        env.keep_trailing_newline,
        env.optimized,
        bool(env.autoescape) if not callable(env.autoescape) else env.autoescape,
        env.is_async,
        tuple(sorted(env.extensions)),
        type(env.undefined),
    )
