"""Cookiecutter without its repeated work: texts compiled once, files rendered once for equal answers.

72 % of a bake is template compilation that is thrown away after each combination. The memo leaves
cookiecutter's own path (prompts, hooks, copy rules) untouched and is exact: a key holds
everything that compilation and rendering read, and where extensions of others take part, which may read
anything, nothing is kept. It is active only inside `active()`, in this process, one bake at a time.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake.reads import Reads, Text, reads
from pytest_saas_validate.bake.written import Written

_ONE_AT_A_TIME = threading.RLock()
# Cookiecutter's `simple_filter` makes extensions of anything, in another module.
_PURE = frozenset({"cookiecutter.extensions", "jinja2.ext"})


class Memo:
    """What was compiled, rendered and recognised so far; keep one per run."""

    def __init__(self) -> None:
        self._code: dict[tuple[object, ...], tuple[Any, Reads | None]] = {}
        self._texts: dict[tuple[object, ...], str] = {}
        self._binary: dict[tuple[object, ...], bool] = {}
        self._written = Written()
        self._env: tuple[Any, tuple[object, ...] | None] = (None, None)  # the last one, and its options

    @contextmanager
    def active(self) -> Iterator[None]:
        """Cookiecutter uses the memo; everything is put back afterwards."""
        import cookiecutter.generate as generate
        import jinja2

        with _ONE_AT_A_TIME:
            compile_, from_string = jinja2.Environment.compile, jinja2.Environment.from_string
            binary, generate_file = generate.is_binary, generate.generate_file
            jinja2.Environment.compile = self._compiled(compile_)  # type: ignore[method-assign]
            jinja2.Environment.from_string = self._rendered(from_string)  # type: ignore[method-assign]
            generate.is_binary = self._recognised(binary)
            generate.generate_file = self._written.once(generate_file, self._options)
            try:
                yield
            finally:
                jinja2.Environment.compile = compile_  # type: ignore[method-assign]
                jinja2.Environment.from_string = from_string  # type: ignore[method-assign]
                generate.is_binary, generate.generate_file = binary, generate_file
                self._env = (None, None)

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
            options = self._options(env)
            if raw or not isinstance(source, str) or options is None:
                self._written.note(None)
                return plain(env, source, name, filename, raw, defer_init)
            key = (source, name, filename, defer_init, options)
            if key not in self._code:
                self._code[key] = _compile(plain, env, source, name, filename, defer_init)
            code, read = self._code[key]
            self._written.note(read)
            return code

        return compile_

    def _rendered(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        """Names of files and folders, for the most part."""

        @functools.wraps(plain)
        def from_string(env: Any, source: Any, *rest: Any, **named: Any) -> Any:
            options = None if rest or named else self._options(env)
            if options is None or not isinstance(source, str):
                return plain(env, source, *rest, **named)
            _, read = self._code.get((source, None, None, False, options), (None, None))
            if read is None and _says_itself(env, source):  # of a path that no other bake has
                return Text((), (), lambda: plain(env, source), {((),): source})
            if read is None:
                return plain(env, source)
            self._written.note(read)
            return Text((source, options), read, lambda: plain(env, source), self._texts)

        return from_string

    def _options(self, env: Any) -> tuple[object, ...] | None:
        """What of an environment decides; None where anything may. There is one for the files of a bake."""
        if self._env[0] is not env:
            self._env = env, _options(env) if _is_pure(env) else None
        return self._env[1]

    def _recognised(self, plain: Callable[[str], bool]) -> Callable[[str], bool]:
        def is_binary(path: str) -> bool:
            state = Path(path).stat()
            key = (path, state.st_dev, state.st_ino, state.st_mtime_ns, state.st_ctime_ns, state.st_size)
            if key not in self._binary:
                self._binary[key] = plain(path)
            return self._binary[key]

        return is_binary


def _compile(
    plain: Callable[..., Any], env: Any, source: str, name: str | None, filename: str | None, defer: bool
) -> tuple[Any, Reads | None]:
    """The code of a text, and what it reads; parsed once for both. Raises as compilation does."""
    from jinja2 import TemplateSyntaxError

    with contextlib.suppress(TemplateSyntaxError):
        tree = env.parse(source, name, filename)
        read = reads(env, tree)
        return plain(env, tree, name, filename, False, defer), read
    return plain(env, source, name, filename, False, defer), None  # which says where in the text


def _is_pure(env: Any) -> bool:
    """Whether compilation asks nothing that may answer otherwise the next time.

    It works out constants, through filters and tests too, and an extension may rewrite the source.
    """
    return all(type(extension).__module__ in _PURE for extension in env.extensions.values())


def _says_itself(env: Any, source: str) -> bool:
    """Whether a text of one line has nothing to render in it."""
    marks = (env.block_start_string, env.variable_start_string, env.comment_start_string, "\n", "\r")
    by_line = env.line_statement_prefix or env.line_comment_prefix
    return not by_line and not any(mark in source for mark in marks)


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
