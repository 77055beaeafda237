"""Defects of caching and cookies, and of what a body tells."""

from __future__ import annotations

from collections.abc import Callable

from pytest_saas_validate.mutants import Edit, Mutant, mutant
from pytest_saas_validate.mutants.asgi import altered, wrap

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
STORED_BETWEEN = altered(
    "SH018-stored-between",
    "a delivery network is told to keep what browsers must not",
    "head.put('cdn-cache-control', 'max-age=60')",
    fires="SH018",
)
SHARED_COOKIE = altered(
    "SH024-domain",
    "a cookie goes to every host of the domain",
    "head.add('set-cookie', 'session=opaque; Domain=example.test; Path=/; Secure; HttpOnly; SameSite=Lax')",
    fires="SH024",
)
FAILING_ROUTE = altered(
    "SH026-failing-route",
    "the route that tries the error report out is mounted in production",
    "if head.path == '/sentry-debug': head.status = 500",
    fires="SH026",
)
NAMED_IN_HEAD = altered(
    "SH038-head",
    "a header of every refusal names the exception",
    "if head.status >= 400: head.put('x-error', 'app.errors.NotFoundError')",
    fires="SH038",
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
        asked = bytearray()
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

        await self.app(scope, remembering(receive, asked), change)
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


def _says(id: str, title: str, condition: str, addition: str, fires: str) -> Mutant:
    """A mutant whose bodies say more; both are expressions of `message`, `scope` and `asked` (the body)."""
    text = _BODY.format(condition=condition, addition=addition)
    plant: Callable[[Edit], None] = lambda edit: wrap(edit, more=text)  # noqa: E731
    return mutant(id, title, fires=fires, at="project")(plant)


_REFUSED = "message['status'] in (400, 422)"
_FAILED = "message['status'] >= 500"
_AWAY = "message['status'] == 503"
ECHO = _says("SH037-echo", "validation errors repeat the input", _REFUSED, "asked", "SH037")
ECHO_NUL = _says(
    "SH037-nul",
    "the message of one validator quotes the text that it refuses",
    _REFUSED + " and b'u0000' in asked",
    "asked",
    "SH037",
)
ECHO_CUT = _says(
    "SH037-cut",
    "a validator quotes the beginning of what it refuses, in capitals",
    _REFUSED + " and len(asked) > 9999",
    "asked.partition(b'\": \"')[2][:9].upper()",
    "SH037",
)
ECHO_QUERY = _says(
    "SH037-query", "a wrong query is repeated", "message['status'] >= 400", "scope['query_string']", "SH037"
)
ECHO_ADDRESS = _says(
    "SH037-address",
    "a wrong identifier is repeated",
    _REFUSED,
    "scope['path'].rpartition('/')[2].encode()",
    "SH037",
)
ECHO_HOST = _says(
    "SH037-host", "a foreign host is repeated", _REFUSED, "dict(scope['headers'])[b'host']", "SH037"
)
ECHO_FAILURE = _says("SH037-failure", "a failure repeats what failed", _FAILED, "asked", "SH037")
TRACE = _says(
    "SH038-trace",
    "an error shows its stack trace",
    _FAILED,
    'b\'\\n{"trace": "Traceback (most recent call last): File main.py"}\'',
    "SH038",
)
STATEMENT = _says(
    "SH038-statement",
    "an error shows the statement that failed",
    _FAILED,
    "b' ProgrammingError: SELECT title FROM todos'",
    "SH038",
)
REASON = _says(
    "SH038-reason",
    "readiness says why a dependency does not answer",
    _AWAY,
    "b' [Errno 111] Connect call failed'",
    "SH038",
)
ADDRESS = _says(
    "SH038-address", "readiness says where its dependencies are", _AWAY, "b' database: 10.2.0.7'", "SH038"
)


@mutant("SH038-configured", "a failure says where the database is", fires="SH038", at="project")
def configured(edit: Edit) -> None:
    """As a driver that puts its address into every message."""
    addition = "b' ' + os.environ['PLANTED_DATABASE'].encode()"
    told = {"PLANTED_DATABASE": "${database_host}:${database_port}"}
    wrap(edit, more=_BODY.format(condition=_FAILED, addition=addition), environment=told)
