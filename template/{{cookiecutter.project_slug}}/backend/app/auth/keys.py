"""The identity provider's public keys, fetched seldom and kept when a fetch fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

PublicKey = RSAKey | ECKey | OKPKey

LIFETIME = 300.0  # seconds until the keys are fetched anew
PAUSE = 10.0  # seconds between two fetches, whatever the tokens ask for
FIRST_PAUSE = 1.0  # the same while there are no keys at all

logger = logging.getLogger(__name__)


class KeysUnavailableError(Exception):
    """The identity provider has not answered yet, so no token can be judged."""


class SigningKeys:
    """The keys by their id; at most one fetch runs at a time and at most one per pause."""

    def __init__(
        self, url: str, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._client = client
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._fetched = float("-inf")
        self._asked = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> PublicKey | None:
        """Return the key, after a fetch if it is new.

        Raises `KeysUnavailableError` as long as no fetch has succeeded.
        """
        stale = self._clock() - self._fetched > LIFETIME
        # Known keys go on serving while another request fetches.
        if key_id not in self._keys or (stale and not self._lock.locked()):
            await self._refresh()
        if not self._keys:
            raise KeysUnavailableError(self._url)
        return self._keys.get(key_id)

    async def _refresh(self) -> None:
        async with self._lock:
            if self._clock() - self._asked < (PAUSE if self._keys else FIRST_PAUSE):
                return
            self._asked = self._clock()
            try:
                response = await self._client.get(self._url)
                keys = usable(response.raise_for_status().json())
            except (httpx.HTTPError, ValueError) as error:
                logger.warning("signing keys cannot be fetched", extra={"reason": type(error).__name__})
                return
            self._keys, self._fetched = keys, self._clock()


def usable(document: Any) -> dict[str, PublicKey]:
    """Return the signature keys of a JWK set; a key that is not understood is passed over.

    Raises `ValueError` when none is left.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    keys = {}
    for entry in entries if isinstance(entries, list) else ():
        key = signature_key(entry)
        if key is not None:
            keys[str(entry["kid"])] = key
    if not keys:
        raise ValueError("no signature key in the document")
    return keys


def signature_key(entry: Any) -> PublicKey | None:
    """Return the key of one entry, or nothing when it has no id, another use, or no meaning here."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "kid" not in entry:
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None
