"""The flawed tokens are made as an attacker makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines.programs.issuer import Key, make_key, sign_token
from pytest_saas_validate.probes import psql, tokens
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Spec

PROJECT = Project(root=Path("nowhere"), combo=Combo("one", (), frozenset()), files={}, given=Spec())


@pytest.fixture(scope="module")
def key() -> Key:
    return make_key()


def test_names_and_texts_are_quoted_for_sql() -> None:
    assert psql.name("public.to dos", 'a"b') == '"public"."to dos"."a""b"'
    assert psql.literal("it's") == "'it''s'"


def test_the_public_key_is_written_as_pem(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer:
        def json(self) -> Any:
            return {"keys": [key.public()]}

    monkeypatch.setattr(httpx, "get", lambda *_, **__: Answer())
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    text = tokens._public_key(Issuer())
    public = serialization.load_pem_public_key(text)
    assert public.public_numbers().n == key.n
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public.public_bytes(*form) == text


class Issuer:
    """As much of a stack as the tokens need."""

    facts = {"issuer": "http://issuer", "audience": "things"}  # noqa: RUF012

    def url(self, name: str) -> str:
        return "http://issuer"


def test_each_flaw_differs_from_the_good_token(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    def signed(stack: Any, claims: Any, **header: Any) -> str:
        return sign_token(key, {"claims": dict(claims), "header": header}, "http://issuer")

    monkeypatch.setattr(tokens, "sign", signed)
    monkeypatch.setattr(tokens, "_public_key", lambda stack: b"PEM")
    flawed = dict(tokens.flawed_tokens(PROJECT, Issuer()))
    assert len(set(flawed.values())) == len(flawed) >= 25
    assert flawed.pop("no parts").count(".") == 0
    claims = {flaw: json.loads(tokens._decoded(token.split(".")[1])) for flaw, token in flawed.items()}
    assert "tenant_id" not in claims["no tenant"]
    assert "exp" not in claims["no expiry"]
    assert "things".startswith(claims["a part of the audience"]["aud"])
    head = json.loads(tokens._decoded(flawed["the key that signed it in its head"].split(".")[0]))
    assert head["jwk"]["n"] != key.public()["n"]
    assert json.loads(tokens._decoded(flawed["an extension that must be understood"].split(".")[0]))["crit"]
    none = flawed["the algorithm none"]
    assert json.loads(tokens._decoded(none.split(".")[0]))["alg"] == "none"
    assert none.endswith(".")
