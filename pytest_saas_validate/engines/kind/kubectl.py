"""kubectl against one cluster, with a clean environment, time limits, and errors that say why."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.process import Run, run

_SECONDS = 60.0


@dataclass(frozen=True)
class Kubectl:
    """One cluster and one namespace in it; nothing of the user's own configuration is read."""

    kubeconfig: Path
    namespace: str = "default"

    @property
    def argv(self) -> tuple[str, ...]:
        """What every command begins with."""
        return ("kubectl", f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}")

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client on this machine needs, and no other variable."""
        kept = ("PATH", "HOME", "NO_PROXY", "HTTPS_PROXY", "no_proxy", "https_proxy")
        return {name: os.environ[name] for name in kept if name in os.environ}

    def within(self, namespace: str) -> Kubectl:
        """The same cluster, another namespace."""
        return replace(self, namespace=namespace)

    def ended(self, *words: str, stdin: bytes = b"", timeout: float = _SECONDS) -> Run:
        """Run a command, however it ends."""
        return run((*self.argv, *words), env=self.environment, stdin=stdin, timeout=timeout)

    def words(self, *words: str, stdin: bytes = b"", timeout: float = _SECONDS) -> Run:
        """Run a command; raises BootError with what it said."""
        ended = self.ended(*words, stdin=stdin, timeout=timeout)
        if not ended.ok:
            raise BootError(ended.explain())
        return ended

    def get(self, *words: str) -> Any:
        """`kubectl get` as values; raises BootError."""
        return json.loads(self.words("get", *words, "--output=json").stdout)

    def apply(self, objects: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Apply objects in their order; returns what the API server warned of. Raises BootError."""
        said = self.words("apply", "--filename=-", stdin=_list(objects)).stderr.decode(errors="replace")
        return tuple(line.removeprefix("Warning: ") for line in said.splitlines() if "Warning: " in line)

    def dry_run(self, objects: Sequence[Mapping[str, Any]]) -> Run:
        """What the API server would say of objects: warnings and refusals on standard error."""
        return self.ended("apply", "--dry-run=server", "--filename=-", stdin=_list(objects))


def _list(objects: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}).encode()
