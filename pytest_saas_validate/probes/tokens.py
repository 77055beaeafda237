"""Tokens of the stack's issuer: right ones, and one for each flaw."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import textwrap
import time
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.engines.programs.issuer import Key, make_key, sign_token
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.client import TIMEOUT, nobody
from pytest_saas_validate.project import Project

LIFETIME = 600  # seconds
PAST = 3600  # seconds by which an expired token is late: more than any leeway
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")  # AlgorithmIdentifier of an RSA key

Claims = Mapping[str, Any]
FORGED = "the signature of another key"


def good_claims(project: Project, stack: Stack, tenant: str = "") -> dict[str, Any]:
    """What a token must say to be let in, for this tenant or a new one."""
    now = int(time.time())
    return {
        "iss": stack.facts["issuer"],
        "aud": stack.facts["audience"],
        "sub": str(uuid.uuid4()),
        "iat": now,
        "exp": now + LIFETIME,
        project.spec.identity.tenant_claim: tenant or str(uuid.uuid4()),
    }


def has_issuer(stack: Stack) -> bool:
    """Whether tokens can be had here."""
    try:
        return bool(stack.url("issuer"))
    except KeyError:
        return False


def good_token(project: Project, stack: Stack, tenant: str = "") -> str:
    """A token without flaw; empty where nobody issues one."""
    return sign(stack, good_claims(project, stack, tenant)) if has_issuer(stack) else ""


def sign(stack: Stack, claims: Claims, **header: Any) -> str:
    """A token with these claims (None leaves one out); raises ProbeError when the issuer gives none."""
    import httpx

    url = stack.url("issuer") + "/token"
    wanted = {"claims": dict(claims), "header": header}
    try:
        answer = httpx.post(url, json=wanted, timeout=TIMEOUT, trust_env=False, verify=nobody())
    except httpx.HTTPError as problem:
        raise ProbeError(f"the issuer at {url}: {type(problem).__name__}: {problem}") from None
    token = answer.text.strip()
    if answer.status_code != 200 or token.count(".") != 2:
        raise ProbeError(f"the issuer at {url} answers {answer.status_code} without a token")
    return token


def flawed_tokens(project: Project, stack: Stack) -> Iterator[tuple[str, str]]:
    """Each flaw by name, with a token that has only this one."""
    good = good_claims(project, stack)
    tenant, now = project.spec.identity.tenant_claim, int(good["iat"])
    flaws: Mapping[str, Claims] = {
        "the audience of another service": {"aud": good["aud"] + "-other"},
        "no audience": {"aud": None},
        "an empty audience": {"aud": ""},
        "a part of the audience": {"aud": good["aud"][:-1]},
        "several audiences, none ours": {"aud": [good["aud"] + "-other", "another"]},
        "the issuer of another realm": {"iss": good["iss"] + "/other"},
        "an issuer that begins like ours": {"iss": good["iss"] + ".stranger.invalid"},
        "no issuer": {"iss": None},
        "an empty issuer": {"iss": ""},
        "an expiry in the past": {"iat": now - 2 * PAST, "exp": now - PAST},
        "no expiry": {"exp": None},
        "a beginning in the future": {"nbf": now + PAST},
        "no tenant": {tenant: None},
        "an empty tenant": {tenant: ""},
        "a tenant that is none": {tenant: "' OR true --"},
        "a tenant and more": {tenant: f"{good[tenant]} " + "x"},
        "several tenants": {tenant: [good[tenant], str(uuid.uuid4())]},
        "every tenant": {tenant: "*"},
    }
    for flaw, claims in flaws.items():
        yield flaw, sign(stack, {**good, **claims})
    yield "an unknown key id", sign(stack, good, kid="unknown")
    yield "an extension that must be understood", sign(stack, good, crit=["planted"], planted=True)
    token = sign(stack, good)
    header, payload, signature = token.split(".")
    head = json.loads(_decoded(header))
    other = sign(stack, good_claims(project, stack)).split(".")[1]
    yield "a payload that its signature does not cover", f"{header}.{other}.{signature}"
    yield FORGED, forged(good, head)
    own = {**head, "jwk": _foreign_key().public()}
    yield "the key that signed it in its head", forged(good, own)
    yield "the key that signed it, and its id", forged(good, {**own, "kid": own["jwk"]["kid"]})
    yield "no signature", f"{header}.{payload}."
    yield "no parts", "token"
    yield "the algorithm none", f"{_encoded({**head, 'alg': 'none'})}.{payload}."
    secrets = {"the public key as a shared secret": _public_key(stack), "an empty shared secret": b""}
    for flaw, secret in secrets.items():
        body = f"{_encoded({**head, 'alg': 'HS256'})}.{payload}"
        yield flaw, f"{body}.{_text(hmac.digest(secret, body.encode(), hashlib.sha256))}"


def forged(claims: Claims, header: Claims) -> str:
    """A token that a stranger signed."""
    return sign_token(_foreign_key(), {"claims": dict(claims), "header": dict(header)}, "")


def forged_token(project: Project, stack: Stack) -> str:
    """A token that is right but for its signature."""
    token = good_token(project, stack)
    header, payload, _ = token.split(".")
    return forged(json.loads(_decoded(payload)), json.loads(_decoded(header)))


@cache
def _foreign_key() -> Key:
    """A key that no issuer publishes; half a second, once."""
    return make_key()


def _public_key(stack: Stack) -> bytes:
    """The issuer's first key as PEM, the form in which careless code hands it to the verifier as a secret."""
    import httpx

    url = stack.url("issuer") + "/.well-known/jwks.json"
    keys = httpx.get(url, timeout=TIMEOUT, trust_env=False, verify=nobody()).json()
    numbers = b"".join(_integer(_decoded(keys["keys"][0][part])) for part in ("n", "e"))
    info = _der(0x30, _RSA + _der(3, b"\0" + _der(0x30, numbers)))
    lines = textwrap.wrap(base64.b64encode(info).decode(), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]).encode()


def _integer(value: bytes) -> bytes:
    """Positive, in as few bytes as can be: a secret with one more is another secret."""
    return _der(2, (b"\0" if value[0] & 0x80 else b"") + value)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(value: Claims) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
