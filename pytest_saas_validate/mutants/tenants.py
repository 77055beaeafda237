"""Defects of tenant isolation, in the application and in the database."""

from __future__ import annotations

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap
from pytest_saas_validate.mutants.identity import ENVIRONMENT, SIGNING
from pytest_saas_validate.probes.psql import execute, name
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Database

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
            return [made[-1]]""",
)
CREATE = _borrows(
    "ID004-create",
    "the body says whose the new object is",
    """if method == "POST" and {column!r}.encode() in body:
            claims = decoded(own.decode().split(".")[1])
            return [signed({{**claims, {claim!r}: json.loads(body)[{column!r}]}})]""",
)


@mutant("ID004-forbidden", "another tenant's object is forbidden, not absent", fires="ID004", at="project")
def forbidden(edit: Edit) -> None:
    """As a comparison after the row was read."""
    if not edit.spec.routes.collection:
        raise NotPlantable("the table names no tenant-owned collection")
    below = edit.spec.routes.collection + "/"
    wrap(edit, change=f"if head.status == 404 and head.path.startswith({below!r}): head.status = 403")


def _database(project: Project, stack: Stack) -> Database:
    database = project.spec.database
    if database is None or not database.table or "database" not in stack.services:
        raise NotPlantable("there is no database with a tenant-owned table")
    return database


@mutant("ID008-disabled", "row level security is off", fires="ID008", also=["ID004"], at="stack")
def disabled(stack: Stack, project: Project) -> None:
    """As forgotten in a migration."""
    execute(stack, f"ALTER TABLE {name(_database(project, stack).table)} DISABLE ROW LEVEL SECURITY;")


@mutant("ID008-not-forced", "row level security does not bind the owner", fires="ID008", at="stack")
def not_forced(stack: Stack, project: Project) -> None:
    """As with ENABLE alone."""
    execute(stack, f"ALTER TABLE {name(_database(project, stack).table)} NO FORCE ROW LEVEL SECURITY;")


@mutant(
    "ID008-open-policy", "a second policy lets every row through", fires="ID008", also=["ID004"], at="stack"
)
def open_policy(stack: Stack, project: Project) -> None:
    """As left over from a repair: permissive policies add up."""
    table = name(_database(project, stack).table)
    execute(stack, f"CREATE POLICY planted ON {table} USING (true) WITH CHECK (true);")


@mutant(
    "ID008-bypass", "the application's role has BYPASSRLS", fires="ID008", also=["ID004", "ID007"], at="stack"
)
def bypass(stack: Stack, project: Project) -> None:
    """As granted to make a report work. A careful application refuses such a role when it connects anew."""
    execute(stack, f"ALTER ROLE {name(_database(project, stack).app)} BYPASSRLS;")


@mutant("ID008-member", "the application may become a role that sees everything", fires="ID008", at="stack")
def member(stack: Stack, project: Project) -> None:
    """As granted to make a backup from inside the application."""
    app = name(_database(project, stack).app)
    execute(stack, f"CREATE ROLE planted_reader BYPASSRLS; GRANT planted_reader TO {app};")


@mutant("ID008-owner", "the application owns the table", fires="ID008", at="stack")
def owner(stack: Stack, project: Project) -> None:
    """As when the application runs its own migrations."""
    database = _database(project, stack)
    execute(stack, f"ALTER TABLE {name(database.table)} OWNER TO {name(database.app)};")
