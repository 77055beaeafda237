"""When the keys are fetched, and what happens when that fails."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from app.auth.keys import LIFETIME, PAUSE, KeysUnavailableError, SigningKeys

FIRST = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
SECOND = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})


class Provider:
    """An identity provider and a clock, both in the hands of the test."""

    def __init__(self) -> None:
        self.published: list[dict[str, object]] = [dict(FIRST.as_dict(private=False))]
        self.broken = False
        self.fetches = 0
        self.now = 0.0
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.keys = SigningKeys("https://id.example.com/keys", self.client, clock=lambda: self.now)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetches += 1
        await asyncio.sleep(0)
        return httpx.Response(500) if self.broken else httpx.Response(200, json={"keys": self.published})


@pytest.fixture
def provider() -> Provider:
    return Provider()


async def test_keys_are_fetched_once_for_many_tokens(provider: Provider) -> None:
    found = await asyncio.gather(*(provider.keys.find("first") for _ in range(20)))

    assert all(found)
    assert provider.fetches == 1


async def test_keys_are_fetched_anew_after_their_lifetime(provider: Provider) -> None:
    await provider.keys.find("first")
    provider.now += LIFETIME + 1
    await provider.keys.find("first")

    assert provider.fetches == 2


async def test_a_new_key_is_found_before_the_lifetime_ends(provider: Provider) -> None:
    await provider.keys.find("first")
    provider.published = [dict(SECOND.as_dict(private=False))]
    provider.now += PAUSE

    assert await provider.keys.find("second")
    assert await provider.keys.find("first") is None


async def test_invented_keys_cannot_make_us_flood_the_provider(provider: Provider) -> None:
    for number in range(51):
        provider.now += PAUSE / 10
        assert await provider.keys.find(f"invented-{number}") is None

    assert provider.fetches == 6  # the first, and one per pause within five pauses


async def test_known_keys_go_on_serving_while_the_provider_is_down(provider: Provider) -> None:
    await provider.keys.find("first")
    provider.broken = True
    provider.now += LIFETIME + 1

    assert await provider.keys.find("first")
    assert await provider.keys.find("first")
    assert provider.fetches == 2


async def test_before_the_first_answer_nothing_can_be_judged(provider: Provider) -> None:
    provider.broken = True
    with pytest.raises(KeysUnavailableError):
        await provider.keys.find("first")

    provider.broken = False
    provider.now += 1
    assert await provider.keys.find("first")


@pytest.mark.parametrize(
    "entry",
    [
        dict(OctKey.generate_key(256, {"kid": "first"}).as_dict(private=True)),
        {**FIRST.as_dict(private=False), "use": "enc"},
        {"kid": "first", "kty": "RSA"},
        {"kid": "first", "kty": "unheard-of"},
        {"kty": "RSA", "n": FIRST.as_dict()["n"], "e": FIRST.as_dict()["e"]},
        "first",
    ],
    ids=["secret", "other use", "incomplete", "unknown type", "no id", "no object"],
)
async def test_a_key_that_cannot_check_signatures_is_passed_over(entry: object, provider: Provider) -> None:
    provider.published = [entry, dict(SECOND.as_dict(private=False))]  # type: ignore[list-item]

    assert await provider.keys.find("first") is None
    assert await provider.keys.find("second")
