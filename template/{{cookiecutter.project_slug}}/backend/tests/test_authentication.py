"""Which tokens are refused, and how."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from devservices.identity import ALGORITHM, Identity
from tests.support import TODOS, NewSettings, bearer, served

Forge = Callable[[Identity, dict[str, Any]], str]


def signed(**changes: object) -> Forge:
    """Sign with the right key, but say something else; None leaves a claim out."""

    def forge(identity: Identity, claims: dict[str, Any]) -> str:
        merged = {**claims, **changes}
        return identity.sign({name: value for name, value in merged.items() if value is not None})

    return forge


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unsigned(identity: Identity, claims: dict[str, Any]) -> str:
    head = {"alg": "none", "kid": identity.key_id}
    return f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}."


def signed_with_the_public_key(identity: Identity, claims: dict[str, Any]) -> str:
    head = {"alg": "HS256", "kid": identity.key_id}
    content = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    secret = identity.key.as_pem(private=False)
    return f"{content}.{encoded(hmac.digest(secret, content.encode(), 'sha256'))}"


def signed_by_another_key(identity: Identity, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": ALGORITHM, "kid": identity.key_id}, claims, RSAKey.generate_key(2048))


def of_an_unknown_key(identity: Identity, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": ALGORITHM, "kid": "unknown"}, claims, identity.key)


def without_key_id(identity: Identity, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": ALGORITHM}, claims, identity.key)


def by_an_algorithm_that_is_not_allowed(identity: Identity, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "ES256", "kid": identity.key_id}, claims, ECKey.generate_key("P-256"))


def with_another_payload(identity: Identity, claims: dict[str, Any]) -> str:
    head, _, signature = identity.sign(claims).split(".")
    other = json.dumps({**claims, "sub": "admin"}).encode()
    return f"{head}.{encoded(other)}.{signature}"


def verbatim(token: str) -> Forge:
    return lambda identity, claims: token


REFUSED: dict[str, Forge] = {
    "wrong audience": signed(aud="another-api"),
    "no audience": signed(aud=None),
    "wrong issuer": signed(iss="https://evil.example"),
    "no issuer": signed(iss=None),
    "expired": signed(exp=int(time.time()) - 31),
    "no expiry": signed(exp=None),
    "expiry is no number": signed(exp="tomorrow"),
    "not yet valid": signed(nbf=int(time.time()) + 3600),
    "no subject": signed(sub=None),
    "no tenant": signed(tenant_id=None),
    "tenant is no uuid": signed(tenant_id="acme"),
    "tenant is a list": signed(tenant_id=[str(uuid.uuid4())]),
    "alg none": unsigned,
    "public key as secret": signed_with_the_public_key,
    "another key": signed_by_another_key,
    "unknown key": of_an_unknown_key,
    "no key id": without_key_id,
    "algorithm": by_an_algorithm_that_is_not_allowed,
    "changed payload": with_another_payload,
    "not a token": verbatim("abc"),
    "empty parts": verbatim(".."),
    "too long": verbatim("a" * 9000),
}


@pytest.mark.parametrize("forge", REFUSED.values(), ids=REFUSED)
async def test_a_token_that_proves_nothing_is_refused(
    forge: Forge, client: httpx.AsyncClient, identity: Identity, tenant: uuid.UUID
) -> None:
    response = await client.get(TODOS, headers=bearer(forge(identity, identity.claims(tenant))))

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert response.json() == {"detail": "The token is not valid"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}])
async def test_without_a_token_one_is_asked_for(headers: dict[str, str], client: httpx.AsyncClient) -> None:
    response = await client.get(TODOS, headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "accept",
    [
        signed(),
        signed(aud=["another-api", "{{ cookiecutter.project_slug }}-api"]),
        signed(exp=int(time.time()) + 600, nbf=int(time.time()) + 5),
    ],
    ids=["plain", "several audiences", "clocks differ"],
)
async def test_a_token_for_this_api_is_accepted(
    accept: Forge, client: httpx.AsyncClient, identity: Identity, tenant: uuid.UUID
) -> None:
    response = await client.get(TODOS, headers=bearer(accept(identity, identity.claims(tenant))))

    assert (response.status_code, response.json()) == (200, [])


async def test_nobody_is_judged_without_keys(new_settings: NewSettings, member: dict[str, str]) -> None:
    async with served(new_settings(oidc_jwks_url="http://127.0.0.1:1/keys")) as client:
        response = await client.get(TODOS, headers=member)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
