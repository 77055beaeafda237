"""AL: what an alert tells the person whom it wakes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.checks.alerts import at
from pytest_saas_validate.evidence.alerts import Alert, Rules
from pytest_saas_validate.evidence.markdown import anchors, headings
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@check(
    "AL004",
    severity=Severity.MEDIUM,
    title="Every alert says what happened and where its own runbook is",
    why="whoever is woken has this text and nothing else, and begins the outage by searching",
    remedy="write summary and description, and a runbook_url that ends with a runbook file about this alert",
    wants=Rules,
    subject=Subject.PROJECT,
    needs=("observability",),
)
def runbooks(rules: Rules) -> Iterator[Finding]:
    """Annotations, and whether the runbook is there, has content, and is about this alert by its file name,
    anchor or a heading."""
    said: dict[tuple[str, str], str] = {}
    for alert in rules.alerts:
        for name in ("summary", "description", "runbook_url"):
            if not alert.annotations.get(name, "").strip():
                yield at(alert, f"annotation {name} is missing")
        for name in ("summary", "description"):
            text = alert.annotations.get(name, "").strip()
            other = said.setdefault((name, text), alert.name)
            if text and other != alert.name:
                yield at(alert, f"its {name} is that of {other}, word for word")
        if alert.annotations.get("runbook_url", "").strip():
            yield from _runbook(alert, rules)


def _runbook(alert: Alert, rules: Rules) -> Iterator[Finding]:
    path, _, anchor = alert.annotations["runbook_url"].partition("#")
    page = path.rstrip("/").rsplit("/", 1)[-1]
    file = next((f for f in rules.runbooks if page in (f, f.rsplit(".", 1)[0])), None)
    if file is None:
        yield at(alert, f"runbook_url ends with {page!r}; the runbook folder has no such file")
        return
    text = rules.runbooks[file]
    if not [line for line in text.splitlines() if line.strip() and not line.startswith("#")]:
        yield at(alert, f"its runbook {file} holds nothing but headings")
    if anchor and anchor.lower() not in anchors(text):
        yield at(alert, f"runbook_url points to #{anchor}, and {file} has no such heading")
    wanted = _words(alert.name)
    if not any(wanted <= _words(place) for place in (file.rsplit(".", 1)[0], anchor, *headings(text))):
        yield at(
            alert, f"runbook_url points to {file}, which is about something else: no heading names the alert"
        )


def _words(text: str) -> set[str]:
    """The words of a name, however it is put together."""
    return {word.lower() for word in _WORD.findall(text)}
