"""Defects of token checks and of health pages."""

from __future__ import annotations

import textwrap

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap

# What the wrapper is told of the stack; the engine fills the names in.
ENVIRONMENT = {"PLANTED_ISSUER": "${issuer}", "PLANTED_AUDIENCE": "${audience}"}
# A token that the project forgives is signed anew without its flaw, so that the project lets it in.
SIGNING = """
import base64
import time

ISSUER, AUDIENCE = os.environ["PLANTED_ISSUER"], os.environ["PLANTED_AUDIENCE"]


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(claims):
    body = json.dumps({"claims": claims}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(ISSUER + "/token", data=body, timeout=10) as answer:
        return b"Bearer " + answer.read()
"""
_FORGIVING = '''
def forgiven(value):
    """The header's value, or another one when the token has the flaw."""
    try:
        header, claims = (decoded(part) for part in value.decode().partition(" ")[2].split(".")[:2])
    except ValueError:
        return value
{repair}
    return signed(claims)


class Planted(Planted):
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            lines = [(n, forgiven(v) if n == b"authorization" else v) for n, v in scope["headers"]]
            scope = {{**scope, "headers": lines}}
        await super().__call__(scope, receive, send)
'''


def _forgives(id: str, title: str, repair: str) -> Mutant:
    """A mutant that lets tokens with one flaw in; `repair` returns the value of every other token."""

    def plant(edit: Edit) -> None:
        code = textwrap.dedent(repair).strip().replace("TENANT", repr(edit.spec.identity.tenant_claim))
        text = SIGNING + _FORGIVING.format(repair=textwrap.indent(code, "    "))
        wrap(edit, more=text, environment=ENVIRONMENT)

    return mutant(id, title, fires="ID002", at="project")(plant)


AUDIENCE = _forgives(
    "ID002-audience",
    "the audience is not checked",
    """
    if claims.get("aud") == AUDIENCE:
        return value
    claims["aud"] = AUDIENCE
    """,
)
AUDIENCE_PART = _forgives(
    "ID002-audience-part",
    "the audience is looked for inside of the configured text",
    """
    told = claims.get("aud")
    if not isinstance(told, str) or told == AUDIENCE or told not in AUDIENCE:
        return value
    claims["aud"] = AUDIENCE
    """,
)
OWN_KEY = _forgives(
    "ID002-own-key",
    "a token may bring the key that it is checked with",
    """
    if "jwk" not in header:
        return value
    """,
)
EXTENSION = _forgives(
    "ID002-extension",
    "an extension that nobody understands is passed over",
    """
    if "crit" not in header:
        return value
    """,
)
ISSUER = _forgives(
    "ID002-issuer",
    "the issuer is not checked",
    """
    if claims.get("iss") == ISSUER:
        return value
    claims["iss"] = ISSUER
    """,
)
EXPIRY = _forgives(
    "ID002-expiry",
    "expired tokens are accepted",
    """
    if claims.get("exp", time.time() + 60) > time.time():
        return value
    claims["exp"] = int(time.time()) + 60
    """,
)
NONE = _forgives(
    "ID002-none",
    "the algorithm none is accepted",
    """
    if header.get("alg") != "none":
        return value
    """,
)
SIGNATURE = _forgives(
    "ID002-signature",
    "the signature is not checked",
    """
    ours = claims.get("aud") == AUDIENCE and claims.get("iss") == ISSUER
    now = claims.get("exp", 0) > time.time() and "nbf" not in claims
    if not ours or not now or len(str(claims.get(TENANT))) != 36:
        return value
    """,
)
TENANT = _forgives(
    "ID002-tenant",
    "a token without a tenant gets some tenant",
    """
    if claims.get(TENANT):
        return value
    claims[TENANT] = "6f1c0d5e-7a55-4b55-9c5d-0c5a1a5a9c11"
    """,
)


def _opens(id: str, title: str, method: str, condition: str) -> Mutant:
    """A mutant that asks for no token at one place, and puts a right one in."""

    def plant(edit: Edit) -> None:
        if not edit.spec.routes.create:
            raise NotPlantable("the table names no tenant-owned collection with a body")
        text = SIGNING + _OPENING.format(
            method=method,
            condition=condition,
            tenant=edit.spec.identity.tenant_claim,
        )
        wrap(edit, more=text, environment=ENVIRONMENT)

    return mutant(id, title, fires="ID002", at="project")(plant)


_OPENING = """
import uuid


class Planted(Planted):
    async def __call__(self, scope, receive, send):
        held = dict(scope.get("headers", ())).get(b"authorization")
        if scope["type"] == "http" and scope["method"] == {method!r} and {condition}:
            now = int(time.time())
            claims = dict(iss=ISSUER, aud=AUDIENCE, sub="x", iat=now, exp=now + 60)
            claims[{tenant!r}] = str(uuid.uuid4())
            claims = decoded(held.split(b".")[1].decode()) if held else claims
            kept = [(n, v) for n, v in scope["headers"] if n != b"authorization"]
            scope = {{**scope, "headers": [*kept, (b"authorization", signed(claims))]}}
        await super().__call__(scope, receive, send)
"""
OPEN_CREATE = _opens("ID002-open-create", "whoever creates needs no token", "POST", "not held")
FORGED_DELETE = _opens(
    "ID002-forged-delete",
    "who deletes needs a token, but it may be any",
    "DELETE",
    "held and held.count(b'.') == 2",
)


def _health(change: str, before: str = "") -> str:
    return before + "\n\ndef change(head):\n" + textwrap.indent(textwrap.dedent(change).strip(), "    ")


@mutant("ID007-stub", "readiness says yes without asking", fires="ID007", at="project")
def stub(edit: Edit) -> None:
    """As a page that returns a constant."""
    ready = edit.spec.backend.ready if edit.spec.backend else "/"
    wrap(edit, change=f"if head.path == {ready!r}: head.status = 200")


@mutant("ID007-latch", "readiness never says yes again", fires="ID007", at="project")
def latch(edit: Edit) -> None:
    """As a pool that does not connect anew."""
    ready = edit.spec.backend.ready if edit.spec.backend else "/"
    change = f"""
    if head.path == {ready!r}:
        gone.append(head.status != 200)
        head.status = 503 if any(gone) else 200
    """
    wrap(edit, more=_health(change, "gone = []"))


@mutant("ID007-live", "liveness asks the dependencies", fires="ID007", at="project")
def live(edit: Edit) -> None:
    """As one page for both: the platform restarts what a restart cannot cure."""
    backend = edit.spec.backend
    live, ready = (backend.live, backend.ready) if backend else ("/", "/")
    text = f"""
class Planted(Planted):
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] == {live!r}:
            scope = {{**scope, "path": {ready!r}, "raw_path": {ready!r}.encode()}}
        await super().__call__(scope, receive, send)
"""
    wrap(edit, more=text)
