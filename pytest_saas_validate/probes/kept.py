"""What several probes want of one stack and is asked only once: it is dear, or it disturbs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from pytest_saas_validate.engines import Stack

T = TypeVar("T")
_KEPT: dict[int, dict[str, Any]] = {}


def kept(stack: Stack, name: str, make: Callable[[], T]) -> T:
    """What `make` gave when this was first asked of this stack; a failure is not kept."""
    mine = _KEPT.get(id(stack))
    if mine is None:
        mine = _KEPT[id(stack)] = {}
        weakref.finalize(stack, _KEPT.pop, id(stack), None)
    if name not in mine:
        mine[name] = make()
    found: T = mine[name]
    return found
