"""A command in a container: its own end is told from that of the kubectl which carried it there."""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.process import Run
from pytest_saas_validate.process.runner import TIMED_OUT

# What kubectl says last when the command ran and failed. Its own failures end with 1 too, and without it.
_TRAILER = re.compile(rb"command terminated with exit code (\d+)\s*\Z")


def execute(
    kubectl: Kubectl, pod: str, container: str, *argv: str, stdin: bytes = b"", timeout: float = 60
) -> Run:
    """Run a command in a container, however it ends; raises BootError when nobody knows how it ended."""
    where = ("exec", "--stdin", "--quiet", pod, f"--container={container}", "--")
    ended = kubectl.ended(*where, *argv, stdin=stdin, timeout=timeout)
    if ended.ok or ended.code == TIMED_OUT:
        return ended
    trailer = _TRAILER.search(ended.stderr)
    if trailer is None or int(trailer[1]) != ended.code:
        raise BootError(f"kubectl could not run a command in {pod}, or lost it\n{ended.explain()}")
    return replace(ended, stderr=ended.stderr[: trailer.start()])
