"""A loopback OpenID provider for tests: it signs whatever claims it is asked for.

    python issuer.py PORT [ISSUER]

GET  /up                                    200 once it serves
GET  /.well-known/openid-configuration      names the issuer (http://127.0.0.1:PORT by default) and its keys
GET  /.well-known/jwks.json                 the public key
POST /token                                 {"claims": {...}, "header": {...}, "kid": "..."} -> a signed JWT

`iss`, `iat` and `exp` (ten minutes) are filled in unless the claims have them; a claim or header that is null
is left out. `header` overrides alg, typ and kid; with alg "none" the signature is empty, any other alg keeps
the RS256 signature. The key is made once and kept below $SAAS_VALIDATE_CACHE when that is set, readable by
its owner alone. The address to listen on is $SAAS_VALIDATE_BIND, by default 127.0.0.1.

Anyone who reaches the port gets a token: never give its address to a system that matters.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_BITS = 2048
_EXPONENT = 65537
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of RFC 8017, 9.2
_SECONDS = 600
_LARGEST_BODY = 1_000_000


@dataclass(frozen=True)
class Key:
    """An RSA key of 2048 bits."""

    n: int
    d: int
    p: int
    q: int

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256."""
        digest = _SHA256_PREFIX + hashlib.sha256(message).digest()
        size = (self.n.bit_length() + 7) // 8
        padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        value = int.from_bytes(padded, "big")
        at_p = pow(value % self.p, self.d % (self.p - 1), self.p)
        at_q = pow(value % self.q, self.d % (self.q - 1), self.q)
        signature = at_q + self.q * ((at_p - at_q) * pow(self.q, -1, self.p) % self.p)
        return signature.to_bytes(size, "big")

    def public(self) -> dict[str, str]:
        """The public half as a JSON Web Key whose `kid` is its thumbprint (RFC 7638)."""
        required = {"e": _text(_bytes(_EXPONENT)), "kty": "RSA", "n": _text(_bytes(self.n))}
        canonical = json.dumps(required, separators=(",", ":"), sort_keys=True)
        kid = _text(hashlib.sha256(canonical.encode()).digest())
        return {**required, "use": "sig", "alg": "RS256", "kid": kid}


def make_key() -> Key:
    """A new key; about half a second."""
    while True:
        p, q = _prime(_BITS // 2), _prime(_BITS // 2)
        n, order = p * q, (p - 1) * (q - 1)
        if p != q and n.bit_length() == _BITS and order % _EXPONENT:
            return Key(n, pow(_EXPONENT, -1, order), p, q)


def load_key(cache: str) -> Key:
    """The key that is kept below this folder, made when missing; a new one when there is no folder."""
    if not cache:
        return make_key()
    file = Path(cache) / "keys" / "issuer.json"
    if not file.exists():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished = file.with_name(f"{os.getpid()}.tmp")
        with open(unfinished, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
            json.dump(asdict(make_key()), output)
        try:
            os.link(unfinished, file)  # whoever comes first wins, so that all issuers have one key
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return Key(**json.loads(file.read_text()))


def sign_token(key: Key, wanted: dict[str, Any], issuer: str) -> str:
    """The compact form of a token with these claims and header fields."""
    now = int(time.time())
    claims = {"iss": issuer, "iat": now, "exp": now + _SECONDS, **wanted.get("claims", {})}
    kid = wanted.get("kid", key.public()["kid"])
    header = {"alg": "RS256", "typ": "JWT", "kid": kid, **wanted.get("header", {})}
    parts = (_json(header), _json(claims))
    body = ".".join(_text(part) for part in parts)
    signature = b"" if header["alg"] == "none" else key.sign(body.encode())
    return f"{body}.{_text(signature)}"


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in values.items() if value is not None}).encode()


def _prime(bits: int) -> int:
    """A random prime whose two upper bits are set, so that the product of two has twice the bits."""
    small = _small_primes(20_000)
    width = 1 << 13
    while True:
        start = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        open_ = bytearray([1]) * width  # start + 2 i
        for divisor in small:
            first = (-start * pow(2, -1, divisor)) % divisor
            open_[first::divisor] = bytes(len(range(first, width, divisor)))
        for index in range(width):
            candidate = start + 2 * index
            if open_[index] and candidate.bit_length() == bits and _is_prime(candidate):
                return candidate


def _small_primes(limit: int) -> list[int]:
    sieve = bytearray([1]) * limit
    for number in range(3, int(limit**0.5) + 1, 2):
        if sieve[number]:
            sieve[number * number :: 2 * number] = bytes(len(range(number * number, limit, 2 * number)))
    return [number for number in range(3, limit, 2) if sieve[number]]


def _is_prime(number: int) -> bool:
    """Miller-Rabin; for random numbers of 1024 bits eight rounds leave less than 2**-100."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(8):
        value = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if value in (1, number - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % number
            if value == number - 1:
                break
        else:
            return False
    return True


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    key: Key
    issuer: str

    def do_GET(self) -> None:
        """The public documents."""
        documents: dict[str, Any] = {
            "/up": {"status": "up"},
            "/.well-known/jwks.json": {"keys": [self.key.public()]},
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/.well-known/jwks.json",
                "token_endpoint": f"{self.issuer}/token",
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
            },
        }
        if self.path in documents:
            self._answer(200, json.dumps(documents[self.path]), "application/json")
        else:
            self._answer(404, "not here", "text/plain")

    def do_POST(self) -> None:
        """Sign a token."""
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST_BODY)
        body = self.rfile.read(length)
        if self.path != "/token":
            self._answer(404, "not here", "text/plain")
            return
        try:
            wanted = json.loads(body)
            token = sign_token(self.key, wanted, self.issuer)
        except (ValueError, TypeError, AttributeError) as problem:
            text = f'not {{"claims": {{...}}, "header": {{...}}, "kid": "..."}}: {problem}'
            self._answer(400, text, "text/plain")
            return
        self._answer(200, token, "application/jwt")

    def _answer(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(argv: list[str]) -> None:
    """Serve until killed."""
    port = int(argv[1])
    Handler.key = load_key(os.environ.get("SAAS_VALIDATE_CACHE", ""))
    Handler.issuer = argv[2] if len(argv) > 2 else f"http://127.0.0.1:{port}"
    ThreadingHTTPServer((os.environ.get("SAAS_VALIDATE_BIND", "127.0.0.1"), port), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv)
