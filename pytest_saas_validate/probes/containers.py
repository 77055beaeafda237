"""Evidence about containers, from the engine that runs them."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Sequence

from pytest_saas_validate.engines import Container, Stack
from pytest_saas_validate.evidence import scrub
from pytest_saas_validate.evidence.containers import (
    Confinement,
    Confinements,
    HealthCheck,
    HealthChecks,
    Stop,
    Stops,
)
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Effect, Probe, ProbeError, owned
from pytest_saas_validate.project import Project

_SOCKET = "docker.sock"
_SHARED = {"NetworkMode": "network", "PidMode": "process table", "IpcMode": "shared memory"}


def lasting(containers: Iterable[Container]) -> Sequence[Container]:
    """Those that keep running; raises ProbeError when there is none: nothing would be judged."""
    found = [container for container in containers if container.facts and not container.job]
    if not found:
        raise ProbeError("no container of the stack keeps running: there is nothing to judge")
    return found


def _confinements(project: Project, stack: Stack) -> Confinements:
    found = stack.containers()
    lasting(found)
    return Confinements(
        services=tuple(_confinement(container) for container in found if container.facts),
        complaints=tuple(scrub(line) for line in stack.complaints),
        named=tuple(container.service for container in found if container.named),
        images={container.service: container.image for container in found if container.image},
    )


def _confinement(container: Container) -> Confinement:
    host, config = container.facts["HostConfig"], container.facts["Config"]
    mounts = container.facts.get("Mounts") or ()
    shared = [name for key, name in _SHARED.items() if host.get(key) == "host"]
    shared += ["engine's socket"] if any(_SOCKET in mount.get("Source", "") for mount in mounts) else []
    return Confinement(
        service=container.service,
        user=config.get("User", ""),
        read_only=bool(host.get("ReadonlyRootfs")),
        dropped=tuple(host.get("CapDrop") or ()),
        added=tuple(host.get("CapAdd") or ()),
        privileged=bool(host.get("Privileged")),
        no_new_privileges=any("no-new-privileges" in option for option in host.get("SecurityOpt") or ()),
        memory=int(host.get("Memory") or 0),
        processes=int(host.get("PidsLimit") or 0),
        host=tuple(shared),
        published=container.published,
    )


def _health_checks(project: Project, stack: Stack) -> HealthChecks:
    found, without = [], []
    for container in lasting(stack.containers()):
        command = _command((container.facts["Config"].get("Healthcheck") or {}).get("Test") or ())
        if not command:
            without.append(container.service)
            continue
        alive = stack.exec(container.service, *command)
        dead = stack.idle(container.service, *command)
        found.append(
            HealthCheck(
                service=container.service,
                command=scrub(shlex.join(command)),
                alive=alive.code,
                dead=dead.code,
                said=scrub((alive.stdout + alive.stderr).decode(errors="replace"))[-200:].strip(),
            )
        )
    return HealthChecks(checks=tuple(found), without=tuple(without))


def _command(test: Sequence[str]) -> tuple[str, ...]:
    """The words of a health check; none when there is no check or it is switched off."""
    if not test or test[0] == "NONE":
        return ()
    return ("/bin/sh", "-c", test[1]) if test[0] == "CMD-SHELL" else tuple(test[1:])


def _stops(project: Project, stack: Stack) -> Stops:
    owned(stack, "stopping services")
    return Stops(stops=tuple(_each_stopped(stack)))


def _each_stopped(stack: Stack) -> Iterator[Stop]:
    """One after another, each started again before the next: who depends on it finds it there."""
    for container in lasting(stack.containers()):
        began = time.monotonic()
        stack.stop(container.service)
        seconds = time.monotonic() - began
        now = {other.service: other for other in stack.containers()}
        state = now[container.service].facts["State"]
        if state.get("Running"):
            raise ProbeError(f"{container.service} was stopped and runs still")
        yield Stop(service=container.service, code=int(state["ExitCode"]), seconds=seconds)
        stack.start(container.service)


CONFINEMENTS = Probe(evidence=Confinements, subject=Subject.STACK, gather=_confinements)
HEALTH_CHECKS = Probe(
    evidence=HealthChecks, subject=Subject.STACK, gather=_health_checks, effect=Effect.WRITES
)
STOPS = Probe(evidence=Stops, subject=Subject.STACK, gather=_stops, effect=Effect.DISRUPTS)
