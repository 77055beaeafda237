"""Defects of scrubbing that only values without a shape show: words, awkward passwords, odd writings."""

from __future__ import annotations

from pytest_saas_validate.mutants.sentry_wrapper import weakened

CONTEXTS = weakened(
    "SN001-context",
    "an error that was being handled keeps its text, when another was raised",
    """
    def change(raw, clean, hint):
        for value, was in zip(values(clean), values(raw)):
            if (was.get("mechanism") or {}).get("source") == "__context__":
                value["value"] = was.get("value")
        return clean

    around(options, "before_send", change)
    """,
    fires="SN001",
)
WORDS = weakened(
    "SN001-words",
    "secrets are known by their shape only, not by what the request and the failed code hold",
    """
    def change(raw, clean, hint):
        for value, was in zip(values(clean), values(raw)):
            if not set("0123456789@") & set(str(was.get("value"))):
                value["value"] = was.get("value")
        return clean

    around(options, "before_send", change)
    """,
    fires="SN001",
)
WRITINGS = weakened(
    "SN001-writings",
    "phone numbers with brackets or dots are not recognised",
    r"""
    re = importlib.import_module("re")

    def change(raw, clean, hint):
        for value, was in zip(values(clean), values(raw)):
            written = re.findall(r"\(\d{3}\) \d{3}-\d{4}|\d{3}[.]\d{3}[.]\d{4}", str(was.get("value")))
            value["value"] = " ".join([str(value.get("value")), *written])
        return clean

    around(options, "before_send", change)
    """,
    fires="SN001",
)
PROGRAMS = weakened(
    "SN002-programs",
    "spans of programs and of caches say what they were about",
    """
    def change(raw, clean, hint):
        for span, was in zip((clean or {}).get("spans") or [], raw.get("spans") or []):
            if str(was.get("op")).partition(".")[0] in ("subprocess", "cache"):
                span["description"] = was.get("description")
        return clean

    around(options, "before_send_transaction", change)
    """,
    fires="SN002",
)
STREAMED = weakened(
    "SN002-streamed",
    "spans that leave one by one would leave as they are",
    "options['before_send_span'] = lambda span, hint: span",
    fires="SN002",
    also={"SN017", "SN021"},
)
LINES = weakened(
    "SN003-lines",
    "structured logs hold the line with its arguments",
    """
    def change(raw, clean, hint):
        if clean is not None and not set("0123456789@") & set(str(raw.get("body"))):
            clean["body"] = raw.get("body")
        return clean

    around(options, "before_send_log", change)
    """,
    fires="SN003",
)
COMMANDS = weakened(
    "SN004-programs",
    "breadcrumbs of programs and of key-value stores keep their text",
    """
    def change(raw, clean, hint):
        crumbs = [((event or {}).get("breadcrumbs") or {}).get("values") or [] for event in (clean, raw)]
        for crumb, was in zip(*crumbs):
            if was.get("category") in ("subprocess", "redis"):
                crumb["message"] = was.get("message")
        return clean

    around(options, "before_send", change)
    options["before_breadcrumb"] = lambda crumb, hint: crumb
    """,
    fires="SN004",
    also={"SN008"},
)
SESSIONS = weakened(
    "SN004-sessions",
    "a session is sent with the person whose it is",
    "plain_transport()",
    fires="SN004",
    also={"SN002"},  # the sampling context in the envelope's header
)
IDS = weakened(
    "SN017-attributes",
    "logs and metrics carry the user's id",
    """
    def change(raw, clean, hint):
        known = (raw.get("attributes") or {}).get("user.id")
        if clean is not None and known:
            clean["attributes"]["user.id"] = known
        return clean

    around(options, "before_send_log", change)
    around(options, "before_send_metric", change)
    """,
    fires="SN017",
)
HASHED_IDS = weakened(
    "SN017-hashed-attributes",
    "logs and metrics carry a hash of the user's id without a key",
    """
    def change(raw, clean, hint):
        known = (raw.get("attributes") or {}).get("user.id")
        if clean is not None and known:
            clean["attributes"]["user.id"] = hashlib.blake2b(str(known).encode(), digest_size=16).hexdigest()
        return clean

    around(options, "before_send_log", change)
    around(options, "before_send_metric", change)
    """,
    fires="SN017",
)
DECODED = weakened(
    "SN021-decoded",
    "a password is known only as an address writes it",
    """
    parse = importlib.import_module("urllib.parse")
    texts = [
        value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for value in vars(settings).values()
    ]
    found = [parse.urlsplit(text).password or "" for text in texts if "://" in text]
    known = [parse.unquote(password) for password in found if "%" in password]

    def change(raw, clean, hint):
        for value, was in zip(values(clean), values(raw)):
            shown = [password for password in known if password in str(was.get("value"))]
            value["value"] = " ".join([str(value.get("value")), *shown])
        return clean

    around(options, "before_send", change)
    """,
    fires="SN021",
)
