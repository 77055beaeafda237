"""Read a file once in a process, however many trees hold it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
_KEPT = 8192  # answers of each reader


def per_content(read: Callable[P, Iterable[T]]) -> Callable[P, tuple[T, ...]]:
    """A pure reader that keeps what it found, by the name and the content that it was given."""

    @functools.wraps(read)
    def whole(*args: P.args, **named: P.kwargs) -> tuple[T, ...]:
        return tuple(read(*args, **named))

    return cast("Callable[P, tuple[T, ...]]", functools.lru_cache(maxsize=_KEPT)(whole))
