"""A module beside the application that starts error reporting as the project does, then weakens it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import replace

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap

MODULE = "planted_reporting"

# `weaken` gets the options of the live client and the settings (None inside the running application).
_TEXT = '''\
"""A planted defect of error reporting."""

import hashlib
import importlib
import pickle

{start}


def around(options, name, change):
    """Let `change(raw, clean, hint)` decide what a hook returns."""
    inner = options.get(name) or (lambda item, hint: item)

    def hook(item, hint):
        raw = pickle.loads(pickle.dumps(item))
        return change(raw, inner(item, hint), hint)

    options[name] = hook


def plain_transport():
    """Take away whatever the project put between the client and the wire."""
    transport = importlib.import_module("sentry_sdk").get_client().transport
    own = importlib.import_module("sentry_sdk.transport").HttpTransport
    transport.capture_envelope = own.capture_envelope.__get__(transport)


def values(event):
    """The exceptions of an event."""
    return ((event or {{}}).get("exception") or {{}}).get("values") or []


def frames(event):
    """The frames of all exceptions of an event."""
    return [f for value in values(event) for f in (value.get("stacktrace") or {{}}).get("frames") or []]


def weaken(options, settings):
    """Plant the defect."""
{body}


def weaken_client(settings=None):
    """Plant it in the client that is there."""
    client = importlib.import_module("sentry_sdk").get_client()
    if client.is_active():
        weaken(client.options, settings)


def init(settings):
    """Start as the project does, then plant the defect."""
    value = importlib.import_module({module!r})
    for name in {attribute!r}.split("."):
        value = getattr(value, name)
    value(settings)
    weaken_client(settings)
{end}
'''

_PLANTED = f'''
import {MODULE}


class Planted:
    """The application, whose client is weakened after it was built."""

    def __init__(self, app):
        self.app = app
        {MODULE}.weaken_client()

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
'''


def plant(edit: Edit, body: str, *, start: str = "", end: str = "", running: bool = False) -> None:
    """Write the module and name it as the start-up; with `running` the application itself is weakened too.

    `body` weakens `options`, `start` runs at import, `end` runs at the end of the start-up, client or not.
    """
    backend = edit.spec.backend
    if backend is None or not backend.sentry:
        raise NotPlantable("backend.sentry names no start-up of error reporting")
    module, _, attribute = backend.sentry.partition(":")
    text = _TEXT.format(
        start=textwrap.dedent(start).strip(),
        body=textwrap.indent(textwrap.dedent(body).strip(), "    "),
        end=textwrap.indent(textwrap.dedent(end).strip(), "    "),
        module=module,
        attribute=attribute,
    )
    edit.write(f"{backend.path}/{MODULE}.py", text)
    edit.respec(backend=replace(backend, sentry=f"{MODULE}:init"))
    if running:
        wrap(edit, more=_PLANTED)


def weakened(
    id: str,
    title: str,
    body: str,
    *,
    fires: str | Iterable[str],
    also: Iterable[str] = (),
    running: bool = False,
) -> Mutant:
    """A mutant that weakens the client."""

    def place(edit: Edit) -> None:
        plant(edit, body, running=running)

    place.__doc__ = title
    decorate: Callable[[Callable[..., None]], Mutant] = mutant(
        id, title, fires=fires, also=also, needs={"sentry"}, at="project"
    )
    return decorate(place)
