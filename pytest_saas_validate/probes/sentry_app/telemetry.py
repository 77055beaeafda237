"""Scenes that are about spans, structured logs and metrics."""

from __future__ import annotations

import http.client
import importlib
from urllib.parse import quote

from .stage import OrderError, Stage, optional


def outgoing(stage: Stage) -> None:
    """Requests to another server, by the standard library and by httpx."""
    name = quote(stage.make("outgoing path", "plain"))
    path = (
        f"/cards/{stage.make('outgoing path', 'bare')}/{name}?api_key={stage.make('outgoing query', 'keyed')}"
    )
    connection = http.client.HTTPConnection("127.0.0.1", stage.listener, timeout=5)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()
    try:
        httpx = importlib.import_module("httpx")
    except ImportError:
        raise OrderError("outgoing") from None
    mail = stage.make("outgoing address of httpx", "email")
    with httpx.Client(trust_env=False) as client:
        client.get(
            f"http://127.0.0.1:{stage.listener}/people/{mail}",
            params={
                "q": stage.make("outgoing query of httpx", "bare"),
                "name": stage.make("outgoing query of httpx", "plain"),
            },
        )
    raise OrderError("outgoing")


def sql(stage: Stage) -> None:
    """Statements with literals and parameters, and a database error that repeats both."""
    mail, name = stage.make("SQL literal", "email"), stage.make("SQL literal", "bare")
    statement = f"SELECT 1 WHERE 'a' = '{mail}' OR 'b' = '{name}'"
    stage.span(
        "db.sql.query", statement, {"db.system": "sqlite", "db.params": [stage.make("SQL parameter", "bare")]}
    )
    driver(stage)
    try:
        sqlalchemy = importlib.import_module("sqlalchemy")
        engine = sqlalchemy.create_engine("sqlite://")
    except ImportError:
        raise OrderError(f"cannot run {stage.make('database error', 'email')}") from None
    with engine.connect() as connection:
        for kind in ("bare", "plain"):
            literal = stage.make("SQL literal by SQLAlchemy", kind)
            connection.execute(sqlalchemy.text(f"SELECT 1 WHERE 'a' = '{literal}'"))
        wrong = sqlalchemy.text("INSERT INTO nowhere (mail) VALUES (:mail)")
        try:
            connection.execute(wrong, {"mail": stage.make("database error", "plain")})
        except sqlalchemy.exc.SQLAlchemyError as problem:
            stage.sdk.capture_exception(problem)
        connection.execute(wrong, {"mail": stage.make("database error", "email")})


def driver(stage: Stage) -> None:
    """What the driver of a database says about values that it or the server refuses."""
    asyncpg = optional("asyncpg")
    if asyncpg is None:
        return
    name = stage.make("error of a driver", "plain")
    detail = f"Key (name)=({stage.make('detail of an error of a server', 'plain')}) already exists."
    for problem in (
        asyncpg.DataError(f"invalid input for query argument $1: '{name}' (an integer is required)"),
        asyncpg.UniqueViolationError(
            f'duplicate key value violates unique constraint "u"\nDETAIL:  {detail}'
        ),
    ):
        try:
            raise problem
        except Exception as raised:
            stage.sdk.capture_exception(raised)


def spans(stage: Stage) -> None:
    """Spans of the app's own, one of them about a language model."""
    name = f"mail {stage.make('span name', 'email')}"
    stage.span(
        "task",
        name,
        {
            "password": stage.make("span data", "keyed"),
            "note": stage.make("span data", "bare"),
            "customer": stage.make("span data", "plain"),
        },
    )
    root = getattr(stage.sdk.get_current_span(), "containing_transaction", None)
    if root is not None:
        root.set_data("customer", stage.make("data of a transaction", "plain"))
        root.set_tag("customer", stage.make("tag of a transaction", "plain"))
    ask = {
        "gen_ai.request.model": "m",
        "gen_ai.request.messages": stage.make("prompt of a language model", "bare"),
    }
    stage.span("gen_ai.chat", "chat m", ask)


def structured_log(stage: Stage) -> None:
    """Structured logs of the SDK's own."""
    log = importlib.import_module("sentry_sdk.logger")
    scope = stage.sdk.get_isolation_scope()
    if hasattr(scope, "set_attribute"):
        scope.set_attribute("customer.name", stage.make("attribute of a scope", "plain"))
    log.error("mail to {mail} bounced", mail=stage.make("structured log", "email"))
    log.error("order lost", attributes={"api_key": stage.make("structured log attribute", "keyed")})
    log.error("order lost", attributes={"note": stage.make("structured log attribute", "bare")})
    log.error("letter to {name} returned", name=stage.make("structured log", "plain"))
    person = {
        "customer": stage.make("structured log attribute", "plain"),
        "user.id": stage.make("user.id of a structured log", "identity"),
        "enduser.id": stage.make("enduser.id of a structured log", "identity"),
        "user.name": stage.make("user.name of a structured log", "plain"),
        "client.address": stage.make("client.address of a structured log", "ip"),
    }
    log.error("order lost", attributes=person)


def metric(stage: Stage) -> None:
    """Metrics with attributes."""
    metrics = importlib.import_module("sentry_sdk.metrics")
    metrics.count("orders", 1, attributes={"customer": stage.make("metric attribute", "email")})
    metrics.count("orders", 1, attributes={"token": stage.make("metric attribute", "keyed")})
    person = {
        "customer": stage.make("metric attribute", "plain"),
        "user.id": stage.make("user.id of a metric", "identity"),
        "enduser.id": stage.make("enduser.id of a metric", "identity"),
        "user.email": stage.make("user.email of a metric", "email"),
    }
    metrics.count("orders", 1, attributes=person)
