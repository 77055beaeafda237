"""Defects of answers: a module beside the application that wraps whatever it is, factory or not."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant

_MODULE = "planted_defect"

# What every wrapper shares. `change` sees the head of each answer; `Planted` may be replaced as a whole.
_WRAPPER = '''\
"""A planted defect around the application."""

import importlib
import json
import os
import urllib.request


class Head:
    """The head of one answer: its request (scope), its status and its header lines."""

    def __init__(self, scope, message):
        self.scope = scope
        self.path = scope["path"]
        self.method = scope.get("method", "GET")
        self.https = scope["scheme"] in ("https", "wss")
        self.message = message
        self.status = message["status"]
        self.lines = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]

    def asked(self, name):
        return next((v.decode() for n, v in self.scope["headers"] if n == name.encode()), "")

    def get(self, name):
        return next((v.decode() for n, v in self.lines if n == name.encode()), "")

    def add(self, name, value):
        self.lines.append((name.encode(), value.encode()))

    def drop(self, *names):
        self.lines = [(n, v) for n, v in self.lines if n.decode() not in names]

    def put(self, name, value):
        self.drop(name)
        self.add(name, value)


def remembering(receive, asked):
    """A `receive` that adds the request's body to `asked`, a bytearray."""

    async def read():
        message = await receive()
        asked.extend(message.get("body", b""))
        return message

    return read


def change(head):
    """Alter one answer."""
{change}


class Planted:
    """The application with its defect."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def planted(message):
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                head = Head(scope, message)
                change(head)
                message = {{**message, "status": head.status, "headers": head.lines}}
            await send(message)

        await self.app(scope, receive, planted)


{more}


def create_app():
    """Build the application as the project does, and wrap it."""
    value = importlib.import_module({module!r})
    for name in {attribute!r}.split("."):
        value = getattr(value, name)
    return Planted(value() if {factory!r} else value)
'''


def wrap(
    edit: Edit, *, change: str = "pass", more: str = "", environment: Mapping[str, str] | None = None
) -> None:
    """Put a wrapper before the application; raises NotPlantable when its module is not where it is started.

    `change` is the body of a function of `head`; `more` may define `Planted` anew; `environment` holds
    further variables of the backend, in which the engine fills in ${names}.
    """
    backend = edit.spec.backend
    if backend is None:
        raise NotPlantable("the project has no backend")
    module, _, attribute = backend.app.partition(":")
    top = f"{backend.path}/{module.split('.')[0]}"
    if not any(name.startswith((top + "/", top + ".py")) for name in edit.files):
        raise NotPlantable(f"{backend.app} is not below {backend.path}")
    text = _WRAPPER.format(
        change=textwrap.indent(textwrap.dedent(change).strip(), "    "),
        more=textwrap.dedent(more).strip(),
        module=module,
        attribute=attribute or "app",
        factory=backend.factory,
    )
    edit.write(f"{backend.path}/{_MODULE}.py", text)
    edit.respec(
        backend=replace(
            backend,
            app=f"{_MODULE}:create_app",
            factory=True,
            environment={**backend.environment, **(environment or {})},
        )
    )


def altered(
    id: str, title: str, change: str, *, fires: str | Iterable[str], also: Iterable[str] = ()
) -> Mutant:
    """A mutant that changes the head of answers."""
    plant: Callable[[Edit], None] = lambda edit: wrap(edit, change=change)  # noqa: E731
    return mutant(id, title, fires=fires, also=also, at="project")(plant)
