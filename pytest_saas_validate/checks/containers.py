"""ST: images and containers, as they run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.containers import Confinement, Confinements, HealthChecks, Histories, Stops
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_LOOPBACK = re.compile(r"127\.|\[?::1\]?:|localhost:")
_FLOATING = re.compile(r"^[^:@]+$|:latest$")
_ROOT = ("", "root", "0")
_ENDED_WELL = (0, 143)  # 143: the shell's word for SIGTERM, which was what it was asked for
_CONTAINERS = "containers"


@check(
    id="ST001",
    severity=Severity.HIGH,
    title="The compose files are read without a complaint, and fix nothing that must be free",
    why="a variable that is not set becomes an empty password or address without an error, and an image "
    "without a version is another one tomorrow",
    remedy="mend what the message names; leave names of containers to compose",
    wants=Confinements,
    subject=Subject.STACK,
    trait=_CONTAINERS,
)
def files_are_valid(seen: Confinements) -> Iterator[Finding]:
    """What the engine says while it reads the files, fixed names of containers, images without a version."""
    for line in seen.complaints:
        yield Finding(where="the compose files", message=line)
    for service in seen.named:
        yield Finding(where=f"service {service}", message="container_name is fixed: no second stack can run")
    for service, image in seen.images.items():
        if _FLOATING.search(image):
            yield Finding(
                where=f"service {service}",
                message=f"image {image} has no version: tomorrow's is another",
                remedy="name a version, and a digest for a deployment",
            )


@check(
    id="ST002",
    severity=Severity.HIGH,
    title="Every service has a health check, and it fails when the service is gone",
    why="a check that cannot fail keeps a dead service in use, and lets its dependants start before it "
    "answers",
    remedy="ask the service itself for an answer, and let the command's exit code tell what it was",
    wants=HealthChecks,
    subject=Subject.STACK,
    trait=_CONTAINERS,
)
def health_checks_can_fail(seen: HealthChecks) -> Iterator[Finding]:
    """How each check ends in its running service, and where the same image runs without that service."""
    for service in seen.without:
        yield Finding(where=f"service {service}", message="has no health check")
    for found in seen.checks:
        if found.alive != 0:
            message = f"`{found.command}` ends with {found.alive} although the service runs: {found.said}"
            yield Finding(where=f"service {found.service}", message=message)
        if found.dead == 0:
            message = f"`{found.command}` ends with 0 where the service does not run: it cannot fail"
            yield Finding(where=f"service {found.service}", message=message)


@check(
    id="ST003",
    severity=Severity.HIGH,
    title="Containers are confined: no root, no capabilities, nothing to write to but what they need",
    why="what a break-in finds is what the container was given: with root, capabilities and a writable "
    "disk it is half-way to the host",
    remedy="user, read_only with tmpfs, cap_drop: [ALL], security_opt: [no-new-privileges:true], limits",
    wants=Confinements,
    subject=Subject.STACK,
    trait=_CONTAINERS,
)
def containers_are_confined(seen: Confinements) -> Iterator[Finding]:
    """User, disk, capabilities, privileges, limits, ports and what is the host's, as the engine says."""
    for service in seen.services:
        for message in _loose(service):
            yield Finding(where=f"service {service.service}", message=message)


def _loose(found: Confinement) -> Iterator[str]:
    if found.user.split(":")[0] in _ROOT:
        yield "runs as root"
    if not found.read_only:
        yield "its root file system can be written to"
    if "ALL" not in found.dropped:
        yield "keeps the engine's default capabilities"
    if found.added:
        yield f"adds capabilities: {', '.join(found.added)}"
    if found.privileged:
        yield "is privileged"
    if not found.no_new_privileges:
        yield "may gain privileges by a set-user-id program"
    if not found.memory:
        yield "has no memory limit"
    if found.processes <= 0:
        yield "has no limit of processes"
    for part in found.host:
        yield f"shares the host's {part}"
    for address in found.published:
        if not _LOOPBACK.match(address):
            yield f"publishes {address} to every network of the machine"


@check(
    id="ST004",
    severity=Severity.HIGH,
    title="Every service ends by itself when it is asked to",
    why="a service that has to be killed cuts off requests at every deployment, and may lose what it had "
    "not written",
    remedy="let the program be process 1 or under an init, in exec form, and handle SIGTERM",
    wants=Stops,
    subject=Subject.STACK,
    trait=_CONTAINERS,
)
def stops_cleanly(seen: Stops) -> Iterator[Finding]:
    """How each service that keeps running ended when it was stopped, and after how long."""
    for stop in seen.stops:
        if stop.code not in _ENDED_WELL:
            how = "had to be killed" if stop.code == 137 else f"ended with code {stop.code}"
            yield Finding(where=f"service {stop.service}", message=f"{how} after {stop.seconds:.0f} s")


@check(
    id="ST005",
    severity=Severity.CRITICAL,
    title="No secret is in an image",
    why="an image's layers and environment stay readable to everyone who can pull it, also when a later "
    "layer deletes the file",
    remedy="give secrets when the container starts, and to a build by --mount=type=secret",
    wants=Histories,
    subject=Subject.STACK,
    trait=_CONTAINERS,
)
def no_secret_in_an_image(seen: Histories) -> Iterator[Finding]:
    """History and environment of every image that was built, for what is a secret by its name or form."""
    for layer in seen.secrets:
        yield Finding(where=f"image of {layer.image}", message=f"{layer.name} is in its {layer.where}")
