"""Evidence of published schemas about workflows, compose files and the like, by check-jsonschema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render_calls import COMPOSE
from pytest_saas_validate.evidence.render_judged import BySchema
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe
from pytest_saas_validate.probes.render_judges import Judge, Said
from pytest_saas_validate.project import File, Project

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OWN_TAG = re.compile(r"(^|[\s:\[,-])!\w", re.M)  # `!reset` of compose: known to its program, not to a schema


def _read(said: Any, texts: Mapping[str, str]) -> Said:
    for row in said["errors"]:  # what does not parse is found by other means
        deepest = row.get("best_deep_match") or row
        line = line_of_path(texts[row["filename"]], deepest["path"])
        yield row["filename"], line, f"{deepest['path'].removeprefix('$.')}: {deepest['message']}"


@dataclass(frozen=True)
class Kind:
    """Files of one schema: by their name, and by a key that they begin a line with."""

    names: re.Pattern[str]
    key: re.Pattern[str]
    judge: Judge

    def holds(self, name: str, file: File) -> bool:
        """Whether a file is one of them."""
        return bool(self.names.search(name) and self.key.search(file.text or ""))


def _kind(schema: str, names: str, key: str, good: str, bad: str) -> Kind:
    words = ("--output-format=json", f"--builtin-schema={schema}")
    judge = Judge(tool="check-jsonschema", words=words, read=_read, good=good, bad=bad, suffix=".yaml")
    return Kind(re.compile(names), re.compile(rf"^[\"']?{key}[\"']?\s*:", re.M), judge)


KINDS = (
    _kind(
        "vendor.github-workflows",
        r"(^|/)\.github/workflows/[^/]+\.ya?ml$",
        "jobs",
        "on: push\njobs: {one: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n",
        "on: push\njobs: {one: {steps: [{run: make}]}}\n",
    ),
    _kind(
        "vendor.github-actions",
        r"(^|/)\.github/actions/.*action\.ya?ml$|^action\.ya?ml$",
        "runs",
        "name: one\ndescription: one\nruns: {using: composite, steps: [{run: make, shell: sh}]}\n",
        "name: one\nruns: {using: composite}\n",
    ),
    _kind(
        "vendor.dependabot",
        r"(^|/)\.github/dependabot\.ya?ml$",
        "updates",
        "version: 2\nupdates: [{package-ecosystem: pip, directory: /, schedule: {interval: weekly}}]\n",
        "version: 2\nupdates: [{package-ecosystem: pip, directory: /}]\n",
    ),
    _kind(
        "vendor.compose-spec",
        COMPOSE.pattern,
        "services",
        "services: {one: {image: one}}\n",
        "services: {one: {imge: one}}\n",
    ),
    _kind(
        "vendor.readthedocs",
        r"^\.readthedocs\.ya?ml$",
        "version",
        "version: 2\nbuild: {os: ubuntu-24.04, tools: {python: '3.13'}}\n",
        "version: 2\nbuild: {tools: {python: '3.13'}}\n",
    ),
)


def _inputs(project: Project) -> Sequence[str]:
    return [name for name, file in project.files.items() if any(kind.holds(name, file) for kind in KINDS)]


def _by_schema(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[BySchema]:
    """One process for each schema."""
    trees = [{name: project.files[name] for name in _inputs(project)} for project in projects]
    plain = [
        {name: file for name, file in tree.items() if not _OWN_TAG.search(file.text or "")} for tree in trees
    ]
    said = [
        kind.judge.faults([{n: f for n, f in tree.items() if kind.holds(n, f)} for tree in plain])
        for kind in KINDS
    ]
    return [
        BySchema(
            tuple(fault for of_kind in said for fault in of_kind[at]),
            tuple(f"{name} (holds tags of its own)" for name in tree if name not in plain[at]),
        )
        for at, tree in enumerate(trees)
    ]


def line_of_path(text: str, path: str) -> int:
    """The line that "$.jobs.one.steps[0]" leads to; 0 where it cannot be followed."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        return 0
    line = 0
    for key, index in re.findall(r"([^.\[\]$'\"]+)|\[(\d+)\]", path):
        if isinstance(node, yaml.SequenceNode) and (index or key).isdigit():
            node = node.value[int(index or key)]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == (key or index)), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
    return line


BY_SCHEMA = Probe(
    evidence=BySchema,
    subject=Subject.PROJECT,
    gather=lambda project, features: _by_schema([project], features)[0],
    inputs=_inputs,
    together=_by_schema,
    seconds=1.0,
)
