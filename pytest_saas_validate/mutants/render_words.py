"""Defects of variables, passwords and ignore rules, planted in any project."""

from __future__ import annotations

import re
import secrets

from pytest_saas_validate.evidence.render_environment import EXAMPLE, settings
from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.mutants.render_commands import named
from pytest_saas_validate.tools import find


@mutant("TR016-read", "an example file sets what nothing reads", fires="TR016", at="project")
def unread(edit: Edit) -> None:
    """The setting was renamed."""
    name = edit.there(lambda name, file: bool(EXAMPLE.search(name)), "planted/.env.example", "")
    edit.write(name, f"{edit.text(name).rstrip()}\nPLANTED_SETTING=1\n")


@mutant("TR016-lacks", "an example file lacks a setting", fires="TR016", at="project")
def lacking(edit: Edit) -> None:
    """It was added to the code only."""
    name = named(edit, EXAMPLE, "example of an environment")
    found = settings(edit.files)
    there = sorted(
        n for n in (found.required if found else ()) if re.search(rf"^{n}=", edit.text(name), re.M)
    )
    if not there:
        raise NotPlantable("no settings class whose variables can be told")
    edit.write(name, re.sub(rf"^{there[0]}=.*\n", "", edit.text(name), flags=re.M))


@mutant("TR017-swallowed", "an ignore rule swallows a file", fires="TR017", also={"TR012"}, at="project")
def swallowed(edit: Edit) -> None:
    """A bare name hides every folder of that name."""
    edit.write("planted/lib/there.txt", "there\n")
    edit.write("planted/.gitignore", "lib/\n")


def _secret(edit: Edit, name: str, text: str) -> None:
    if not find("gitleaks").path:
        raise NotPlantable("gitleaks is not here")
    edit.write(name, text)


@mutant("TR006-address", "a password is inside of an address", fires="TR006", also={"TR016"}, at="project")
def password_in_address(edit: Edit) -> None:
    """As a connection string from production leaves it."""
    word = f"{secrets.token_hex(4)}Kx{secrets.token_hex(3)}"
    _secret(edit, "planted.yaml", f"database: postgresql://app:{word}@db.planted-corp.com:5432/app\n")


@mutant("TR006-default", "a password is the default of an interpolation", fires="TR006", at="project")
def password_as_default(edit: Edit) -> None:
    """It was to be replaced, and works."""
    word = f"{secrets.token_hex(4)}Kx{secrets.token_hex(3)}"
    _secret(edit, "planted.yaml", f"database_password: ${{DATABASE_PASSWORD:-{word}}}\n")


@mutant("TR006-statement", "a password is in a statement", fires="TR006", at="project")
def password_in_statement(edit: Edit) -> None:
    """Instead of a variable of psql."""
    _secret(edit, "planted.sql", f"ALTER ROLE planted PASSWORD '{secrets.token_hex(4)}Kx9';\n")
