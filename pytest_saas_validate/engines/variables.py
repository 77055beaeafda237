"""What a project may write as ${name} in the environments of its table."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pytest_saas_validate.engines import BootError, Program
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.project import Project

ORIGIN = "https://app.example.test"  # the one that CORS shall let in
AUDIENCE = "saas-validate"
HOSTS = ("localhost", "127.0.0.1")
RELEASE = "saas-validate-1"
_ROLES = ("app", "migrator", "backup", "superuser", "cache")
_DATABASE_URL = re.compile(r"postgres(ql)?(\+\w+)?://")


def known(programs: Sequence[Program]) -> dict[str, str]:
    """What a project in containers may write; fresh passwords, and our programs as seen from inside."""
    variables = {f"{role}_password": secrets.token_hex(16) for role in _ROLES}
    variables |= {"audience": AUDIENCE, "origin": ORIGIN, "release": RELEASE, "hosts": ",".join(HOSTS)}
    names = {program.name for program in programs}
    if "issuer" in names:
        variables["issuer"] = f"http://{Guest.host('issuer')}"
    if "sentry" in names:
        variables["sentry_dsn"] = f"http://public@{Guest.host('sentry')}/1"
    return variables


def told(variables: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The facts of a stack of containers whose backend has this environment."""
    return {
        "origin": ORIGIN,
        "audience": AUDIENCE,
        "issuer": variables.get("issuer", ""),
        "host": HOSTS[0],
        "database": _database_in(environment),
    }


def _database_in(environment: Mapping[str, str]) -> str:
    """The name in the first PostgreSQL address of an environment; empty when there is none."""
    urls = [value for _, value in sorted(environment.items()) if _DATABASE_URL.match(value)]
    return urlsplit(urls[0]).path.lstrip("/") if urls else ""


def fill(
    project: Project, table: str, environment: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    """The environment with every ${name} replaced; an unknown name is a BootError that names file and key."""
    filled = {}
    for key, value in environment.items():
        where = f"{project.root / 'pyproject.toml'}: tool.pytest-saas-validate.{table}.{key}"
        try:
            filled[key] = string.Template(value).substitute(known)
        except KeyError as name:
            raise BootError(
                f"{where}: ${{{name.args[0]}}} is unknown; there are {', '.join(sorted(known))}"
            ) from None
        except ValueError as problem:
            raise BootError(f"{where}: {problem}; write $$ for a dollar sign") from None
    return filled
