"""A way from this machine into a pod: `kubectl port-forward`, which says itself which port it chose."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.process import Ledger
from pytest_saas_validate.process.children import Child, spawn

_SAYS = re.compile(r"^Forwarding from 127\.0\.0\.1:(\d+) -> ", re.M)
_SECONDS = 20.0


@dataclass
class Forward:
    """One forwarded port of a Service or a pod; opened anew on the same port when the pod was replaced."""

    kubectl: Kubectl
    target: str  # "service/backend"
    inside: int
    ledger: Ledger
    log: Path
    port: int = 0
    _child: Child | None = None

    def open(self) -> int:
        """The local port; raises BootError when none can be had."""
        if self._child is not None and self._child.alive():
            return self.port
        self.log.unlink(missing_ok=True)
        self._child = spawn(
            self.ledger,
            [
                *self.kubectl.argv,
                "port-forward",
                "--address=127.0.0.1",
                self.target,
                f"{self.port or ''}:{self.inside}",
            ],
            name=f"port-forward {self.target}",
            log=self.log,
            env=self.kubectl.environment,
        )
        deadline = time.monotonic() + _SECONDS
        while True:
            said = _SAYS.search(self._child.tail())
            if said:
                self.port = int(said.group(1))
                return self.port
            if not self._child.alive() or time.monotonic() > deadline:
                words = self._child.tail()
                self.close()
                raise BootError(f"no way to {self.target}: {words}")
            time.sleep(0.02)

    def close(self) -> None:
        """End it; the port is kept for the next time."""
        if self._child is not None:
            self._child.stop()
            self._child = None
