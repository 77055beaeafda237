"""Defects of what reports say, and of how reporting is set up."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, mutant
from pytest_saas_validate.mutants.sentry_wrapper import plant, weakened

STRIPPED = weakened(
    "SN007-stripped",
    "nothing is left of an error but its number",
    """
    def change(raw, clean, hint):
        return clean and {key: raw[key] for key in ("event_id", "timestamp", "level") if key in raw}

    around(options, "before_send", change)
    """,
    fires={"SN007", "SN018"},
    running=True,
)
NO_TEMPLATE = weakened(
    "SN007-no-route",
    "events and transactions forget the route",
    """
    def change(raw, clean, hint):
        if clean is not None:
            clean["transaction"] = "request"
        return clean

    around(options, "before_send", change)
    around(options, "before_send_transaction", change)
    """,
    fires="SN007",
)
NO_RELEASE_SENT = weakened(
    "SN007-release",
    "the allow-list forgets release and environment",
    """
    def change(raw, clean, hint):
        if clean is not None:
            clean.pop("release", None)
            clean.pop("environment", None)
        return clean

    around(options, "before_send", change)
    """,
    fires="SN007",
)
NO_BREADCRUMB_HOOK = weakened(
    "SN010-breadcrumbs",
    "breadcrumbs have no hook of their own",
    "options['before_breadcrumb'] = None",
    fires="SN010",
    also={"SN004"},  # a line of the log that was formatted already
)
OWN_START = weakened(
    "SN018-own-start",
    "the running backend starts error reporting on its own, with everything on",
    """
    if settings is None:
        sdk = importlib.import_module("sentry_sdk")
        talkative = {"data_collection": {}} if "data_collection" in options else {"send_default_pii": True}
        sdk.init(dsn=options["dsn"], release="1", **talkative)
    """,
    fires="SN018",
    running=True,
)
NO_RELEASE = weakened("SN020-no-release", "no release is set", "options['release'] = None", fires="SN020")
WILD_RATE = weakened(
    "SN020-rate", "a rate of sampling is a percentage", "options['traces_sample_rate'] = 20", fires="SN020"
)


@mutant(
    "SN006-silenced",
    "importing the project's start-up switches logging off",
    fires="SN006",
    needs={"sentry"},
    at="project",
)
def silenced(edit: Edit) -> None:
    """The control run then says nothing about logs."""
    plant(edit, "pass", start="import logging\n\nlogging.disable(logging.CRITICAL)")


@mutant(
    "SN013-literal",
    "without a DSN in the environment, one in the source is used",
    fires="SN013",
    needs={"sentry"},
    at="project",
)
def literal(edit: Edit) -> None:
    """As a default that was meant for a test."""
    plant(
        edit,
        "pass",
        end="""
        sdk = importlib.import_module("sentry_sdk")
        if not sdk.get_client().is_active():
            sdk.init(dsn="http://0123456789abcdef0123456789abcdef@127.0.0.1:9/1")
        """,
    )
