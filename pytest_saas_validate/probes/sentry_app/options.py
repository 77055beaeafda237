"""The client that a project's start-up made: its options, and what reaches its hooks."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .stage import streams
from .web import Web

HOOKS = (
    "before_send",
    "before_send_transaction",
    "before_breadcrumb",
    "before_send_log",
    "before_send_metric",
    "before_send_span",
)


def hook(options: Mapping[str, Any], name: str) -> Any:
    """The hook as the client finds it: among the options, or among the experiments of older versions."""
    return options.get(name) or (options.get("_experiments") or {}).get(name)


def options_of(sdk: Any) -> dict[str, Any]:
    """What the project's configuration says, as far as checks ask."""
    client = sdk.get_client()
    options = client.options
    return {
        "active": client.is_active() and client.transport is not None,
        "sdk": importlib.import_module("sentry_sdk.consts").VERSION,
        "release": options.get("release") or "",
        "environment": options.get("environment") or "",
        "sample_rate": options.get("sample_rate"),
        "traces_sample_rate": options.get("traces_sample_rate"),
        "profiles_sample_rate": options.get("profiles_sample_rate"),
        "hooks": [name for name in HOOKS if hook(options, name)],
        "known_hooks": [name for name in HOOKS if name in options],
        "logs": bool(options.get("enable_logs") or (options.get("_experiments") or {}).get("enable_logs")),
        "streams": streams(options),
    }


def sample_all(sdk: Any) -> None:
    """Send everything; the samplers of the project are still asked, for what else they do."""
    options = sdk.get_client().options
    options.update(sample_rate=1.0, traces_sample_rate=1.0)
    for name in ("traces_sampler", "error_sampler"):
        if options.get(name):
            options[name] = _always(options[name])


def switch_on(sdk: Any) -> None:
    """Let the SDK make structured logs of the log too, where the project has a hook for them."""
    options = sdk.get_client().options
    if hook(options, "before_send_log"):
        options["enable_logs"] = True


def _always(sampler: Callable[..., Any]) -> Callable[..., float]:
    def sampled(*arguments: Any) -> float:
        sampler(*arguments)
        return 1.0

    return sampled


@contextlib.contextmanager
def forced(sdk: Any, **options: Any) -> Iterator[None]:
    """Whoever makes a client meanwhile, makes it with these options too."""
    kind = sdk.Client
    original = kind.__init__

    def started(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **{**named, **options})

    kind.__init__ = started
    try:
        yield
    finally:
        kind.__init__ = original


@dataclass
class Seen:
    """What reached the hooks of events: what was collected, and the number of each event by its scene."""

    collected: set[str] = field(default_factory=set)
    scenes: dict[str, str] = field(default_factory=dict)  # "order event" -> event id


def watch(sdk: Any, web: Web) -> Seen:
    """Look over the shoulder of the hooks of events."""
    options = sdk.get_client().options
    seen = Seen()

    def wrap(original: Any, kind: str) -> Callable[[Any, Any], Any]:
        def watched(event: Any, hint: Any) -> Any:
            seen.collected.update(collected(event))
            seen.scenes.setdefault(f"{web.scene} {kind}", event.get("event_id") or "")
            return original(event, hint) if original else event

        return watched

    for name, kind in (("before_send", "event"), ("before_send_transaction", "transaction")):
        options[name] = wrap(options.get(name), kind)
    return seen


def collected(event: Any) -> list[str]:
    """What the SDK put into an event although it can be told not to."""
    found = []
    for group in ("exception", "threads"):
        for value in (event.get(group) or {}).get("values") or ():
            if any(
                frame.get("vars") for frame in ((value or {}).get("stacktrace") or {}).get("frames") or ()
            ):
                found.append("frame variables")
    request = event.get("request") or {}
    if request.get("data"):
        found.append("request body")
    if request.get("query_string"):
        found.append("query string")
    if (event.get("extra") or {}).get("sys.argv"):
        found.append("arguments of the process")
    return found
