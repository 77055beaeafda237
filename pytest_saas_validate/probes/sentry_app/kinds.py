"""Scenes about spans and breadcrumbs of each kind that the SDK's integrations make, about what users wrote.

An integration that needs a server is played: what is sent is what it would send.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from .stage import OrderError, Stage

Said = Callable[[str], str]  # from a name of a person to what a span is about
Data = Callable[[str], Mapping[str, Any]]

# Operation -> what is said, and the data beside it; attributes are named as by OpenTelemetry and the SDK.
SPANS: Mapping[str, tuple[Said, Data]] = {
    "db.redis": (
        lambda name: f"SET 'customer:{name}' 'x'",
        lambda name: {"redis.key": f"customer:{name}", "db.redis.value": name, "redis.commands": [name]},
    ),
    "db": (
        lambda name: f"SELECT * FROM people WHERE name = '{name}'",
        lambda name: {
            "db.query.text": f"SELECT * FROM people WHERE name = '{name}'",
            "db.statement": f"SELECT * FROM people WHERE name = '{name}'",
            "db.query.parameter.name": name,
            "db.params": [name],
        },
    ),
    "cache.get": (lambda name: f"customer:{name}", lambda name: {"cache.key": [f"customer:{name}"]}),
    "cache.put": (lambda name: f"customer:{name}", lambda name: {"cache.key": f"customer:{name}"}),
    "http.client": (
        lambda name: f"GET https://pay.example/people/{quote(name)}?name={quote_plus(name)}",
        lambda name: {
            "url": f"https://pay.example/people/{quote(name)}",
            "url.full": f"https://pay.example/people/{quote(name)}?name={quote_plus(name)}#{quote(name)}",
            "url.query": f"name={quote_plus(name)}",
            "url.fragment": quote(name),
            "url.path": f"/people/{quote(name)}",
            "http.url": f"https://pay.example/people/{quote(name)}",
            "http.target": f"/people/{quote(name)}",
            "http.query": f"name={quote_plus(name)}",
            "http.fragment": quote(name),
            "http.request.header.x-note": [name],
            "http.request.body.data": name,
            "http.response.header.x-note": name,
        },
    ),
    "subprocess": (
        lambda name: f"send-letter --to {name}",
        lambda name: {
            "subprocess.cwd": f"/home/{name}",
            "process.command_line": f"send-letter --to {name}",
            "process.command_args": ["send-letter", "--to", name],
        },
    ),
    "queue.publish": (
        lambda name: f"letters to {name}",
        lambda name: {"messaging.message.body": name, "messaging.message.id": f"letter to {name}"},
    ),
    "queue.task.celery": (lambda name: f"letters to {name}", lambda name: {"celery.args": [name]}),
    "gen_ai.invoke_agent": (
        lambda name: f"invoke_agent {name}",
        lambda name: {
            "gen_ai.input.messages": name,
            "gen_ai.request.messages": name,
            "gen_ai.response.text": name,
            "gen_ai.tool.input": name,
            "gen_ai.tool.output": name,
            "gen_ai.system_instructions": name,
        },
    ),
    "graphql.query": (
        lambda name: "query Person",
        lambda name: {"graphql.document": f'{{person(name: "{name}") {{id}}}}', "graphql.variables": name},
    ),
    "mcp.server": (
        lambda name: "tools/call search",
        lambda name: {"mcp.request.argument.name": name, "mcp.tool.result.content": name},
    ),
    "file.read": (lambda name: "read", lambda name: {"file.path": f"/uploads/{name}.pdf"}),
}
# Category -> type, what is said, and the data beside it.
CRUMBS: Mapping[str, tuple[str, Said, Data]] = {
    "redis": (
        "redis",
        lambda name: f"GET 'customer:{name}'",
        lambda name: {"db.operation": "GET", "redis.key": f"customer:{name}", "redis.command": f"GET {name}"},
    ),
    "query": (
        "default",
        lambda name: f"SELECT * FROM people WHERE name = '{name}'",
        lambda name: {"db.params": [name], "db.query.text": f"SELECT '{name}'"},
    ),
    "subprocess": (
        "subprocess",
        lambda name: f"send-letter --to {name}",
        lambda name: {"subprocess.cwd": f"/home/{name}", "args": [name]},
    ),
    "httplib": (
        "http",
        lambda name: "GET",
        lambda name: {
            "url": f"https://pay.example/people/{quote(name)}",
            "http.query": f"name={quote_plus(name)}",
            "http.fragment": quote(name),
            "reason": name,
            "method": "GET",
            "status_code": 200,
        },
    ),
    "navigation": ("navigation", lambda name: "", lambda name: {"from": f"/{name}", "to": f"/{name}"}),
}


def kinds(stage: Stage) -> None:
    """One span and one breadcrumb of each kind, and an event that carries the breadcrumbs."""
    run_program(stage)
    for operation, (said, data) in SPANS.items():
        inside = data(stage.make(f"{operation} span: data", "plain"))
        stage.span(operation, _about(stage, said, f"{operation} span: description"), inside)
    for category, (type_, said, data) in CRUMBS.items():
        inside = data(stage.make(f"{category} breadcrumb: data", "plain"))
        message = _about(stage, said, f"{category} breadcrumb: message")
        stage.sdk.add_breadcrumb(category=category, type=type_, message=message, data=inside)
    raise OrderError("kinds")


def _about(stage: Stage, said: Said, place: str) -> str:
    """What is said, with a canary where it is said of somebody."""
    return said(stage.make(place, "plain")) if said("a") != said("b") else said("")


def run_program(stage: Stage) -> None:
    """A program that does nothing, with an argument that names a person."""
    name = stage.make("argument of a program", "plain")
    program = [shutil.which("true")] if shutil.which("true") else [sys.executable, "-I", "-S", "-c", "pass"]
    subprocess.run([*program, name], check=False)


def people(stage: Stage) -> None:
    """What tells who somebody is, beside a span, a log line and a metric."""
    data = {
        "user.id": stage.make("user.id of a span", "identity"),
        "enduser.id": stage.make("enduser.id of a span", "identity"),
        "user.name": stage.make("user.name of a span", "plain"),
        "user.email": stage.make("user.email of a span", "email"),
        "client.address": stage.make("client.address of a span", "ip"),
    }
    stage.span("task", "people", data)
