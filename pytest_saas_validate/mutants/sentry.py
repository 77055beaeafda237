"""Defects of scrubbing: hooks that are missing, too generous, or open when they break."""

from __future__ import annotations

from pytest_saas_validate.mutants.sentry_wrapper import weakened

# What else a raw event or transaction carries out.
_RAW = frozenset({"SN004", "SN011", "SN017", "SN021"})

NO_EVENT_HOOK = weakened(
    "SN001-no-hook",
    "errors are sent without before_send, also by the running backend",
    "options['before_send'] = None",
    fires={"SN001", "SN010"},
    also={*_RAW, "SN018"},
    running=True,
)
TEXTS = weakened(
    "SN001-texts",
    "the texts of exceptions are sent as they are",
    """
    def change(raw, clean, hint):
        for value, was in zip(values(clean), values(raw)):
            value["value"] = was.get("value")
        return clean

    around(options, "before_send", change)
    """,
    fires="SN001",
    also={"SN021"},
)
EXTRA = weakened(
    "SN001-extra",
    "extra, contexts and tags pass the allow-list",
    """
    def change(raw, clean, hint):
        if clean is not None:
            for part in ("extra", "contexts", "tags"):
                clean[part] = {**(raw.get(part) or {}), **(clean.get(part) or {})}
        return clean

    around(options, "before_send", change)
    """,
    fires="SN001",
    also={"SN004", "SN008", "SN011", "SN021"},  # check-ins, odd contexts, arguments, secrets in an extra
)
NO_TRANSACTION_HOOK = weakened(
    "SN002-no-hook",
    "transactions and spans are sent without a hook",
    "options['before_send_transaction'] = options['before_send_span'] = None",
    fires={"SN002", "SN010"},
    also=_RAW,
)
SPANS = weakened(
    "SN002-spans",
    "spans keep their names and data",
    """
    def change(raw, clean, hint):
        if clean is not None:
            clean["spans"] = raw.get("spans")
        return clean

    around(options, "before_send_transaction", change)
    if options.get("before_send_span"):
        options["before_send_span"] = lambda span, hint: span
    """,
    fires="SN002",
    also={"SN017", "SN021"},
)
NO_TELEMETRY_HOOKS = weakened(
    "SN003-no-hooks",
    "logs and metrics are sent without a hook",
    "options['before_send_log'] = options['before_send_metric'] = None",
    fires={"SN003", "SN010"},
    also={"SN017", "SN021"},
)
METRICS = weakened(
    "SN003-metrics",
    "the hook of metrics lets everything through",
    "options['before_send_metric'] = lambda metric, hint: metric",
    fires="SN003",
    also={"SN017"},
)
ATTACHMENTS = weakened(
    "SN004-attachments",
    "attachments go with the event",
    """
    inner = options["before_send"]

    def hook(event, hint):
        kept = list(hint.get("attachments") or ())
        clean = inner(event, hint)
        hint["attachments"] = kept
        return clean

    options["before_send"] = hook
    plain_transport()
    """,
    fires="SN004",
    also={"SN002"},  # the sampling context in the envelope's header
)
BREADCRUMBS = weakened(
    "SN004-breadcrumbs",
    "breadcrumbs are cleaned by nobody",
    """
    def change(raw, clean, hint):
        if clean is not None:
            clean["breadcrumbs"] = raw.get("breadcrumbs")
        return clean

    around(options, "before_send", change)
    options["before_breadcrumb"] = lambda crumb, hint: crumb
    """,
    fires="SN004",
    also={"SN008", "SN021"},  # breadcrumbs of an odd shape leave too
)
FAILS_OPEN = weakened(
    "SN008-open",
    "an event that could not be cleaned is sent as it is",
    """
    def change(raw, clean, hint):
        return raw if clean is None or len(values(clean)) < len(values(raw)) else clean

    around(options, "before_send", change)
    """,
    fires="SN008",
)
RAISES = weakened(
    "SN008-raises",
    "a scrubber that breaks on some events breaks the request",
    """
    class Scrubber:
        def scrub_event(self, event):
            if event.get("message"):
                raise RuntimeError("cannot scrub")

    options["event_scrubber"] = Scrubber()
    """,
    fires="SN008",
)
VARIABLES = weakened(
    "SN011-variables",
    "frame variables are collected again, and only a hook removes them",
    """
    options["include_local_variables"] = True
    if options.get("data_collection"):
        options["data_collection"]["stack_frame_variables"] = True
    """,
    fires="SN011",
)
BODIES = weakened(
    "SN011-bodies",
    "request bodies are collected again, and only a hook removes them",
    """
    options["max_request_body_size"] = "always"
    if options.get("data_collection"):
        options["data_collection"]["http_bodies"] = ["incoming_request"]
    """,
    fires="SN011",
)
QUERY = weakened(
    "SN011-query",
    "query strings are collected again, and only a hook removes them",
    """
    if options.get("data_collection"):
        options["data_collection"]["url_query_params"] = {"mode": "denylist", "terms": []}
    """,
    fires="SN011",
)
VARIABLES_SENT = weakened(
    "SN011-sent",
    "frame variables are collected and leave",
    """
    options["include_local_variables"] = True
    if options.get("data_collection"):
        options["data_collection"]["stack_frame_variables"] = True

    def change(raw, clean, hint):
        for frame, was in zip(frames(clean), frames(raw)):
            frame["vars"] = was.get("vars")
        return clean

    around(options, "before_send", change)
    """,
    fires="SN011",
    also={"SN021"},
)
RAW_USER = weakened(
    "SN017-raw",
    "the user is sent as the application knows it",
    """
    def change(raw, clean, hint):
        if clean is not None:
            clean["user"] = raw.get("user")
        return clean

    around(options, "before_send", change)
    """,
    fires="SN017",
    also={"SN008"},  # a user of an odd shape leaves too
)
UNKEYED_USER = weakened(
    "SN017-unkeyed",
    "the user's id is hashed without a key",
    """
    def change(raw, clean, hint):
        known = (raw.get("user") or {}).get("id")
        if clean is not None and known:
            clean["user"] = {"id": hashlib.sha256(str(known).encode()).hexdigest()}
        return clean

    around(options, "before_send", change)
    """,
    fires="SN017",
)
SETTINGS = weakened(
    "SN021-settings",
    "every event carries the settings",
    """
    known = {
        name: value.get_secret_value()
        for name, value in vars(settings).items()
        if hasattr(value, "get_secret_value")
    }

    def change(raw, clean, hint):
        if clean is not None:
            clean["extra"] = {**(clean.get("extra") or {}), "settings": known}
        return clean

    around(options, "before_send", change)
    """,
    fires="SN021",
)
