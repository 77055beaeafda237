"""Defects of the metrics that alert rules read, planted around whatever application a project has."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap
from pytest_saas_validate.mutants.rules import NEEDS, found_in

_PAGE = """
class Planted:
    def __init__(self, app):
        self.app = app
        self.paths = set()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] != "METRICS":
            self.paths.add(scope["path"])

        async def planted(message):
            if scope.get("path") == "METRICS" and message["type"] == "http.response.start":
                kept = [(n, v) for n, v in message["headers"] if n.lower() != b"content-length"]
                message = {**message, "headers": kept}
            if scope.get("path") == "METRICS" and message["type"] == "http.response.body":
                message = {**message, "body": self.page(message.get("body", b""))}
            await send(message)

        await self.app(scope, receive, planted)

    def page(self, body):
"""
_COUNTS_ADDRESSES = (
    _PAGE
    + """
        lines = ['planted_requests{path="%s"} 1' % path for path in sorted(self.paths)]
        return body + chr(10).join(lines).encode() + b"\\n" if body else body
"""
)
_RENAMES = (
    _PAGE
    + """
        return body.replace(b"NAME", b"renamed_NAME")
"""
)


@mutant("AL022-address", "a metric is labelled by address", fires="AL022", needs=NEEDS, at="project")
def address_label(edit: Edit) -> None:
    """One series for each object: the server's memory is the limit."""
    backend = edit.spec.backend
    if backend is None or not backend.metrics:
        raise NotPlantable("the project has no metrics page")
    wrap(edit, more=_COUNTS_ADDRESSES.replace("METRICS", backend.metrics))


_COUNTS = """
import hashlib


class Planted:
    def __init__(self, app):
        self.app = app
        self.seen = set()

    async def __call__(self, scope, receive, send):
        metrics = scope.get("path") == "METRICS"
        if scope["type"] in ("http", "websocket") and not metrics:
            headers = {n.decode(): v.decode("latin-1") for n, v in scope["headers"]}
            status = [200]

            async def noted(message):
                status[0] = message.get("status", status[0])
                await send(message)

            try:
                await self.app(scope, receive, noted)
            finally:
                told = LABEL
                if told:
                    self.seen.add(told)
            return

        async def planted(message):
            if metrics and message["type"] == "http.response.start":
                kept = [(n, v) for n, v in message["headers"] if n.lower() != b"content-length"]
                message = {**message, "headers": kept}
            if metrics and message["type"] == "http.response.body" and message.get("body"):
                lines = ['planted_requests{told="%s"} 1' % told for told in sorted(self.seen)]
                message = {**message, "body": message["body"] + chr(10).join([*lines, ""]).encode()}
            await send(message)

        await self.app(scope, receive, planted)
"""


def _counted(id: str, title: str, label: str) -> Mutant:
    """A metric with one series for each value of something that callers choose."""

    @mutant(id, title, fires="AL022", needs=NEEDS, at="project")
    def plant(edit: Edit) -> None:
        backend = edit.spec.backend
        if backend is None or not backend.metrics:
            raise NotPlantable("the project has no metrics page")
        wrap(edit, more=_COUNTS.replace("METRICS", backend.metrics).replace("LABEL", label))

    return plant


UNROUTED = _counted(
    "AL022-unrouted",
    "what no route answers is labelled by address",
    'scope["path"] if status[0] == 404 else ""',
)
HASHED = _counted(
    "AL022-hashed",
    "a metric is labelled by a digest of the address",
    'hashlib.sha256(scope["path"].encode()).hexdigest()[:8]',
)
METHODS = _counted("AL022-method", "a metric is labelled by any method", 'scope.get("method", "")')
HOSTS = _counted("AL022-host", "a metric is labelled by the Host header", 'headers.get("host", "")')
QUERIES = _counted("AL022-query", "a metric is labelled by the query", 'scope["query_string"].decode()')
SOCKETS = _counted(
    "AL022-websocket",
    "websockets are labelled by address",
    'scope["path"] if scope["type"] == "websocket" else ""',
)
CLIENTS = _counted(
    "AL022-client", "a metric is labelled by the caller's program", 'headers.get("user-agent", "")'
)


@mutant("AL007-app", "the application stops exporting a metric", fires="AL007", needs=NEEDS, at="project")
def not_exported(edit: Edit) -> None:
    """As an upgrade of the metrics library that renames it."""
    backend = edit.spec.backend
    if backend is None or not backend.metrics:
        raise NotPlantable("the project has no metrics page")
    metric = found_in(edit, r"^([a-z_]+) [=<>]")
    wrap(edit, more=_RENAMES.replace("METRICS", backend.metrics).replace("NAME", metric))
