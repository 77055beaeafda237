"""What programs of others said of the files of a render, one kind of evidence for each of them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_saas_validate.evidence.render import Fault


@dataclass(frozen=True)
class BySchema:
    """Workflows, compose files and the like, against their published schemas."""

    faults: tuple[Fault, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class ByHadolint:
    """Dockerfiles: what keeps them from being built, or cannot be meant."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class ByShellcheck:
    """Shell scripts: what is an error in every reading."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class ByRuff:
    """Python: names that nothing defines, and statements that cannot be meant."""

    faults: tuple[Fault, ...]
