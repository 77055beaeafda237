"""What an identity provider is to the API: a name, a key, and signed tokens."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeyParameters, RSAKey

ALGORITHM = "RS256"
FIRST_TENANT = uuid.UUID("11111111-1111-4111-8111-111111111111")  # whose member a token is that names none


@dataclass(frozen=True)
class Identity:
    """An issuer for one audience."""

    issuer: str
    audience: str
    key: RSAKey

    def claims(
        self, tenant_id: uuid.UUID | str, *, subject: str = "developer", lifetime: int = 3600
    ) -> dict[str, Any]:
        """Return the claims of a token that the API accepts; `lifetime` in seconds."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "iat": now,
            "exp": now + lifetime,
            "tenant_id": str(tenant_id),
        }

    @property
    def key_id(self) -> str:
        """The name of the key, by which the API finds it."""
        return str(self.key.kid)

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the token that says exactly this."""
        return jwt.encode({"alg": ALGORITHM, "kid": self.key_id}, claims, self.key)

    def token(self, tenant_id: uuid.UUID | str) -> str:
        """Return a token for a member of this tenant."""
        return self.sign(self.claims(tenant_id))


def load_key(path: Path) -> RSAKey:
    """Return the private key kept at `path`, made on first use; a new key has a new name."""
    if not path.exists():
        parameters: KeyParameters = {"kid": secrets.token_hex(8), "use": "sig", "alg": ALGORITHM}
        path.touch(mode=0o600)
        path.write_text(json.dumps(RSAKey.generate_key(2048, parameters).as_dict(private=True)))
    return RSAKey.import_key(json.loads(path.read_text()))
