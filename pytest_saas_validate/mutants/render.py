"""Defects of rendering."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, mutant


@mutant("TR001-placeholder", "a placeholder survives in a document", fires="TR001", at="project")
def placeholder(edit: Edit) -> None:
    """As a copy-without-render rule that is too wide leaves it."""
    edit.write("LEFTOVER.md", "# Welcome to {{ cookiecutter.project_name }}\n")
