"""A program without a network, where this machine lets one be made."""

from __future__ import annotations

import functools
import shutil

from pytest_saas_validate.process.runner import run

_WAYS = (("--net",), ("--user", "--map-current-user", "--net"), ("--user", "--map-root-user", "--net"))


class NoNamespace(Exception):
    """Nothing can be cut off here; says why, and what would help."""


@functools.cache
def cut_off() -> tuple[str, ...]:
    """The words before a command that take the network from it; raises NoNamespace."""
    program = shutil.which("unshare")
    if program is None:
        raise NoNamespace("unshare is not here; install util-linux")
    ended = None
    for words in _WAYS:
        ended = run([program, *words, "true"], timeout=10)
        if ended.ok:
            return (program, *words)
    said = ended.explain() if ended else ""
    raise NoNamespace(f"no network namespace can be made here; allow user namespaces, or be root\n{said}")
