"""Is this token ours, and whom does it name?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from joserfc import jws, jwt
from joserfc.errors import JoseError

from app.auth.keys import SigningKeys

LEEWAY = 10  # seconds by which two clocks may differ
LENGTH_LIMIT = 8192  # characters


class InvalidTokenError(Exception):
    """The token proves nothing; the text is for the log, never for the client."""


@dataclass(frozen=True)
class Principal:
    """Who asks, and for which tenant."""

    subject: str
    tenant_id: uuid.UUID


class TokenVerifier:
    """Checks signature, issuer, audience, life span and tenant; only the settings say which algorithms."""

    def __init__(self, keys: SigningKeys, *, issuer: str, audience: str, algorithms: tuple[str, ...]) -> None:
        self._keys = keys
        self._algorithms = list(algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str) -> Principal:
        """Return whom the token names.

        Raises `InvalidTokenError` when it must be refused, `KeysUnavailableError` when nobody can tell.
        """
        try:
            key = await self._keys.find(self._key_id(token))
            if key is None:
                raise InvalidTokenError("unknown key")
            claims = jwt.decode(token, key, algorithms=self._algorithms).claims
            self._claims.validate(claims)
        except (JoseError, ValueError) as error:
            raise InvalidTokenError(type(error).__name__) from error
        return Principal(subject=claims["sub"], tenant_id=tenant(claims.get("tenant_id")))

    def _key_id(self, token: str) -> str:
        if len(token) > LENGTH_LIMIT:
            raise InvalidTokenError("too long")
        header = jws.extract_compact(token.encode("ascii")).headers()
        if header.get("alg") not in self._algorithms:
            raise InvalidTokenError("algorithm")
        key_id = header.get("kid")
        if not isinstance(key_id, str):
            raise InvalidTokenError("no key id")
        return key_id


def tenant(claim: object) -> uuid.UUID:
    """Return the tenant of a token; raises `InvalidTokenError` when there is none."""
    try:
        return uuid.UUID(str(claim))
    except ValueError:
        raise InvalidTokenError("tenant") from None
