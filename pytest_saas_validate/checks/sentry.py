"""SN: what must not leave with an error report, whole or broken."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.sentry_findings import finding, leaks, sn
from pytest_saas_validate.evidence.sentry import Scrubbing
from pytest_saas_validate.findings import Finding, Severity


@sn(
    "SN001",
    Severity.CRITICAL,
    "No personal or secret value leaves with an error",
    "passwords and personal data lie with a third party, open to everyone who may see errors, and are a "
    "breach that must be reported",
    "rebuild the event in before_send from an allow-list, and replace what has a known shape in its texts",
)
def events(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Error events of the canary app: headers, paths, extra, contexts, tags; texts of errors (also of causes,
    contexts, groups, notes) and logs, with secrets of ordinary words that a header or a frame holds too."""
    yield from leaks(scrubbing.leaks, "SN001")


@sn(
    "SN002",
    Severity.CRITICAL,
    "No personal or secret value leaves with a transaction or a span",
    "traces are taken of healthy requests too, so that what leaks in an address, a query or an attribute "
    "leaks all day",
    "give before_send_transaction (before_send_span where spans are streamed) the function of before_send",
)
def transactions(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Transactions, spans of each kind (also one by one, where there is a hook for that) and the trace's
    sampling context in the envelope's header."""
    yield from leaks(scrubbing.leaks, "SN002")


@sn(
    "SN003",
    Severity.CRITICAL,
    "No personal or secret value leaves with a structured log or a metric",
    "logs and metrics do not pass the hooks of events: a scrubber that was set for those alone never sees "
    "them",
    "set before_send_log and before_send_metric, or switch the feature off",
)
def telemetry(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Structured logs and metrics; logs are switched on where the project has a hook for them, and what it
    does not send is listed as not reached."""
    yield from leaks(scrubbing.leaks, "SN003")


@sn(
    "SN004",
    Severity.HIGH,
    "No personal or secret value leaves with a breadcrumb, an attachment or another item",
    "breadcrumbs hold the requests and messages before an error, attachments whole files, and neither is "
    "part of what most scrubbers walk",
    "clean breadcrumbs again in before_send, and clear hint['attachments'] there",
)
def companions(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Breadcrumbs of each kind, attachments, sessions, check-ins."""
    yield from leaks(scrubbing.leaks, "SN004")


@sn(
    "SN008",
    Severity.CRITICAL,
    "A hook that breaks lets nothing out and does not reach the request",
    "scrubbers meet odd values just when things go wrong: one that raises loses the report, lets it out as "
    "it was, or fails the user's request",
    "catch everything around the hook and drop the item, or return one that holds constants only",
)
def fails_closed(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Each hook while a function that it calls raises, and on items of an unexpected shape."""
    for leak in scrubbing.failed_open:
        yield finding(leak, leak.paths)
    for broken in scrubbing.broken:
        if broken.answered != broken.expected:
            yield Finding(
                where=f"request: {broken.place}",
                message=f"was answered {broken.answered or 'not at all'} instead of {broken.expected}",
            )


@sn(
    "SN011",
    Severity.HIGH,
    "No frame variables, bodies, query strings or arguments of the process are taken",
    "variables and bodies hold tokens and whole records by their nature, and a pattern that has to "
    "recognise each will miss some",
    "switch them off: data_collection, include_local_variables, max_request_body_size, ArgvIntegration",
)
def sources(scrubbing: Scrubbing) -> Iterator[Finding]:
    """What left at these places, and what of it still reaches the hooks."""
    yield from leaks(scrubbing.leaks, "SN011")
    for what in scrubbing.collected:
        yield Finding(
            where=f"event: {what}", message="is collected, so that only a hook keeps it from leaving"
        )


@sn(
    "SN017",
    Severity.MEDIUM,
    "A user appears as a pseudonym only",
    "the error tracker becomes a second register of persons, with duties of access and erasure that nobody "
    "planned",
    "send an id that is hashed with a key, and nothing else about the person",
)
def people(scrubbing: Scrubbing) -> Iterator[Finding]:
    """The user of an event whose scope knows id, name, e-mail, phone and address, and ids of users among the
    attributes of spans, logs and metrics."""
    yield from leaks(scrubbing.leaks, "SN017")
    if scrubbing.person.pseudonym == "raw":
        yield Finding(where="event: user.id", message="is the user's own id")
    if scrubbing.person.pseudonym == "unkeyed":
        yield Finding(where="event: user.id", message="is a plain hash of the id, which anyone can compute")


@sn(
    "SN021",
    Severity.MEDIUM,
    "No secret of the settings leaves, wherever it was written",
    "whoever reads the error tracker can log in to the database: in its connection errors stands the "
    "password itself",
    "collect every SecretStr of the settings at start and replace these values in all texts",
)
def settings(scrubbing: Scrubbing) -> Iterator[Finding]:
    """Every secret of the settings and every password in an address (as written and decoded) in each text, in
    a log argument and in an extra; passwords are replaced by words and signs where the settings take them."""
    yield from leaks(scrubbing.leaks, "SN021")
