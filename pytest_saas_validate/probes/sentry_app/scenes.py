"""What happens inside a request, one function for each kind of place; each registers its canaries."""

from __future__ import annotations

import base64
import importlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import unquote

from .errors import frames
from .kinds import kinds, people
from .spellings import WRITINGS, spell
from .stage import TENANT, USER, OrderError, Stage
from .telemetry import metric, outgoing, spans, sql, structured_log

logger = logging.getLogger("orders")


def validation(stage: Stage) -> None:
    """The text of a validation error repeats its input."""
    pydantic = importlib.import_module("pydantic")
    model = pydantic.create_model("Invoice", total=(int, ...))
    try:
        model(total=stage.make("validation error", "plain"))
    except ValueError as problem:
        stage.sdk.capture_exception(problem)
    model(total=stage.make("validation error", "email"))


def log_text(stage: Stage) -> None:
    """A text that was formatted before it was logged."""
    logger.error(f"mail to {stage.make('log text', 'email')} bounced")  # what an f-string in a log call does
    logger.error(f'rejected {{"client_secret": "{stage.make("log text as JSON", "keyed")}"}}')


def log_arguments(stage: Stage) -> None:
    """Arguments of a log call, one of them split."""
    logger.error(
        "charge of %s for %s failed", stage.make("log argument", "card"), stage.make("log argument", "bare")
    )
    local, _, domain = stage.make("log argument, split", "email").partition("@")
    logger.error("mail to %s@%s bounced", local, domain)
    logger.error("letter to %s returned", stage.make("log argument", "plain"))
    logger.error("letter to %(name)s returned", {"name": stage.make("log argument by name", "plain")})
    logger.setLevel(logging.INFO)
    logger.info("letter to %s sent", stage.make("log argument below the level of events", "plain"))


def log_extra(stage: Stage) -> None:
    """Fields beside the text, and an error that is logged."""
    logger.error(
        "order lost",
        extra={
            "api_key": stage.make("log extra", "keyed"),
            "account": stage.make("log extra", "iban"),
            "customer": stage.make("log extra", "plain"),
        },
    )
    try:
        charge_again(stage)
    except OrderError:
        logger.exception("caught")


def charge_again(stage: Stage) -> None:
    """Raises once more, to be logged and not to end the request."""
    raise OrderError(f"caller {stage.make('logged exception', 'phone')}")


def breadcrumbs(stage: Stage) -> None:
    """Breadcrumbs of the app's own and of logging, then an event that carries them."""
    stage.sdk.add_breadcrumb(category="order", message=f"mail to {stage.make('breadcrumb message', 'email')}")
    data = {
        "password": stage.make("breadcrumb data", "keyed"),
        "note": stage.make("breadcrumb data", "bare"),
        "customer": stage.make("breadcrumb data", "plain"),
    }
    stage.sdk.add_breadcrumb(category="order", message="sent", data=data)
    url = f"https://pay.example/cards/{stage.make('breadcrumb address', 'bare')}"
    stage.sdk.add_breadcrumb(
        category="http", type="http", data={"url": url, "method": "GET", "status_code": 200}
    )
    logger.warning("retry for %s", stage.make("breadcrumb of logging", "email"))
    logger.warning("retry for %s", stage.make("breadcrumb of logging", "plain"))
    raise OrderError("breadcrumbs")


def message(stage: Stage) -> None:
    """A captured message."""
    stage.sdk.capture_message(f"refund to {stage.make('message', 'iban')} from {stage.make('message', 'ip')}")


def scope(stage: Stage) -> None:
    """Everything that can be set on a scope."""
    stage.sdk.get_isolation_scope().set_extra(
        "order",
        {
            "token": stage.make("extra", "keyed"),
            "note": stage.make("extra", "bare"),
            "customer": stage.make("extra", "plain"),
        },
    )
    stage.sdk.set_context(
        "order",
        {
            "mail": stage.make("context", "email"),
            "note": stage.make("context", "bare"),
            "customer": stage.make("context", "plain"),
        },
    )
    stage.sdk.set_tag("customer", stage.make("tag", "email"))
    stage.sdk.set_tag("reference", stage.make("tag", "bare"))
    stage.sdk.set_tag("customer.name", stage.make("tag", "plain"))
    stage.sdk.get_isolation_scope().fingerprint = [f"mail {stage.make('fingerprint', 'email')}"]
    raise OrderError("scope")


def user(stage: Stage) -> None:
    """Who asked, with more than a pseudonym."""
    stage.sdk.set_tag(stage.tenant_tag, TENANT)
    stage.sdk.set_user(
        {
            "id": stage.make(*USER),
            "email": stage.make("user e-mail", "email"),
            "username": stage.make("user name", "bare"),
            "name": stage.make("full name of a user", "plain"),
            "ip_address": stage.make("user address", "ip"),
            "phone": stage.make("user field", "phone"),
        }
    )
    raise OrderError("user")


def transaction_name(stage: Stage) -> None:
    """A transaction that is named after a person."""
    stage.sdk.get_current_scope().set_transaction_name(f"mail {stage.make('transaction name', 'email')}")
    raise OrderError("transaction name")


def attachment(stage: Stage) -> None:
    """A file that goes with the event."""
    text = f"mail={stage.make('attachment', 'email')}"
    name = f"{stage.make('name of an attachment', 'plain')}.txt"
    stage.sdk.get_isolation_scope().add_attachment(bytes=text.encode(), filename=name)
    raise OrderError("attachment")


def check_in(stage: Stage) -> None:
    """A job that reports, on a scope that knows a customer."""
    context = {
        "mail": stage.make("context of a check-in", "email"),
        "customer": stage.make("context of a check-in", "plain"),
    }
    stage.sdk.set_context("job", context)
    capture = importlib.import_module("sentry_sdk.crons").capture_checkin
    capture(monitor_slug="nightly", status="ok")


def session(stage: Stage) -> None:
    """A session of somebody's, as an application of one person counts them."""
    scope = stage.sdk.get_isolation_scope()
    scope.set_user({"email": stage.make("person of a session", "email")})
    scope.start_session(session_mode="application")
    scope.end_session()


def settings(stage: Stage) -> None:
    """Secrets of the settings in every text, in a log argument and in a dictionary."""
    for name, secret in stage.secrets.items():
        words = re.findall(r"[a-z]{9}", unquote(secret)) if name.startswith("password of") else ()
        stage.canaries.add(f"{stage.prefix}settings.{name}", "secret", secret, tuple(words))
    stage.say(f"cannot connect with {secret} now" for secret in stage.secrets.values())
    for write in (str.upper, json.dumps, lambda secret: base64.b64encode(f"x{secret}".encode()).decode()):
        logger.error("; ".join(f"tried {write(secret)} too" for secret in stage.secrets.values()))
    text = " and ".join(f"({secret})" for secret in stage.secrets.values())
    logger.error("started with %s", text)
    stage.sdk.get_isolation_scope().set_extra("started", dict(stage.secrets))
    raise OrderError(f"cannot connect with {text}")


def echo(stage: Stage, values: Mapping[str, str]) -> None:
    """Texts that repeat what a client sent; what was in its body, in the text of an error only."""
    stage.say(f"refused {value} today" for place, value in values.items() if not place.startswith("body"))
    raise OrderError(" and ".join(f"refused {value} today" for value in values.values()))


def spelling(stage: Stage, kind: str) -> None:
    """Everything of a kind, in every writing, in every text."""
    sentences = [
        spelled.sentence for spelled in spell(stage.canaries, f"{stage.prefix}{kind} in a text", kind)
    ]
    stage.say(sentences)
    raise OrderError("; ".join(sentences))


def encoded(stage: Stage) -> None:
    """A shaped value in another writing, where structure alone must stop it."""
    mail = stage.make("base64 in an extra", "email")
    stage.sdk.get_isolation_scope().set_extra("blob", base64.b64encode(mail.encode()).decode())
    raise OrderError("encoded")


SCENES: Mapping[str, Callable[[Stage], None]] = {
    scene.__name__: scene
    for scene in (
        *(
            validation,
            log_text,
            log_arguments,
            log_extra,
            breadcrumbs,
            message,
            scope,
            user,
            transaction_name,
        ),
        *(outgoing, sql, spans, attachment, check_in, structured_log, metric, settings, encoded),
        *(frames, kinds, people, session),
    )
} | {f"spelling_{kind}": partial(spelling, kind=kind) for kind in WRITINGS}
# Those that make spans, for where each leaves on its own.
STREAMED = ("outgoing", "spans", "kinds", "people", "spelling_email")
# Those that a worker plays, outside of any request.
JOB = ("log_arguments", "scope", "user", "settings")
