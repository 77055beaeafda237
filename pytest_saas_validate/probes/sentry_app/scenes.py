"""What happens inside a request, one function for each kind of place; each registers its canaries."""

from __future__ import annotations

import base64
import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .stage import TENANT, USER, OrderError, Stage
from .telemetry import metric, outgoing, spans, sql, structured_log

logger = logging.getLogger("orders")


@dataclass
class Customer:
    """An object whose repr holds what it was made of."""

    email: str
    token: str


def order(stage: Stage, body: Any) -> None:
    """Frame variables of several kinds, and an error whose text repeats what was sent."""
    password = stage.make("frame variable of a secret name", "keyed")
    remark = stage.make("frame variable", "bare")
    customer = Customer(
        stage.make("repr in a frame variable", "email"), stage.make("repr in a frame variable", "keyed")
    )
    nested = {
        "api_key": stage.make("dictionary in a frame variable", "keyed"),
        "iban": stage.make("frame variable", "iban"),
    }
    charge(stage, (password, remark, customer, nested, body))


def charge(stage: Stage, parts: tuple[object, ...]) -> None:
    """Raises with shaped and keyed values in its text."""
    text = (
        f"charging {stage.make('exception text', 'card')} of {stage.make('exception text', 'email')} failed: "
        f"password={stage.make('exception text', 'keyed')} ({len(parts)} parts)"
    )
    raise OrderError(text)


def person(stage: Stage) -> None:
    """A chain of errors: cause, context, note, group."""
    try:
        try:
            raise KeyError(f"no row for {stage.make('exception cause', 'email')}")
        except KeyError as missing:
            raise LookupError(
                f"token: {stage.make('exception in the middle of a chain', 'jwt')}"
            ) from missing
    except LookupError as problem:
        problem.add_note(f"call {stage.make('exception note', 'phone')}")
        inner = ValueError(f"account {stage.make('exception in a group', 'iban')}")
        raise ExceptionGroup("several", [problem, inner]) from None


def validation(stage: Stage) -> None:
    """The text of a validation error repeats its input."""
    pydantic = importlib.import_module("pydantic")
    model = pydantic.create_model("Invoice", total=(int, ...))
    model(total=f"{stage.make('validation error', 'email')}")


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


def log_extra(stage: Stage) -> None:
    """Fields beside the text, and an error that is logged."""
    logger.error(
        "order lost",
        extra={"api_key": stage.make("log extra", "keyed"), "account": stage.make("log extra", "iban")},
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
    data = {"password": stage.make("breadcrumb data", "keyed"), "note": stage.make("breadcrumb data", "bare")}
    stage.sdk.add_breadcrumb(category="order", message="sent", data=data)
    url = f"https://pay.example/cards/{stage.make('breadcrumb address', 'bare')}"
    stage.sdk.add_breadcrumb(
        category="http", type="http", data={"url": url, "method": "GET", "status_code": 200}
    )
    logger.warning("retry for %s", stage.make("breadcrumb of logging", "email"))
    raise OrderError("breadcrumbs")


def message(stage: Stage) -> None:
    """A captured message."""
    stage.sdk.capture_message(f"refund to {stage.make('message', 'iban')} from {stage.make('message', 'ip')}")


def scope(stage: Stage) -> None:
    """Everything that can be set on a scope."""
    stage.sdk.get_isolation_scope().set_extra(
        "order", {"token": stage.make("extra", "keyed"), "note": stage.make("extra", "bare")}
    )
    stage.sdk.set_context(
        "order", {"mail": stage.make("context", "email"), "note": stage.make("context", "bare")}
    )
    stage.sdk.set_tag("customer", stage.make("tag", "email"))
    stage.sdk.set_tag("reference", stage.make("tag", "bare"))
    raise OrderError("scope")


def user(stage: Stage) -> None:
    """Who asked, with more than a pseudonym."""
    stage.sdk.set_tag(stage.tenant_tag, TENANT)
    stage.sdk.set_user(
        {
            "id": USER,
            "email": stage.make("user e-mail", "email"),
            "username": stage.make("user name", "bare"),
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
    stage.sdk.get_isolation_scope().add_attachment(bytes=text.encode(), filename="order.txt")
    raise OrderError("attachment")


def check_in(stage: Stage) -> None:
    """A job that reports, on a scope that knows a customer."""
    stage.sdk.set_context("job", {"mail": stage.make("context of a check-in", "email")})
    capture = importlib.import_module("sentry_sdk.crons").capture_checkin
    capture(monitor_slug="nightly", status="ok")


def settings(stage: Stage) -> None:
    """Secrets of the settings in a text, in a log argument and in a dictionary."""
    for name, secret in stage.secrets.items():
        stage.canaries.add(f"settings.{name}", "secret", secret)
    text = " and ".join(f"({secret})" for secret in stage.secrets.values())
    logger.error("started with %s", text)
    stage.sdk.get_isolation_scope().set_extra("started", dict(stage.secrets))
    raise OrderError(f"cannot connect with {text}")


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
    )
}
