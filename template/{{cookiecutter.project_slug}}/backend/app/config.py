"""Settings, read once from the environment; every mistake is reported at once and says what to set."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

# Symmetric algorithms and `none` are not here: whoever knows the public key could sign with them.
SIGNATURES = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
)
PLACEHOLDERS = frozenset(("change-me", "changeme", "password", "postgres", "secret", "example"))
HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

REMEDIES = {
    "environment": "set it to production, development or test",
    "database_url": "set it to postgresql+asyncpg://app:PASSWORD@HOST:PORT/DATABASE",
    "redis_url": "set it to redis://HOST:PORT/0 or rediss://:PASSWORD@HOST:PORT/0",
    "oidc_issuer": "set it to the `iss` of your identity provider, for example https://id.example.com/realms/acme",
    "oidc_audience": "set it to the `aud` that your identity provider writes for this API",
    "oidc_jwks_url": "set it to the address of the identity provider's signing keys (jwks_uri)",
    "oidc_algorithms": f"set it to one or more of {', '.join(sorted(SIGNATURES))}",
    "cors_origins": "set it to origins such as https://app.example.com, separated by commas",
    "allowed_hosts": "set it to host names such as api.example.com, separated by commas, without port",
    "log_level": "set it to DEBUG, INFO, WARNING or ERROR",
{%- if cookiecutter.include_sentry == 'yes' %}
    "sentry_dsn": "set it to https://KEY@HOST/PROJECT, or leave it empty to send nothing",
    "sentry_traces_sample_rate": "set it to a number from 0 to 1",
{%- endif %}
}


class SettingsError(ValueError):
    """The environment does not describe a service that can run; the text has one line per mistake."""


def words(value: Any) -> Any:
    """Split `a, b` or `["a", "b"]` into its parts; other values are left to the validation."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError("it begins like a JSON list but is none") from error
    return [part.strip() for part in value.split(",") if part.strip()]


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words)]


def is_private(host: str) -> bool:
    """Tell whether a host is this machine, or an address or a name of a private network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".internal", ".local"))


class Settings(BaseSettings):
    """What the service needs to know; raises `SettingsError` with every mistake at once."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["production", "development", "test"] = "production"
    database_url: SecretStr
    redis_url: SecretStr
    oidc_issuer: str
    oidc_audience: str
    oidc_jwks_url: str
    oidc_algorithms: Words = ("RS256",)
    cors_origins: Words = ()
    allowed_hosts: Words = Field(min_length=1)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    release: str = "unknown"
{%- if cookiecutter.include_sentry == 'yes' %}
    sentry_dsn: SecretStr | None = None
    sentry_traces_sample_rate: float = Field(default=0.0, ge=0.0, le=1.0)
{%- endif %}

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(describe(error)) from None

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        try:
            url = make_url(value.get_secret_value())
        except (ArgumentError, ValueError) as error:
            raise ValueError("it is not an address") from error
        if url.drivername != "postgresql+asyncpg":
            raise ValueError(f"its driver is {url.drivername}, not postgresql+asyncpg")
        if not url.username or not url.database:
            raise ValueError("it names no role or no database")
        password = str(url.password or "").lower()
        if info.data.get("environment") == "production" and password in PLACEHOLDERS:
            raise ValueError("its password is a placeholder")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr) -> SecretStr:
        parts = split(value.get_secret_value())
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError("it is not a redis:// address with a host")
        return value

    @field_validator("oidc_issuer", "oidc_jwks_url")
    @classmethod
    def _identity_provider(cls, value: str, info: ValidationInfo) -> str:
        parts = split(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is not an http(s) address")
        production = info.data.get("environment") == "production"
        if production and parts.scheme == "http" and not is_private(parts.hostname):
            raise ValueError("in production it must begin with https://, or others can forge tokens")
        return value

    @field_validator("oidc_algorithms")
    @classmethod
    def _algorithms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in SIGNATURES]
        if unknown or not value:
            raise ValueError(f"{', '.join(unknown) or 'an empty list'} cannot prove who signed")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = split(origin)
            exact = parts.hostname and "*" not in origin and origin == f"{parts.scheme}://{parts.netloc}"
            if parts.scheme not in ("http", "https") or not exact:
                raise ValueError(f"{origin} is not an origin (scheme, host and port, nothing else)")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not HOST.fullmatch(host):
                raise ValueError(f"{host} is not a host name")
        return value
{%- if cookiecutter.include_sentry == 'yes' %}

    @field_validator("sentry_dsn")
    @classmethod
    def _sentry_dsn(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = split(value.get_secret_value())
            if parts.scheme not in ("http", "https") or not parts.username or not parts.path.strip("/"):
                raise ValueError("it is not a DSN")
        return value
{%- endif %}


def split(address: str) -> Any:
    """Take an address apart; the error does not repeat it, since it may hold a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("it is not an address") from None
    return parts


def describe(error: ValidationError) -> str:
    """Write one sentence per mistake; no value is repeated except names that are no secret."""
    lines = ["The environment cannot be used:"]
    for mistake in error.errors(include_url=False, include_input=False):
        field = str(mistake["loc"][0])
        message = mistake["msg"].removeprefix("Value error, ")
        cause = "it is missing" if mistake["type"] == "missing" else message
        lines.append(f"  {field.upper()}: {cause}; {REMEDIES[field]}.")
    return "\n".join(lines)
