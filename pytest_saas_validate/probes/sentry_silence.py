"""Evidence about a project without error reporting: nothing of it is there, and nothing is sent."""

from __future__ import annotations

import json
import secrets
import sys
import time

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.render_answers import without_answers
from pytest_saas_validate.evidence.sentry import Named, Silence
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError, Unavailable
from pytest_saas_validate.probes.client import Client
from pytest_saas_validate.probes.sentry_app.canaries import Canaries
from pytest_saas_validate.probes.sentry_live import unhandled_error
from pytest_saas_validate.probes.sentry_sink import Sink
from pytest_saas_validate.project import Project

_WORD = "sentry"
_GRACE = 0.5  # seconds in which a reporter would have sent
_LOOK = """
import importlib.util, json, sys
print(json.dumps([sys.prefix, importlib.util.find_spec("sentry_sdk") is not None]))
"""


def _silence(project: Project, stack: Stack) -> Silence:
    sink = Sink.of(stack)
    sink.clear()
    sink.knock()
    answered, unreached = _traffic(project, stack)
    time.sleep(_GRACE)
    importable = _importable(stack)
    if importable is None:
        unreached.append("import of the SDK: the backend runs in the interpreter of the tests")
    return Silence(
        importable=importable,
        sent=len(sink.envelopes()),
        answered=answered,
        unreached=tuple(unreached),
    )


def _traffic(project: Project, stack: Stack) -> tuple[dict[str, int], list[str]]:
    """Ask what can be asked; a public route must answer: the statuses, and what could not be provoked."""
    routes = project.spec.routes
    answered: dict[str, int] = {}
    headers = {"Host": stack.facts["host"]}
    with Client(project, stack) as client:
        for path in dict.fromkeys(path for path in (routes.public, routes.collection, "/nowhere-17") if path):
            answered[f"GET {path}"] = client.send("GET", path, headers=headers).status_code
    if answered.get(f"GET {routes.public}", 0) >= 500:
        raise ProbeError(
            f"GET {routes.public} answered {answered[f'GET {routes.public}']}: nothing was exercised"
        )
    try:
        status = unhandled_error(project, stack, Canaries(secrets.token_hex(8), "silence"))
    except Unavailable as reason:
        return answered, [str(reason)]
    if status != 500:
        raise ProbeError(f"POST {routes.collection} answered {status}, not 500, without the right to insert")
    answered[f"POST {routes.collection}"] = status
    return answered, []


def _importable(stack: Stack) -> bool | None:
    """Whether the backend could import the SDK."""
    ended = stack.exec("backend", "python", "-c", _LOOK)
    try:
        prefix, found = json.loads(ended.text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise ProbeError(f"cannot look into the backend's environment: {ended.explain()}") from None
    return None if prefix == sys.prefix else bool(found)


def _named(project: Project, features: object) -> Named:
    """Files that speak of it, by name or by line; recorded answers are not counted."""
    found: list[str] = []
    for path, file in project.files.items():
        if _WORD in path.lower():
            found.append(path)
        lines = without_answers(path, file.text or "").lower().splitlines()
        found += [f"{path}:{number}" for number, line in enumerate(lines, 1) if _WORD in line]
    return Named(places=tuple(found))


SILENCE = Probe(evidence=Silence, subject=Subject.STACK, gather=_silence)
NAMED = Probe(evidence=Named, subject=Subject.PROJECT, gather=_named)
