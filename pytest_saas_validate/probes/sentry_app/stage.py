"""What a scene may use, and what the app itself is made of."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .canaries import Canaries

TENANT = "8d3a6f2e-6f0c-4a55-9d0e-0b7b6f3d2c11"
USER = ("id of a user", "identity")  # the place and kind of the canary

logger = logging.getLogger("orders")


@dataclass
class Stage:
    """What a scene may use; `secrets` are the settings' own, `listener` is a port on loopback.

    `prefix` begins the name of every place, where the same scenes are played under other circumstances.
    """

    canaries: Canaries
    sdk: Any
    listener: int
    tenant_tag: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""

    def make(self, place: str, kind: str) -> str:
        """The canary of a place."""
        return self.canaries.make(f"{self.prefix}{place}", kind)

    def say(self, sentences: Iterable[str]) -> None:
        """Put each sentence into every free text of the app's own but that of an error."""
        said = list(sentences)
        log = optional("sentry_sdk.logger")
        for sentence in said:
            self.sdk.add_breadcrumb(category="order", message=sentence)
            self.span("task", sentence, {})
            if log:
                log.warning(sentence)
        logger.error("; ".join(said))

    def span(self, op: str, name: str, data: Mapping[str, Any]) -> None:
        """One span that began and ended, by the interface that the mode of tracing asks for."""
        if streams(self.sdk.get_client().options):
            with importlib.import_module("sentry_sdk.traces").start_span(
                name=name, attributes={"sentry.op": op, **data}
            ):
                return
        with self.sdk.start_span(op=op, name=name) as span:
            for key, value in data.items():
                span.set_data(key, value)


def optional(module: str) -> Any:
    """A module that this version of the SDK, or this environment, may not have; None then."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def streams(options: Mapping[str, Any]) -> bool:
    """Whether spans leave one by one instead of inside a transaction."""
    tried = options.get("_experiments") or {}
    return "stream" in (options.get("trace_lifecycle"), tried.get("trace_lifecycle"))


class OrderError(Exception):
    """What the app's own code raises."""
