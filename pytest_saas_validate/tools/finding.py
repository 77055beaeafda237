"""Where a tool lies: on the PATH, in the environment, or in the cache."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.process import cache_root, run
from pytest_saas_validate.tools.catalogue import TOOLS
from pytest_saas_validate.tools.debian import VERSION
from pytest_saas_validate.tools.tool import Tool, ToolError
from pytest_saas_validate.tools.versions import UNKNOWN, kept
from pytest_saas_validate.tools.wheels import program_in

_VERSION = re.compile(r"(?<![\d.])v?(\d+(?:\.\d+)+)")
_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class FoundTool:
    """A tool that is here (`path`), or why not and how to get it (`reason`)."""

    name: str
    path: Path | None = None
    version: str = ""
    reason: str = ""


@functools.cache
def find(name: str) -> FoundTool:
    """The first place that has the tool in a version that will do; KeyError for an unknown name.

    The answer is kept for this process; the version of a program is asked once for all runs where its file
    alone decides it.
    """
    tool = TOOLS[name]
    refused: list[str] = []
    for path in _places(tool):
        version = _version(tool, path)
        if version is None:
            refused.append(f"{path} does not tell its version")
        elif _numbers(version) < tool.minimum:
            refused.append(f"{path} is {version}, and {_text(tool.minimum)} is needed")
        else:
            return FoundTool(name=name, path=path, version=version)
    reason = "; ".join(refused) or f"{name} is not installed"
    return FoundTool(name=name, reason=f"{reason}: {tool.remedy}")


def _places(tool: Tool) -> Iterator[Path]:
    """Files that may be the tool, best first, each once."""
    seen = set()
    for path in _candidates(tool):
        if path and os.access(path, os.X_OK) and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _candidates(tool: Tool) -> Iterator[Path | None]:
    on_path = shutil.which(tool.name)
    yield Path(on_path).absolute() if on_path else None  # it is run from other folders
    if tool.module:
        # The script beside the interpreter only starts another interpreter that starts the program.
        yield program_in(tool.module, tool.inside)
    else:
        yield Path(sys.prefix) / "bin" / tool.name
    folder = cache_root() / "tools" / tool.source  # filled by `obtain`
    if tool.module:
        yield folder / tool.module / tool.inside
    yield folder / "usr" / "bin" / tool.name
    yield folder / "bin" / tool.name


def _version(tool: Tool, path: Path) -> str | None:
    """What the program says; "unknown" when it answers without a number, None when it does not answer."""
    try:
        return kept(tool.name, path, lambda: _ask(tool, path))
    except ToolError:  # not kept: the machine may just have been busy
        return None


def _ask(tool: Tool, path: Path) -> str:
    answer = run([path, *tool.version], timeout=_SECONDS)
    if not answer.ok:
        raise ToolError(answer.explain())
    said = answer.text + answer.stderr.decode("utf-8", "replace")
    noted = path.parent.parent.parent / VERSION
    if not _VERSION.search(said) and noted.is_file():
        said = noted.read_text(encoding="utf-8")
    found = _VERSION.search(said)
    return found[1] if found else UNKNOWN


def _numbers(version: str) -> tuple[float, ...]:
    """For comparison; an unknown version is taken as new enough, since its samples still judge it."""
    return tuple(int(part) for part in version.split(".")) if version != UNKNOWN else (float("inf"),)


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
