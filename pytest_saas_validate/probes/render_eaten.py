"""Evidence about a template's own repository: what of the template it leaves out."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.bake.source import entries, parts
from pytest_saas_validate.evidence.render import Eaten, Fault
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, Renders, Unavailable
from pytest_saas_validate.tools import git


def _lost(template: Path) -> dict[str, str] | None:
    """Every file that a bake here reads and a clone of the repository would not hold; None where none is."""
    names = ["cookiecutter.json"] + [
        Path(entry.path).relative_to(template).as_posix()
        for part in parts(template)
        for entry in entries(part)
        if entry.is_file()
    ]
    return git.lost(template, names) if git.available() else None


def _eaten(renders: Renders) -> Eaten:
    if not git.available():
        raise Unavailable("git is not here; install it")
    lost = _lost(renders.template)
    if lost is None or "cookiecutter.json" in lost:
        raise Unavailable(f"{renders.template} is in no repository; give the folder of a clone")
    return Eaten(
        tuple(Fault(name, f"is ignored by {rule}: users never get it") for name, rule in lost.items())
    )


EATEN = Probe(evidence=Eaten, subject=Subject.TEMPLATE, gather=_eaten, beyond=_lost)
