"""A command in a container: its own end is told from that of the kubectl which carried it there."""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.process import Run
from pytest_saas_validate.process.runner import NOT_FOUND, TIMED_OUT

# What kubectl says last when the command ran and failed. Its own failures end with 1 too, and without it.
_TRAILER = re.compile(rb"command terminated with exit code (\d+)\s*\Z")

LACKS_PROGRAM = re.compile(
    r'exec: "[^"]*": (executable file not found|stat .*no such file)|executable file `[^`]*` not found'
)
"""What the runtimes of containers say of a program that an image has not."""


def execute(
    kubectl: Kubectl, pod: str, container: str, *argv: str, stdin: bytes = b"", timeout: float = 60
) -> Run:
    """Run a command in a container, however it ends; raises BootError when nobody knows how it ended.

    A program that is not there ends with 127, as anywhere else; kubectl has only 1 for it.
    """
    where = ("exec", "--stdin", "--quiet", pod, f"--container={container}", "--")
    ended = kubectl.ended(*where, *argv, stdin=stdin, timeout=timeout)
    if ended.ok or ended.code == TIMED_OUT:
        return ended
    trailer = _TRAILER.search(ended.stderr)
    if trailer and int(trailer[1]) == ended.code:
        return replace(ended, stderr=ended.stderr[: trailer.start()])
    if LACKS_PROGRAM.search(ended.stderr.decode(errors="replace")):
        return replace(ended, code=NOT_FOUND)
    raise BootError(f"kubectl could not run a command in {pod}, or lost it\n{ended.explain()}")
