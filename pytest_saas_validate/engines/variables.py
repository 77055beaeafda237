"""What a project may write as ${name} in the environments of its table."""

from __future__ import annotations

import string
from collections.abc import Mapping

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.project import Project

ORIGIN = "https://app.example.test"  # the one that CORS shall let in
AUDIENCE = "saas-validate"
HOSTS = ("localhost", "127.0.0.1")
RELEASE = "saas-validate-1"


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
