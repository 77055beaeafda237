"""A wrong environment is refused at once, completely, and without repeating a secret."""

from __future__ import annotations

import os

import pytest

from app.config import Settings, SettingsError

GOOD = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql+asyncpg://app:5f2d@db.internal:5432/app",
    "REDIS_URL": "rediss://:5f2d@cache.internal:6379/0",
    "OIDC_ISSUER": "https://id.example.com/realms/acme",
    "OIDC_AUDIENCE": "api",
    "OIDC_JWKS_URL": "https://id.example.com/keys",
    "CORS_ORIGINS": "https://app.example.com, https://admin.example.com",
    "ALLOWED_HOSTS": '["api.example.com", "*.example.org"]',
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Describe a good service, and nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def complaint() -> str:
    with pytest.raises(SettingsError) as caught:
        Settings()
    return str(caught.value)


def test_a_good_environment_is_read() -> None:
    settings = Settings()

    assert settings.cors_origins == ("https://app.example.com", "https://admin.example.com")
    assert settings.allowed_hosts == ("api.example.com", "*.example.org")
    assert settings.oidc_algorithms == ("RS256",)


def test_every_mistake_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    said = complaint()

    for name in set(GOOD) - {"ENVIRONMENT", "CORS_ORIGINS"} | {"LOG_LEVEL"}:
        assert said.count(f"  {name}: ") == 1
    assert "  DATABASE_URL: it is missing; set it to postgresql+asyncpg://app:PASSWORD@" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("DATABASE_URL", "postgresql://app:5f2d@db.internal/app"),
        ("DATABASE_URL", "postgresql+asyncpg://db.internal/app"),
        ("DATABASE_URL", "postgresql+asyncpg://app:change-me@db.internal/app"),
        ("REDIS_URL", "cache.internal:6379"),
        ("OIDC_ISSUER", "id.example.com"),
        ("OIDC_ISSUER", "http://id.example.com"),
        ("OIDC_ISSUER", "http://[2606:4700::1111]"),
        ("OIDC_JWKS_URL", "http://id.example.com/keys"),
        ("OIDC_ALGORITHMS", "RS256,HS256"),
        ("OIDC_ALGORITHMS", "none"),
        ("OIDC_ALGORITHMS", "[RS256"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://*.example.com"),
        ("CORS_ORIGINS", "https://app.example.com/"),
        ("CORS_ORIGINS", "null"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "api.example.com:8000"),
        ("ALLOWED_HOSTS", ","),
{%- if cookiecutter.include_sentry == 'yes' %}
        ("SENTRY_DSN", "sentry.example.com"),
        ("SENTRY_TRACES_SAMPLE_RATE", "2"),
{%- endif %}
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert f"  {name}: " in complaint()


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_password_is_never_repeated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "mysql://app:hunter2@db.internal:port/app")

    assert "hunter2" not in complaint()


def test_an_empty_variable_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_AUDIENCE", "")

    assert "OIDC_AUDIENCE: it is missing" in complaint()


def test_secrets_do_not_show_in_the_representation() -> None:
    assert "5f2d" not in repr(Settings())


@pytest.mark.parametrize("host", ["keycloak:8080", "127.0.0.1:9000", "[::1]:9000", "id.acme.internal"])
def test_a_private_identity_provider_may_speak_http(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_JWKS_URL", f"http://{host}/keys")

    assert Settings().oidc_jwks_url == f"http://{host}/keys"


def test_other_variables_are_not_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING_ELSE", "x")

    assert "SOMETHING_ELSE" in os.environ
    assert Settings().environment == "production"
