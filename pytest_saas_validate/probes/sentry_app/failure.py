"""Hooks that break: at a call inside them, and on items of an unexpected shape."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .stage import OrderError, Stage
from .web import Web

Failure = dict[str, Any]


class Planted(Exception):
    """What is raised inside a hook."""


class Armed:
    """A hook that counts the Python functions it calls, and can be made to break at one of them.

    The hook's own entry is never broken: nobody could catch that.
    """

    def __init__(self, original: Callable[..., Any]) -> None:
        self.original = original
        self.calls = 0
        self.at = 0
        self.fired = 0

    def __call__(self, *arguments: Any) -> Any:
        """The hook, watched."""
        self.calls = -1

        def profile(frame: Any, event: str, argument: Any) -> None:
            if event != "call":
                return
            self.calls += 1
            if self.calls == self.at and self.at:
                self.fired += 1
                sys.setprofile(None)
                raise Planted

        sys.setprofile(profile)
        try:
            return self.original(*arguments)
        finally:
            sys.setprofile(None)


def break_hooks(web: Web, names: list[str]) -> list[Failure]:
    """Break each hook early, midway and late, then feed it odd items; what happened each time."""
    stage = web.stage
    done: list[Failure] = []
    for name in names:
        home, armed = _arm(stage.sdk.get_client().options, name)
        _ask(web, partial(PROVOKE[name], stage, f"{name}, unbroken"))
        if armed.calls <= 0:
            done.append({"place": name, "hook": name, "fired": 0, "status": 0, "expected": 0})
        for word, at in moments(armed.calls).items():
            armed.at, armed.fired = at, 0
            place = f"{name}, broken {word}"
            status = _ask(web, partial(PROVOKE[name], stage, place))
            done.append(
                {
                    "place": place,
                    "hook": name,
                    "fired": armed.fired,
                    "status": status,
                    "expected": EXPECTED[name],
                }
            )
        home[name] = armed.original
    done += [_odd(web, label, spoil) for label, spoil in ODD.items()] if "before_send" in names else []
    stage.sdk.flush(10)
    return done


def moments(calls: int) -> dict[str, int]:
    """Which of a hook's calls are broken, as far as they differ.

    Not the first, where there are more: that may be the very function that catches everything. Not the last
    of many: the next item may take a few calls less.
    """
    chosen: dict[str, int] = {}
    for word, at in (("early", min(2, calls)), ("midway", (calls + 1) // 2), ("late", calls - calls // 8)):
        if calls > 0 and at not in chosen.values():
            chosen[word] = at
    return chosen


def _arm(options: dict[str, Any], name: str) -> tuple[dict[str, Any], Armed]:
    """Put the armed hook where the client finds it."""
    home = options if options.get(name) else options["_experiments"]
    armed = Armed(home[name])
    home[name] = armed
    return home, armed


def _ask(web: Web, action: Callable[[], None]) -> int:
    """Run an action inside a request; the status that was answered."""
    web.inside = action
    status = web.ask("GET", "/scenes/inside", headers=[("X-Api-Key", "k")])
    web.stage.sdk.flush(5)
    return status


def _error(stage: Stage, place: str) -> None:
    raise OrderError(f"mail to {stage.make(place, 'email')} bounced")


def _transaction(stage: Stage, place: str) -> None:
    stage.span("task", f"mail {stage.make(place, 'email')}", {"token": stage.make(place, "keyed")})


def _breadcrumb(stage: Stage, place: str) -> None:
    stage.sdk.add_breadcrumb(category="order", message=f"mail to {stage.make(place, 'email')}")
    stage.sdk.capture_message("after a breadcrumb")


def _log(stage: Stage, place: str) -> None:
    stage.sdk.logger.error(f"mail to {stage.make(place, 'email')} bounced")


def _metric(stage: Stage, place: str) -> None:
    stage.sdk.metrics.count("orders", 1, attributes={"customer": stage.make(place, "email")})


PROVOKE: Mapping[str, Callable[[Stage, str], None]] = {
    "before_send": _error,
    "before_send_transaction": _transaction,
    "before_breadcrumb": _breadcrumb,
    "before_send_log": _log,
    "before_send_metric": _metric,
    "before_send_span": _transaction,
}
EXPECTED: Mapping[str, int] = {name: 500 if name == "before_send" else 200 for name in PROVOKE}

# Shapes that an integration, an event processor or a later version of the SDK may give to a part of an event.
ODD: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "request as text": lambda value: {"request": value},
    "headers as pairs": lambda value: {
        "request": {"headers": [["X-Note", value]], "url": 7, "method": [value]}
    },
    "user as text": lambda value: {"user": value},
    "tags as pairs": lambda value: {"tags": [["customer", value]]},
    "contexts as a list": lambda value: {"contexts": [value]},
    "context as text": lambda value: {"contexts": {"trace": value, "runtime": value}},
    "breadcrumbs as a list": lambda value: {"breadcrumbs": [{"message": value}, None, 7]},
    "exception without values": lambda value: {"exception": {"type": "OrderError", "value": value}},
    "exception of odd values": lambda value: {"exception": {"values": [None, 7, value, {"value": [value]}]}},
    "message as an object": lambda value: {"message": {"text": value}, "logentry": value},
    "unknown field": lambda value: {"debug_dump": {"mail": value}},
}


def _odd(web: Web, label: str, spoil: Callable[[str], dict[str, Any]]) -> Failure:
    """One event that has an odd part when the hook gets it."""
    place = f"odd item: {label}"
    stage = web.stage
    value = f"mail {stage.make(place, 'email')} {stage.make(place, 'jwt')}"
    options = stage.sdk.get_client().options
    original = options["before_send"]
    options["before_send"] = lambda event, hint: original({**event, **spoil(value)}, hint)
    try:
        status = _ask(web, lambda: stage.sdk.capture_message("odd"))
    finally:
        options["before_send"] = original
    return {"place": place, "hook": "before_send", "fired": 1, "status": status, "expected": 200}
