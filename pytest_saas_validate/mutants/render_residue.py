"""Defects of switches that are off: what stays behind."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.mutants.render import document
from pytest_saas_validate.probes.render import RENDERED


def _word(edit: Edit) -> str:
    """The name of a feature that is off, as a person writes it."""
    off = [feature for feature in RENDERED.gather(edit.project, {}).off if not feature.common]
    if not off:
        raise NotPlantable("no switch is off that is named after a product")
    return str(off[0].name).replace("_", " ")


@mutant(
    "TR003-word",
    "a document speaks of a feature that is off",
    fires="TR003",
    bare=True,
    at="project",
)
def residue_word(edit: Edit) -> None:
    """A passage that does not depend on the switch."""
    name = document(edit)
    edit.write(name, f"{edit.text(name).rstrip()}\n\nDeploy it with {_word(edit).title()}.\n")


@mutant("TR003-path", "a file of a feature that is off stays", fires="TR003", bare=True, at="project")
def residue_path(edit: Edit) -> None:
    """A tree that the hook's table does not name."""
    edit.write(f"deploy/{_word(edit).replace(' ', '_')}/values.txt", "replicas=1\n")


@mutant("TR003-name", "code names a feature that is off", fires="TR003", bare=True, at="project")
def residue_name(edit: Edit) -> None:
    """In the middle of an identifier."""
    word = "".join(part.title() for part in _word(edit).split())
    edit.write("planted.txt", f"call init{word}Client and stop\n")
