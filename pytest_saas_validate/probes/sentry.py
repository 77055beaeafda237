"""Evidence about scrubbing: a generic app under the project's own start-up, seen from the sink."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.sentry import Broken, Configured, EmptyDsn, Place, Scrubbing, Useful
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError
from pytest_saas_validate.probes.sentry_app.canaries import Canaries
from pytest_saas_validate.probes.sentry_app.stage import TENANT, USER
from pytest_saas_validate.probes.sentry_app.web import ORDERS
from pytest_saas_validate.probes.sentry_envelopes import Item
from pytest_saas_validate.probes.sentry_reading import (
    leaks,
    opened,
    person,
    shown,
    useful_event,
    useful_segment,
    useful_transaction,
)
from pytest_saas_validate.probes.sentry_sent import perform
from pytest_saas_validate.probes.sentry_sink import Sink, dsn_name
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backend

_NUMBERS = {  # projects in the DSN, by run
    "control": "900001",
    "project": "900002",
    "failure": "900003",
    "reference": "900004",
    "streamed": "900005",
}
_ENOUGH = 30  # places that the control has to reach
_DSN = re.compile(r"https?://[0-9A-Za-z]{8,}(?::[0-9A-Za-z]+)?@[\w.:-]+(?:/[\w-]+)*/\d+")


def _scrubbing(project: Project, stack: Stack) -> Scrubbing:
    backend = _backend(project)
    sink = Sink.of(stack)
    sink.clear()
    seed = secrets.token_hex(8)
    told = {"SAAS_SEED": seed, **_told(project, backend, stack)}
    results = perform(stack, told, (*_NUMBERS, "empty"))
    items: dict[str, list[Item]] = {run: [] for run in _NUMBERS}
    for envelope in sink.envelopes():
        run = next((run for run, number in _NUMBERS.items() if number == envelope.project), None)
        items.get(run or "", []).extend(envelope.items)
    sink.clear()
    places = _places(results["control"], items["control"])
    _positive_control(places, items)
    mine, stream, events = results["project"], results["streamed"], _by_id(items["project"])
    if stream["canaries"]:
        places += _places(results["reference"], items["reference"])
    failures = [*results["failure"]["failures"], *stream["failures"]]
    configured = _configured(mine["options"])
    return Scrubbing(
        places=places,
        leaks=leaks(mine["canaries"], items["project"]) + leaks(stream["canaries"], items["streamed"]),
        failed_open=opened(leaks(results["failure"]["canaries"], items["failure"]))
        + opened(leaks(stream["broken"], items["streamed"])),
        broken=tuple(
            Broken(place=f["place"], hook=f["hook"], answered=f["status"], expected=f["expected"])
            for f in failures
            if f["fired"]
        ),
        useful=tuple(_useful(mine, events, items["project"], configured.streams)),
        configured=configured,
        collected=tuple(mine["collected"]),
        person=person(
            events.get(mine["scenes"].get("user event", "")), Canaries(seed, "project").make(*USER), TENANT
        ),
        empty=EmptyDsn(
            active=results["empty"]["active"],
            reached=tuple(results["empty"]["reached"]),
            literals=tuple(_literals(project, backend)),
        ),
        items=dict(sorted(Counter(item.type for item in items["project"]).items())),
        unreached=tuple(_unreached(places, failures, bool(stream["canaries"]), items)),
    )


def _backend(project: Project) -> Backend:
    backend = project.spec.backend
    if backend is None or not backend.sentry or not backend.settings:
        raise ProbeError("[tool.pytest-saas-validate.backend] does not say `sentry` and `settings`; add both")
    return backend


def _told(project: Project, backend: Backend, stack: Stack) -> Mapping[str, str]:
    """The arguments of the canary app."""
    name = dsn_name(backend)
    dsn = stack.env("backend").get(name, "")
    if not dsn:
        raise ProbeError(
            f'the backend was started without {name}; put {name} = "${{sentry_dsn}}" into its environment'
        )
    return {
        "SAAS_SETTINGS": backend.settings,
        "SAAS_SENTRY": backend.sentry,
        "SAAS_DSN": dsn,
        "SAAS_DSN_NAME": name,
        "SAAS_TENANT_TAG": project.spec.identity.tenant_claim,
        "SAAS_VARIABLES": ",".join(variable for variable in backend.environment if variable != name),
        **{f"SAAS_{run.upper()}": number for run, number in _NUMBERS.items()},
    }


def _places(result: Mapping[str, Any], control: Sequence[Item]) -> tuple[Place, ...]:
    """Every registered place; one that the control does not show proves nothing."""
    canaries = result["canaries"]
    reached = {(canary["place"], canary["kind"]) for canary in shown(canaries, control)}
    return tuple(
        Place(name=c["place"], kind=c["kind"], reached=(c["place"], c["kind"]) in reached) for c in canaries
    )


def _positive_control(places: Sequence[Place], items: Mapping[str, Sequence[Item]]) -> None:
    for run in ("control", "project"):
        if not any(item.type == "event" for item in items[run]):
            raise ProbeError(
                f"no error event arrived from the {run} run of the canary app, so nothing is proved"
            )
    reached = sum(place.reached for place in places)
    if reached < _ENOUGH:
        raise ProbeError(
            f"the control run carried {reached} canaries to the sink; fewer than {_ENOUGH} prove nothing"
        )


def _by_id(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Events and transactions by their number."""
    kinds = ("event", "transaction")
    bodies = (item.body for item in items if item.type in kinds and isinstance(item.body, dict))
    return {str(body.get("event_id")): body for body in bodies}


def _useful(
    mine: Mapping[str, Any], events: Mapping[str, Any], items: Sequence[Item], streams: bool
) -> Iterator[Useful]:
    template = ORDERS if mine["routed"] else ""
    scenes = mine["scenes"]
    yield useful_event("an unhandled error", events.get(scenes.get("order event", "")), template)
    if streams:
        yield useful_segment("a request", items, template)
    else:
        yield useful_transaction("a request", events.get(scenes.get("order transaction", "")), template)


def _configured(options: Mapping[str, Any]) -> Configured:
    return Configured(
        sdk=options["sdk"],
        release=options["release"],
        environment=options["environment"],
        sample_rate=options["sample_rate"],
        traces_sample_rate=options["traces_sample_rate"],
        profiles_sample_rate=options["profiles_sample_rate"],
        hooks=frozenset(options["hooks"]),
        known_hooks=frozenset(options["known_hooks"]),
        logs=options["logs"],
        streams=options["streams"],
    )


def _literals(project: Project, backend: Backend) -> Iterator[str]:
    """Lines of the backend's source that hold a DSN; tests may."""
    for name, file in project.below(backend.path):
        if not name.endswith(".py") or re.search(r"(^|/)tests?(/|_)", name):
            continue
        for number, line in enumerate((file.text or "").splitlines(), 1):
            if _DSN.search(line):
                yield f"{name}:{number}"


def _unreached(
    places: Sequence[Place],
    failures: Sequence[Mapping[str, Any]],
    streamed: bool,
    items: Mapping[str, Sequence[Item]],
) -> Iterator[str]:
    """What this evidence does not speak of, by name."""
    for place in places:
        if not place.reached:
            yield f"{place.name} ({place.kind}): the control run does not show it"
    if not streamed:
        yield "spans that leave one by one: the project has no before_send_span, or the SDK no such mode"
    sent = {item.type for item in items["project"]}
    for kind in sorted({item.type for item in items["control"]} - sent):
        yield f"item type {kind}: this project does not send it"
    for kind in sorted({"profile", "profile_chunk", "feedback"} - sent):
        yield f"item type {kind}: not provoked"
    for failure in failures:
        if not failure["fired"]:
            yield f"failure of {failure['place']}: the hook was not called, or calls nothing that could fail"


SCRUBBING = Probe(evidence=Scrubbing, subject=Subject.STACK, gather=_scrubbing)
