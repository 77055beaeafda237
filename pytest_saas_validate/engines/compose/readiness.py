"""When a stack is ready: every service is healthy or did its one job; the first dead one ends the wait."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from testcontainers.compose import ComposeContainer

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.compose.command import Compose

READY_SECONDS = 180.0
_UNHEALTHY = "unhealthy"
_PAUSE = 0.3
_PATIENCE = 20.0  # seconds of being unhealthy: on a busy machine a check runs out of time


def one_shots(config: Mapping[str, Any]) -> frozenset[str]:
    """Services that others wait for to end well."""
    return frozenset(
        name
        for service in config["services"].values()
        for name, how in service.get("depends_on", {}).items()
        if how.get("condition") == "service_completed_successfully"
    )


def wait(
    compose: Compose, services: Collection[str], jobs: Collection[str], seconds: float = READY_SECONDS
) -> None:
    """Return when all are ready; raises BootError at the first dead one or when the time is over."""
    deadline = time.monotonic() + seconds
    ill: dict[str, float] = {}
    while True:
        found = compose.containers()
        missing = {name: _lacks(found.get(name), name in jobs) for name in sorted(services)}
        missing = {name: reason for name, reason in missing.items() if reason}
        if not missing:
            return
        ill = {name: ill.get(name, time.monotonic()) for name in missing if missing[name] == _UNHEALTHY}
        for name, since in ill.items():
            if time.monotonic() - since > _PATIENCE:
                raise BootError(f"service {name} is unhealthy: its own health check fails")
        if time.monotonic() > deadline:
            words = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
            raise BootError(f"not ready after {seconds:g} s: {words}")
        time.sleep(_PAUSE)


def _lacks(container: ComposeContainer | None, job: bool) -> str:
    """What a service lacks to be ready; raises BootError when it will never be."""
    if container is None:
        return "no container"
    state, health, code = container.State, container.Health, container.ExitCode
    if state == "exited" and job and code == 0:
        return ""
    if state in ("exited", "dead", "restarting"):
        raise BootError(f"service {container.Service} ended with code {code} before it was ready")
    if health == "unhealthy":
        return _UNHEALTHY
    if state == "running" and health in ("", None, "healthy") and not job:
        return ""
    return f"{state}, {health or 'no health check'}"
