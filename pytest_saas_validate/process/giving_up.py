"""Threads whose programs can be ended all at once: nobody waits for a program that is of no use any more."""

from __future__ import annotations

import threading

_OF_THREAD = threading.local()


class GivenUp(BaseException):
    """What a thread does is of no use any more. No Exception: nothing may be concluded from it, or kept."""


def gives_up_when(told: threading.Event) -> None:
    """From now on this thread runs programs until that is set; then they are ended, and none begins."""
    _OF_THREAD.told = told


def go_on() -> None:
    """Raises GivenUp where this thread was told to give up."""
    told: threading.Event | None = getattr(_OF_THREAD, "told", None)
    if told is not None and told.is_set():
        raise GivenUp
