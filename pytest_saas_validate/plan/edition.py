"""What a judgement depends on besides what is judged: our code, the interpreter, and the tools."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest_saas_validate
from pytest_saas_validate.tools import TOOLS, find
from pytest_saas_validate.tools.versions import packages, state

_PROGRAMS = ("sh", "bash", "make", "git", "unshare")  # not of the catalogue, and asked all the same
# Read by them and by hooks, as what begins with their name.
_STEERING = ("BASH_ENV", "ENV", "LANG", "LANGUAGE", "LOGNAME", "MAKEFLAGS", "TZ", "USER")
_STEERING_IN_KIND = ("LC_", "PYTHON")


@cache
def edition() -> str:
    """Names all of it: equal names judge equal files alike. Once in a process, 30 ms."""
    total = hashlib.sha256()
    for part in (*_own_code(), *_interpreter(), *_tools()):
        total.update(part + b"\0")
    return total.hexdigest()


def _own_code() -> Iterator[bytes]:
    home = Path(pytest_saas_validate.__file__).parent
    for path in sorted(home.rglob("*.py")):
        yield path.relative_to(home).as_posix().encode()
        yield path.read_bytes()


def _interpreter() -> Iterator[bytes]:
    """Python, and every package with its version."""
    yield sys.version.encode()
    yield from (name.encode() for name in packages())


def _tools() -> Iterator[bytes]:
    for name in TOOLS:
        tool = find(name)
        yield f"{name} {tool.path} {tool.version} {state(tool.path) if tool.path else None}".encode()
    for name in _PROGRAMS:
        path = shutil.which(name)
        yield f"{name} {state(Path(path)) if path else None}".encode()
    yield os.environ.get("PATH", "").encode()  # a hook finds its programs there
    names = tuple(f"{name.partition('-')[0]}_".upper() for name in (*TOOLS, *_PROGRAMS))
    for name, value in sorted(os.environ.items()):
        if name in _STEERING or name.startswith((*_STEERING_IN_KIND, *names)):
            yield f"{name}={value}".encode()
