"""What `--saas-require` or `--saas-kubeconfig` names and is not there, found before a test runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pytest_saas_validate.checks import FAMILIES
from pytest_saas_validate.engines import ENGINES, Engine
from pytest_saas_validate.settings import Settings


def unmet(settings: Settings, load: Callable[[str, Settings], Engine]) -> list[str]:
    """One sentence for each requirement that is not met, with the way to meet it.

    `load` gives the engine of a name. Engines ask the project for what they need, so they are judged again
    at verdict time; here a tool or an engine that this machine lacks, or a name that means nothing, is found.
    """
    return list(_unmet(settings, load)) if settings.require or settings.kubeconfig else []


def strangers(required: Iterable[str]) -> list[str]:
    """The names among these that mean nothing."""
    return sorted(set(required) - _known())


def _known() -> set[str]:
    from pytest_saas_validate.tools import TOOLS

    return {"all", *FAMILIES, *ENGINES, *TOOLS}


def _unmet(settings: Settings, load: Callable[[str, Settings], Engine]) -> Iterator[str]:
    from pytest_saas_validate.tools import TOOLS, find

    required = settings.require
    strange = strangers(required)
    for name in sorted(required):
        if name in strange:
            names = ", ".join(sorted(_known()))
            yield f"--saas-require={name}: no such engine, tool or family; there are {names}"
        elif name in ENGINES and name not in settings.engines:
            yield f"--saas-require={name}: the engine was not asked for; add --saas-engine={name}"
    for name in settings.engines:
        given = "kubeconfig" if name == "kind" and settings.kubeconfig else ""
        asked = given or (f"require={name}" if {name, "all"} & required else "")
        reason = load(name, settings).missing if asked else ""
        if reason:
            yield f"--saas-{asked}: {reason}"
    for name in sorted(set(TOOLS) & required):
        tool = find(name)
        if tool.reason:
            yield f"--saas-require={name}: {tool.reason}"
