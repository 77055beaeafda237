"""Kustomize: the program of that name, or the one inside kubectl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.process import Run, run
from pytest_saas_validate.tools.brief import brief
from pytest_saas_validate.tools.finding import find

_SECONDS = 60.0


@dataclass(frozen=True)
class Kustomize:
    """The command that builds an overlay; empty with a `reason` where there is none."""

    argv: tuple[str, ...] = ()
    reason: str = ""

    @classmethod
    def found(cls) -> Kustomize:
        """Kustomize itself, else kubectl's, which may be an older one."""
        own = find("kustomize")
        if own.path:
            return cls((str(own.path), "build"))
        inside = find("kubectl")
        if inside.path:
            return cls((str(inside.path), "kustomize"))
        return cls(reason=f"{own.reason}; {inside.reason}")

    def build(self, root: Path, overlay: str) -> Run:
        """What it makes of an overlay's folder below a root, on standard output."""
        return run((*self.argv, overlay), cwd=root, env=brief(), timeout=_SECONDS)
