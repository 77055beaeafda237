"""kubectl against one cluster, with a clean environment, time limits, and errors that say why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.process import Run, run
from pytest_saas_validate.process.kubernetes import Access
from pytest_saas_validate.process.runner import NOT_RUNNABLE

_SECONDS = 60.0
_HARMLESS = frozenset({"exec", "get", "logs"})  # commands that change no object


@dataclass(frozen=True)
class Kubectl:
    """One cluster and one namespace in it; nothing of the user's own configuration is read.

    With an `owner`, "LABEL=VALUE", the cluster is somebody else's: before a command changes anything, the
    server is asked whether the namespace has that label, and the command is not run when it has not.
    """

    kubeconfig: Path
    namespace: str = "default"
    context: str = ""
    owner: str = ""

    @property
    def argv(self) -> tuple[str, ...]:
        """What every command begins with."""
        return (*self._access.argv, f"--namespace={self.namespace}")

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client on this machine needs, and no other variable."""
        return self._access.environment

    @property
    def _access(self) -> Access:
        return Access(self.kubeconfig, self.context)

    @property
    def refusal(self) -> str:
        """Why nothing in the namespace may be changed; empty when it may."""
        label, _, value = self.owner.partition("=")
        if not label:
            return ""
        found = self.ended("get", "namespace", self.namespace, "--output=json")
        if not found.ok:
            return found.explain()
        if json.loads(found.stdout)["metadata"].get("labels", {}).get(label) == value:
            return ""
        return f"namespace {self.namespace} has no label {self.owner}: it is not of this run, and left alone"

    def within(self, namespace: str) -> Kubectl:
        """The same cluster, another namespace."""
        return replace(self, namespace=namespace)

    def ended(self, *words: str, stdin: bytes = b"", timeout: float = _SECONDS) -> Run:
        """Run a command, however it ends."""
        argv = (*self.argv, *words)
        refusal = "" if words[0] in _HARMLESS else self.refusal
        if refusal:
            return Run(argv=argv, code=NOT_RUNNABLE, stderr=refusal.encode())
        return run(argv, env=self.environment, stdin=stdin, timeout=timeout)

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
