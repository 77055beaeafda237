"""Scenes about errors: where their texts come from, and what hangs on them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .stage import OrderError, Stage, optional

logger = logging.getLogger("orders")


@dataclass
class Account:
    """What the code that fails may hold a secret in."""

    owner: str
    password: str


@dataclass
class Customer:
    """An object whose repr holds what it was made of."""

    email: str
    token: str


def order(stage: Stage, body: Any) -> None:
    """Frame variables of several kinds, and an error whose text repeats what was sent."""
    password = stage.make("frame variable of a secret name", "keyed")
    remark = f"{stage.make('frame variable', 'bare')} {stage.make('frame variable', 'plain')}"
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


def refuse(stage: Stage, place: str) -> None:
    """Raise an error whose text repeats a secret that a frame of it holds under a telling name."""
    password = stage.make(f"secret of a frame: {place}", "passphrase")
    raise OrderError(f"cannot use {password} here")


def in_mapping(stage: Stage) -> None:
    """The same, where the secret lies in a dictionary inside a list."""
    accounts = [{"owner": "x", "client_secret": stage.make("secret of a frame: dictionary", "passphrase")}]
    raise OrderError(f"cannot use {accounts[0]['client_secret']} here")


def in_object(stage: Stage) -> None:
    """The same, where the secret is an attribute."""
    account = Account("x", stage.make("secret of a frame: object", "passphrase"))
    raise OrderError(f"cannot use {account.password} here")


def in_bytes(stage: Stage) -> None:
    """The same, where the secret is not text."""
    token = stage.make("secret of a frame: bytes", "passphrase").encode()
    raise OrderError(f"cannot use {token!r} here")


def explicit(stage: Stage) -> None:
    """A cause."""
    try:
        refuse(stage, "cause")
    except OrderError as problem:
        raise LookupError("no order") from problem


def implicit(stage: Stage) -> None:
    """An error while another was handled."""
    try:
        refuse(stage, "context")
    except OrderError:
        raise LookupError("no order")  # noqa: B904 - that it has no `from` is the point


def deep(stage: Stage) -> None:
    """A cause of a context of a cause."""
    try:
        implicit_of(stage)
    except LookupError as problem:
        raise ValueError("no customer") from problem


def implicit_of(stage: Stage) -> None:
    """An error while one with a cause was handled."""
    try:
        try:
            refuse(stage, "cause of a context")
        except OrderError as problem:
            raise KeyError("order") from problem
    except KeyError:
        raise LookupError("no order")  # noqa: B904 - as above


def noted(stage: Stage) -> None:
    """A note of an error."""
    password = stage.make("secret of a frame: note", "passphrase")
    problem = OrderError("cannot charge")
    problem.add_note(f"it was tried with {password} only")
    raise problem


def grouped(stage: Stage) -> None:
    """Errors of tasks that ran side by side, one of them with a cause, one in a group inside the group."""
    inner = ExceptionGroup("some", caught([lambda: refuse(stage, "group in a group")]))
    tasks = [lambda: refuse(stage, "group"), lambda: explicit_in_group(stage)]
    raise ExceptionGroup("several", [*caught(tasks), inner])


def explicit_in_group(stage: Stage) -> None:
    """A member that failed while another error was handled."""
    try:
        refuse(stage, "context in a group")
    except OrderError:
        raise LookupError("no order")  # noqa: B904 - as above


def caught(tasks: Iterable[Callable[[], object]]) -> list[Exception]:
    """What the tasks raise."""
    raised: list[Exception] = []
    for task in tasks:
        try:
            task()
        except Exception as problem:
            raised.append(problem)
    return raised


def logged(stage: Stage) -> None:
    """An error that is logged and not raised on."""
    try:
        refuse(stage, "logged error")
    except OrderError:
        logger.exception("caught")


def modelled(stage: Stage) -> None:
    """The secret in a model of pydantic, once hidden by it."""
    pydantic: Any = importlib.import_module("pydantic")
    model = pydantic.create_model("Login", password=(str, ...), token=(pydantic.SecretStr, ...))
    login = model(
        password=stage.make("secret of a frame: model", "passphrase"),
        token=stage.make("secret of a frame: hidden field", "passphrase"),
    )
    raise OrderError(f"cannot use {login.password} or {login.token.get_secret_value()} here")


def frames(stage: Stage) -> None:
    """Each of them, reported, then the last one unhandled."""
    several = [explicit, implicit, deep, noted, grouped, in_mapping, in_object, in_bytes]
    if optional("pydantic"):
        several.append(modelled)
    for fail in several:
        try:
            fail(stage)
        except Exception as problem:
            stage.sdk.capture_exception(problem)
    logged(stage)
    refuse(stage, "unhandled error")
