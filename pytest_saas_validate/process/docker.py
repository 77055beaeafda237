"""What a run has in a Docker engine: found by label, and removed from there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_saas_validate.process.ledger import Ledger
from pytest_saas_validate.process.runner import Run, run

DOCKER = "docker"  # the kind of a ledger's line: everything with this label and value in one engine
RUN_LABEL = "pytest-saas-validate.run"  # of images, which the stacks of a run share
STACK_LABEL = "pytest-saas-validate.stack"
_SECONDS = 60.0
_ROUNDS = 5  # a request that a killed client had sent is still carried out
# What decides which engine is spoken to and how; nothing that could reach into a stack's own settings.
_CLIENT = ("PATH", "HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK")
_CLIENT_PREFIXES = ("DOCKER_", "BUILDKIT_", "BUILDX_", "EXPERIMENTAL_BUILDKIT_")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
# What is listed, and how it is removed; containers first, since they hold the others.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "container": ("rm", "--force", "--volumes"),
    "network": ("rm",),
    "volume": ("rm", "--force"),
    "image": ("rm", "--force"),
}


def client_environment() -> dict[str, str]:
    """The variables of this process that a Docker client needs, and no other."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _CLIENT or name.startswith(_CLIENT_PREFIXES) or name.lower() in _PROXIES
    }


def docker(*words: str, environment: Mapping[str, str], timeout: float = _SECONDS) -> Run:
    """Run the Docker client; never raises for what it does or for its absence."""
    program = shutil.which("docker", path=environment.get("PATH")) or "docker"
    return run((program, *words), env=environment, timeout=timeout)


def announce(ledger: Ledger, label: str, value: str, network: str = "") -> str:
    """Write down, before anything exists, that things with this label will; returns the line's id.

    `network` is the name of one that is made beside them without a label, and may be shared with others.
    """
    told = {"label": label, "value": value, "network": network}
    return ledger.plan(DOCKER, environment=client_environment(), **told)


def remove_announced(entry: Mapping[str, Any]) -> list[str]:
    """Remove what a line of a ledger announced; returns what is left."""
    left = remove_labelled(entry["label"], entry["value"], entry["environment"])
    if entry["network"]:
        # Refused while somebody else's containers are in it, and then it is theirs.
        docker("network", "rm", entry["network"], environment=entry["environment"])
    return left


def remove_labelled(label: str, value: str, environment: Mapping[str, str]) -> list[str]:
    """Remove everything whose label has this value; returns what is left, with the engine's words."""
    said: dict[str, str] = {}
    for _ in range(_ROUNDS):
        said = dict(_round(f"label={label}={value}", environment))
        if not said:
            return []
    return [f"docker {what}: {reason}" for what, reason in said.items()]


def _round(condition: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """One look at each kind: what was found and removed, or could not be, with what the engine said."""
    for kind, removal in _KINDS.items():
        every = ("--all",) if kind in ("container", "image") else ()
        listed = docker(kind, "ls", *every, "--quiet", "--filter", condition, environment=environment)
        if not listed.ok:
            yield kind, listed.explain()
            return  # an engine that does not answer has nothing to say of the other kinds
        names = sorted(set(listed.text.split()))
        if names:
            removed = docker(kind, *removal, *names, environment=environment)
            yield f"{kind} {' '.join(names)}", removed.explain()
