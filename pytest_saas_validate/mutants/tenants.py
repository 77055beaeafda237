"""Defects of tenant isolation in the application."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap
from pytest_saas_validate.mutants.identity import ENVIRONMENT, SIGNING

# Remembers who asked, and serves some requests in the name of somebody else.
_BORROWING = """
known = []  # Authorization of everyone who was let in
made = []  # and of everyone who created something


class Planted(Planted):
    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = dict(scope["headers"]).get(b"authorization", b"")
        body = b""
        while own:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer, failure = [], None
        for asker in await self.askers(scope, own, body):
            answer, failure = await self.served(scope, asker, body, receive if not own else None)
            if answer[0]["status"] != 404:
                break
        if own and answer[0]["status"] < 300:
            known.append(own)
            made.extend([own] if scope["method"] == "POST" else [])
        for message in answer:
            await send(message)
        if failure:
            raise failure

    async def served(self, scope, asker, body, receive):
        lines = [(n, asker if n == b"authorization" else v) for n, v in scope["headers"]]
        answer = []

        async def read():
            return {{"type": "http.request", "body": body, "more_body": False}}

        async def keep(message):
            answer.append(message)

        try:
            await self.app({{**scope, "headers": lines}}, receive or read, keep)
        except Exception as failure:
            if not answer:
                raise
            return answer, failure
        return answer, None

    async def askers(self, scope, own, body):
        below = scope["path"].startswith({collection!r} + "/")
        method = scope["method"]
{askers}
        return [own]
"""


def _borrows(id: str, title: str, askers: str) -> Mutant:
    """A mutant that serves in the name of others; `askers` may return a list to try until one is not 404."""

    def plant(edit: Edit) -> None:
        collection = edit.spec.routes.collection
        if not collection:
            raise NotPlantable("the table names no tenant-owned collection")
        column = edit.spec.database.tenant_column if edit.spec.database else ""
        code = askers.format(
            collection=collection, column=column, claim=edit.spec.identity.tenant_claim
        ).strip()
        text = SIGNING + _BORROWING.format(collection=collection, askers="        " + code)
        wrap(edit, more=text, environment=ENVIRONMENT)

    return mutant(id, title, fires="ID004", at="project")(plant)


READ = _borrows(
    "ID004-read",
    "an object is read whosesoever it is",
    """if below and method == "GET": return [own, *known]""",
)
UPDATE = _borrows(
    "ID004-update",
    "an object is overwritten whosesoever it is",
    """if below and method in ("PUT", "PATCH"): return [own, *known]""",
)
DELETE = _borrows(
    "ID004-delete",
    "an object is deleted whosesoever it is",
    """if below and method == "DELETE": return [own, *known]""",
)
LIST = _borrows(
    "ID004-list",
    "a tenant without objects sees another's list",
    """if method == "GET" and scope["path"] == {collection!r} and own and made and own not in made:
            answer, _ = await self.served(scope, own, body, None)
            return [made[-1] if answer[0]["status"] == 200 else own]""",
)
CREATE = _borrows(
    "ID004-create",
    "the body says whose the new object is",
    """if method == "POST" and {column!r}.encode() in body:
            claims = decoded(own.decode().split(".")[1])
            return [signed({{**claims, {claim!r}: json.loads(body)[{column!r}]}})]""",
)


HEADER = _borrows(
    "ID004-header",
    "a header says whose the list is",
    """named = dict(scope["headers"]).get(b"x-tenant-id")
        if named and own:
            claims = decoded(own.decode().split(".")[1])
            return [signed({{**claims, {claim!r}: named.decode()}})]""",
)
MOVED = _borrows(
    "ID004-moved",
    "who changes its own object may give it away",
    """if method in ("PUT", "PATCH") and below and {column!r}.encode() in body:
            claims = decoded(own.decode().split(".")[1])
            scope.update(method="POST", path={collection!r}, raw_path={collection!r}.encode())
            return [signed({{**claims, {claim!r}: json.loads(body)[{column!r}]}})]""",
)
_TELLING = """
made = []  # identifiers of everything that was created


class Planted(Planted):
    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = bytearray()
        status = 0

        async def change(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                lines = [(n, v) for n, v in message["headers"] if n.lower() != b"content-length"]
                taken = scope["method"] == "POST" and any(one.encode() in asked for one in made)
                message = {{**message, "headers": lines, "status": 409 if {taken} and taken else status}}
            elif status == 201 and scope["method"] == "POST":
                made.append(json.loads(message["body"]).get("id", "-"))
            elif {other} and status == 404 and scope["path"].rpartition("/")[2] in made:
                message = {{**message, "body": message["body"] + b" (of another tenant)"}}
            await send(message)

        await self.app(scope, remembering(receive, asked), change)
"""


@mutant("ID004-told", "the text of 404 says that the object is another tenant's", fires="ID004", at="project")
def told(edit: Edit) -> None:
    """As an error message for people who debug."""
    wrap(edit, more=_TELLING.format(taken=False, other=True))


@mutant("ID004-taken", "an identifier that another tenant uses is taken", fires="ID004", at="project")
def taken(edit: Edit) -> None:
    """As a unique key that knows no tenant."""
    wrap(edit, more=_TELLING.format(taken=True, other=False))


@mutant("ID004-forbidden", "another tenant's object is forbidden, not absent", fires="ID004", at="project")
def forbidden(edit: Edit) -> None:
    """As a comparison after the row was read."""
    if not edit.spec.routes.collection:
        raise NotPlantable("the table names no tenant-owned collection")
    below = edit.spec.routes.collection + "/"
    wrap(edit, change=f"if head.status == 404 and head.path.startswith({below!r}): head.status = 403")
