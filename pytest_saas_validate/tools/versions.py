"""Versions that programs told earlier runs, as long as the file alone decides what it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_saas_validate.process import cache_root, forget_old, locked
from pytest_saas_validate.process.once import write_atomically

UNKNOWN = "unknown"  # of a program that answers without a number
_KEPT_SECONDS = 30 * 24 * 3600.0  # programs that are gone or new leave their answers
_MOST = 200  # bytes of an answer, and of a file that show what it is
_WHOLE = re.compile(rf"{UNKNOWN}|\d{{1,9}}(\.\d{{1,9}})+", re.ASCII)
# ELF; Mach-O of 64 and of 32 bits, and of several kinds of machine.
_PROGRAMS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")


def kept(name: str, path: Path, ask: Callable[[], str]) -> str:
    """What the program of this name says, asked once for all runs where its file decides that.

    What is kept and cannot be read is asked anew; a cache that cannot be written only costs time.
    """
    decides = _decisive(name, path)
    if not decides:
        return ask()
    file = cache_root() / "versions" / f"{hashlib.sha256(decides.encode()).hexdigest()}.json"
    return _read(file) or _anew(file, ask)


def _anew(file: Path, ask: Callable[[], str]) -> str:
    """One process asks, the others wait for it."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(file.with_suffix(".lock")))
        version = _read(file)
        if not version:
            version = ask()
            with contextlib.suppress(OSError):
                forget_old(file.parent, _KEPT_SECONDS)
                write_atomically(file, json.dumps(version).encode(), durable=False)
    return version


def _read(file: Path) -> str:
    """The version in a file; empty when there is none, or no whole one."""
    try:
        with file.open("rb") as content:
            found = json.loads(content.read(_MOST))
    except (OSError, ValueError):
        return ""
    return found if isinstance(found, str) and _WHOLE.fullmatch(found) else ""


def _decisive(name: str, path: Path) -> str:
    """All that decides which program answers; empty when that is not known without asking.

    A script may start whatever its folder or the environment says, as those of asdf and pyenv do; so may a
    program that many names lead to, as those of mise and snap.
    """
    real = path.resolve()
    try:
        told = f"{name} {state(path)}"
        with real.open("rb") as file:
            head = file.read(_MOST)
    except OSError:  # gone, or for execution only
        return ""
    if real.is_relative_to((cache_root() / "tools").resolve()):  # a folder there never changes
        return told
    if head.startswith(_PROGRAMS):
        return told if real.name.startswith(name) else ""
    return "\0".join((told, *packages())) if _is_ours(real, head) else ""


def state(path: Path) -> tuple[str, int, int]:
    """Tells a program's file from another one of its name: where it lies, when it was written, its size."""
    facts = path.stat()
    return os.fspath(path.resolve()), facts.st_mtime_ns, facts.st_size


def _is_ours(real: Path, head: bytes) -> bool:
    """Whether it starts a package of this environment: a script of pip's names Python in one of its lines."""
    return real.parent == (Path(sys.prefix) / "bin").resolve() and b"python" in head


def packages() -> Iterator[str]:
    """Every package of this environment with its version: a folder's name tells both."""
    for place in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
        yield from sorted(path.name for path in Path(place).glob("*.dist-info"))
