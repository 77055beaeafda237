"""Defects of CORS, caching, cookies, and of what a body tells."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, mutant
from pytest_saas_validate.mutants.asgi import altered, wrap

REFLECTED = altered(
    "SH022-reflected",
    "every origin is sent back, with credentials",
    """
    if head.asked('origin'):
        head.put('access-control-allow-origin', head.asked('origin'))
        head.put('access-control-allow-credentials', 'true')
    """,
    fires={"SH022", "SH023"},
)
LOOK_ALIKE = altered(
    "SH022-look-alike",
    "origins that begin like the allowed one pass, and null, which every sandboxed page has",
    """
    origin = head.asked('origin')
    if head.method != 'OPTIONS' and (origin == 'null' or origin.endswith('.stranger.invalid')):
        head.put('access-control-allow-origin', origin)
    """,
    fires="SH022",
)
WILDCARD = altered(
    "SH022-wildcard",
    "every origin passes, with credentials",
    """
    if head.asked('origin') and head.method != 'OPTIONS':
        head.put('access-control-allow-origin', '*')
        head.put('access-control-allow-credentials', 'true')
    """,
    fires="SH022",
)
ERROR_UNREADABLE = altered(
    "SH023-error-unreadable",
    "errors leave the stack before CORS sees them",
    "if head.status >= 500: head.drop('access-control-allow-origin')",
    fires="SH023",
)
REFUSAL_ALLOWS = altered(
    "SH023-refusal-allows",
    "a refused preflight names an origin all the same",
    "if head.method == 'OPTIONS' and head.status >= 400: head.put('access-control-allow-origin', '*')",
    fires="SH023",
)
STORED = altered(
    "SH018-stored",
    "private answers may be kept, and a session cookie has no attribute",
    """
    if head.get('cache-control'):
        head.put('cache-control', 'private, max-age=60')
    if head.status < 300:
        head.add('set-cookie', 'session=opaque')
    """,
    fires={"SH018", "SH024"},
)
ERRORS_STORED = altered(
    "SH018-errors-stored",
    "errors say nothing of caches",
    "if head.status >= 400: head.drop('cache-control')",
    fires="SH018",
)
WIDE_COOKIE = altered(
    "SH024-no-prefix",
    "a cookie could be bound to the host and is not",
    "head.add('set-cookie', 'session=opaque; Path=/; Secure; HttpOnly; SameSite=Lax')",
    fires="SH024",
)

_PAGES = """
class Planted(Planted):
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] in {paths!r}:
            scope = {{**scope, "path": {public!r}, "raw_path": {public!r}.encode()}}
        await super().__call__(scope, receive, send)
"""

_BODY = """
class Planted(Planted):
    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = b""

        async def read():
            nonlocal asked
            message = await receive()
            asked += message.get("body", b"")
            return message

        held = []

        async def change(message):
            if message["type"] == "http.response.start" and {condition}:
                held.append(message)
            elif held and message["type"] == "http.response.body":
                start = held.pop()
                body = message.get("body", b"") + {addition}
                lines = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
                await send({{**start, "headers": [*lines, (b"content-length", str(len(body)).encode())]}})
                await send({{**message, "body": body}})
            else:
                await send(message)

        await self.app(scope, read, change)
"""


def _served(edit: Edit, *paths: str) -> None:
    wrap(edit, more=_PAGES.format(paths=paths, public=edit.spec.routes.public))


@mutant("SH026-docs", "the interactive documentation is served in production", fires="SH026", at="project")
def docs(edit: Edit) -> None:
    """As without a switch."""
    _served(edit, "/docs", "/openapi.json")


@mutant("SH026-test-route", "a test route is mounted in production", fires="SH026", at="project")
def left_over(edit: Edit) -> None:
    """As left over by a developer."""
    _served(edit, "/debug")


@mutant("SH037-echo", "validation errors repeat the input", fires="SH037", at="project")
def echo(edit: Edit) -> None:
    """As the framework's own handler does."""
    wrap(edit, more=_BODY.format(condition="message['status'] in (400, 422)", addition="asked"))


@mutant("SH038-trace", "an error shows its stack trace", fires="SH038", at="project")
def trace(edit: Edit) -> None:
    """As a debug switch does."""
    text = 'b\'\\n{"trace": "Traceback (most recent call last): File main.py"}\''
    wrap(edit, more=_BODY.format(condition="message['status'] >= 500", addition=text))


@mutant("SH038-statement", "an error shows the statement that failed", fires="SH038", at="project")
def statement(edit: Edit) -> None:
    """As str(exception) of a database driver does."""
    text = "b' ProgrammingError: SELECT title FROM todos'"
    wrap(edit, more=_BODY.format(condition="message['status'] >= 500", addition=text))
