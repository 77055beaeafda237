"""What `--saas-require` names and this machine lacks, found before a test runs."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks import FAMILIES
from pytest_saas_validate.settings import Settings


def unmet(settings: Settings) -> list[str]:
    """One sentence for each requirement that is not met, with the way to meet it.

    Engines ask the project for what they need, so they are judged again at verdict time; here only a tool
    that is not there, or a name that means nothing, is found.
    """
    return list(_unmet(settings)) if settings.require else []


def _unmet(settings: Settings) -> Iterator[str]:
    from pytest_saas_validate.tools import TOOLS, find

    required = settings.require
    known = {"all", *FAMILIES, *settings.engines, *TOOLS, "compose", "kind", "external"}
    for name in sorted(required):
        if name not in known:
            names = ", ".join(sorted(known))
            yield f"--saas-require={name}: no such engine, tool or family; there are {names}"
        elif name in {"compose", "kind", "external"} - set(settings.engines):
            yield f"--saas-require={name}: the engine was not asked for; add --saas-engine={name}"
    for name in sorted(set(TOOLS) & required):
        tool = find(name)
        if tool.reason:
            yield f"--saas-require={name}: {tool.reason}"
