"""Defects of the metrics that alert rules read, planted around whatever application a project has."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
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


@mutant("AL007-app", "the application stops exporting a metric", fires="AL007", needs=NEEDS, at="project")
def not_exported(edit: Edit) -> None:
    """As an upgrade of the metrics library that renames it."""
    backend = edit.spec.backend
    if backend is None or not backend.metrics:
        raise NotPlantable("the project has no metrics page")
    metric = found_in(edit, r"^([a-z_]+) [=<>]")
    wrap(edit, more=_RENAMES.replace("METRICS", backend.metrics).replace("NAME", metric))
