"""Evidence about images: what in their history and their environment looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.engines import Container, Stack
from pytest_saas_validate.evidence.containers import Histories, Layer
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError
from pytest_saas_validate.probes.containers import lasting
from pytest_saas_validate.project import Project

_NAME = re.compile(r"(?i)(passw(or)?d|secret|token|api_?key|private_?key|credential|_dsn$|database_url)")
_ASSIGNED = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)=[\"']?([^\s\"'$;|&]{6,})")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(ghp_|glpat-|AKIA|xox[bp]-)[A-Za-z0-9-]{12,}")


def _histories(project: Project, stack: Stack) -> Histories:
    containers = stack.containers()
    lasting(containers)
    built = {
        container.service: container for container in containers if container.facts and not container.image
    }
    if not built:
        raise ProbeError("the project builds no image: there is no history to read")
    return Histories(
        images=tuple(built),
        secrets=tuple(layer for container in built.values() for layer in _secrets(stack, container)),
    )


def _secrets(stack: Stack, container: Container) -> Iterator[Layer]:
    image = stack.image(container.service)
    for where, texts in {"environment": image.environment, "history": image.history}.items():
        names = {name for text in texts for name in _named(text)}
        yield from (Layer(image=container.service, where=where, name=name) for name in sorted(names))


def _named(text: str) -> Iterator[str]:
    """What looks like a secret, by its name or by its form."""
    for name, value in _ASSIGNED.findall(text):
        if _NAME.search(name) and not value.startswith("/"):
            yield name
    if _KEY.search(text):
        yield "a key by its form"


HISTORIES = Probe(evidence=Histories, subject=Subject.STACK, gather=_histories)
