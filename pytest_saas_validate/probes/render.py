"""Evidence about files: read, never run."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import Rendered
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe
from pytest_saas_validate.project import Project


def _rendered(project: Project, features: Mapping[str, Feature]) -> Rendered:
    off = [
        features.get(name) or Feature(name, name, (name,))
        for name, answer in ((option.removeprefix("include_"), a) for option, a in project.combo.answers)
        if answer.lower() in ("no", "n", "false", "off", "0") and name not in project.features
    ]
    return Rendered(project.files, tuple(off))


RENDERED = Probe(evidence=Rendered, subject=Subject.PROJECT, gather=_rendered)
