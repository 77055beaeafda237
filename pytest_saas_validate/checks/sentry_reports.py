"""SN: what a report must still say, how reporting is set up, and that nothing is left where it is off."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.sentry_findings import finding, missing, sn
from pytest_saas_validate.evidence.sentry import LiveReport, Named, Scrubbing, Silence
from pytest_saas_validate.findings import Finding, Severity

_NOBODY = "neither a tenant nor a pseudonym of the user is left"
_REACHED = 0.95  # of the registered places, or the probe itself is in doubt


@sn(
    "SN006",
    Severity.HIGH,
    "The control run reaches the places that are judged",
    "a probe that reaches nothing finds nothing, and an inbox that stayed empty would pass for a clean one",
    "find what keeps the SDK from sending there: an import that patches it, or a version that changed",
)
def reach(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Places whose canary the most talkative configuration does not carry out: silence there is no proof."""
    places = scrubbing.places
    silent = [place for place in places if not place.reached]
    if len(silent) > (1 - _REACHED) * len(places):
        names = ", ".join(f"{place.name} ({place.kind})" for place in silent)
        yield Finding(
            where="control run",
            message=f"reaches {len(places) - len(silent)} of {len(places)} places; silent are {names}",
        )


@sn(
    "SN007",
    Severity.HIGH,
    "A report still says what is needed to find the cause",
    "a report that was scrubbed to nothing tells neither where nor for whom it broke, and the scrubbing is "
    "what gets switched off then",
    "the allow-list is too narrow: keep this field",
)
def usefulness(scrubbing: Scrubbing) -> Iterator[Finding]:
    """One error event and one transaction of the canary app: route, trace, release, and who was hit."""
    configured = scrubbing.configured
    also = [name for name in ("release", "environment") if getattr(configured, name)]
    for useful in scrubbing.useful:
        yield from missing(useful, also)
    if scrubbing.person.pseudonym == "absent" and not scrubbing.person.tenant:
        yield Finding(where="event: user and tenant", message=_NOBODY)


@sn(
    "SN010",
    Severity.HIGH,
    "Every kind of item that is sent has a hook",
    "every kind of item has a hook of its own, and what has none leaves as the SDK collected it",
    "register the missing hook, or switch the feature off",
)
def hooks(scrubbing: Scrubbing) -> Iterator[Finding]:
    """The client's options after the project's own start-up, and the kinds of items that arrived."""
    configured = scrubbing.configured
    wanted = {
        "before_send": True,
        "before_send_transaction": not configured.streams,
        "before_breadcrumb": True,
        "before_send_log": configured.logs or "log" in scrubbing.items,
        "before_send_metric": "trace_metric" in scrubbing.items,
        "before_send_span": configured.streams,
    }
    for name, is_on in wanted.items():
        if is_on and name in configured.known_hooks and name not in configured.hooks:
            yield Finding(where=f"option {name}", message=f"is not set (sentry-sdk {configured.sdk})")


@sn(
    "SN013",
    Severity.HIGH,
    "The DSN comes from the environment, and without one nothing is started",
    "a DSN in the code sends the errors of every developer and fork to one account, and changing it takes "
    "a release",
    "read it from a settings field without a default, and return before sentry_sdk.init when it is empty",
)
def dsn(scrubbing: Scrubbing) -> Iterator[Finding]:
    """A start with an empty DSN, every connection of that process, and the source code."""
    empty = scrubbing.empty
    if empty.active:
        yield Finding(where="start with an empty DSN", message="made a client that sends")
    for address in empty.reached:
        yield Finding(where="start with an empty DSN", message=f"connected to {address}")
    for line in empty.literals:
        yield Finding(where=line, message="holds a DSN")


@sn(
    "SN018",
    Severity.HIGH,
    "The running backend reports a real error, usefully and without a secret",
    "a function that scrubs well helps nobody where the server process starts the SDK in another way",
    "find which process starts error reporting on its own, and let it use the project's own function",
    LiveReport,
)
def live(report: LiveReport) -> Iterator[Finding]:
    """One unhandled error of the project's own collection, asked with canaries in headers, query and body."""
    yield from missing(report.useful)
    if report.useful.arrived and report.person.pseudonym == "absent" and not report.person.tenant:
        yield Finding(where=f"event: {report.route}", message=_NOBODY)
    for leak in report.leaks:
        yield finding(leak, leak.paths)


@sn(
    "SN020",
    Severity.LOW,
    "Release and environment are set, and rates of sampling are rates",
    "an error cannot be tied to the deployment that brought it, and a rate that is none drops reports with "
    "no more than a warning",
    "read them from the build and the settings",
)
def options(scrubbing: Scrubbing) -> Iterator[Finding]:
    """The client's options after the project's own start-up."""
    configured = scrubbing.configured
    for name in ("release", "environment"):
        if not getattr(configured, name):
            yield Finding(where=f"option {name}", message="is not set")
    for name in ("sample_rate", "traces_sample_rate", "profiles_sample_rate"):
        rate = getattr(configured, name)
        if rate is not None and not 0 <= rate <= 1:
            yield Finding(where=f"option {name}", message=f"is {rate}, not between 0 and 1")
    if configured.sample_rate == 0:
        yield Finding(where="option sample_rate", message="is 0: no error is ever reported")


@sn(
    "SN022",
    Severity.MEDIUM,
    "Without error reporting nothing of it is left",
    "a team that declined it ships the SDK and its variables all the same, and data may go to a service "
    "that nobody reviewed",
    "put what is left behind the same switch as the rest",
    Named,
    Silence,
)
def absent(named: Named, silence: Silence) -> Iterator[Finding]:
    """The backend's environment, every file of the project, and the sink while routes were asked."""
    if silence.importable:
        yield Finding(where="backend's environment", message="sentry_sdk can be imported")
    for place in named.places:
        yield Finding(where=place, message="names sentry")
    if silence.sent:
        asked = ", ".join(f"{route} ({status})" for route, status in silence.answered.items())
        yield Finding(
            where="sink", message=f"received {silence.sent} reports while these were asked: {asked}"
        )
