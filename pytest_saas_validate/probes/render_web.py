"""Evidence about JavaScript and TypeScript: all modules go through one process of a current node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.evidence.render import Fault, WebModules
from pytest_saas_validate.evidence.render_web import unresolved
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, ProbeError
from pytest_saas_validate.probes.layers import Layers
from pytest_saas_validate.process import run
from pytest_saas_validate.project import Project
from pytest_saas_validate.tools import find, unsteered

_MODULE = re.compile(r"\.[cm]?[jt]s$")
_WEB = re.compile(r"\.([cm]?[jt]sx?|vue|svelte|html|css|json|svg|png|webp|ico|woff2?|webmanifest)$")
_UNREAD = re.compile(r"\.(jsx|tsx|vue|svelte)$")
_NEEDED = "22.13"  # the first with stripTypeScriptTypes
_GOOD, _BAD = "saas-validate good sample", "saas-validate bad sample"
_READ_ALL = r"""
import { stripTypeScriptTypes } from "node:module";
import { readFileSync } from "node:fs";
const said = {};
for (const [name, source] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  try {
    stripTypeScriptTypes(source, { mode: "strip" });
    said[name] = null;
  } catch (problem) {
    const { code, message, stack } = problem;
    const line = Number(/^[^\n]*:(\d+)\n/.exec(stack)?.[1] ?? 0);
    said[name] = { code: code ?? "", message, line };
  }
}
process.stdout.write(JSON.stringify(said));
"""


def _inputs(project: Project) -> Sequence[str]:
    """Modules, and whatever else a module or a page can import."""
    return [name for name in project.files if _WEB.search(name)]


def _web(projects: Sequence[Project], features: Mapping[str, Feature]) -> list[WebModules]:
    """Each distinct module is read once."""
    trees = [{name: project.files[name] for name in _inputs(project)} for project in projects]
    modules = [{name: file for name, file in tree.items() if _MODULE.search(name)} for tree in trees]
    layers = Layers.of(modules)
    sources = {name: file.text or "" for name, file in layers.files()}
    faults, unread = _parse(sources) if sources else ({}, "")
    return [
        WebModules(
            tuple(layers.faults(own, faults)),
            tuple(unresolved(tree)),
            (
                *(f"{name} (node cannot read it)" for name in tree if _UNREAD.search(name)),
                *(f"{name} ({unread})" for name in own if unread),
            ),
        )
        for tree, own in zip(trees, modules, strict=True)
    ]


def _parse(sources: Mapping[str, str]) -> tuple[dict[str, list[Fault]], str]:
    """What node says of each module, and why it could not judge any; raises ProbeError."""
    tool = find("node")
    if tool.path is None:
        return {}, tool.reason
    samples = {_GOOD: "const one: number = 1;\nexport { one };\n", _BAD: "const one = {;\n"}
    words = [str(tool.path), "--no-warnings", "--input-type=module", "--eval", _READ_ALL]
    result = run(words, env=unsteered("node"), stdin=json.dumps({**sources, **samples}).encode())
    if b"stripTypeScriptTypes" in result.stderr and not result.ok:
        return {}, f"{tool.path} is older than {_NEEDED}; pip install 'pytest-saas-validate[judges]'"
    try:
        said = json.loads(result.text)
    except ValueError:
        raise ProbeError(f"node did not answer\n{result.explain()}") from None
    if said.get(_GOOD, "") is not None or not said.get(_BAD):
        raise ProbeError(f"node does not tell a good module from a bad one\n{result.explain()}")
    return {name: [_fault(name, said[name])] for name in sources if _refused(said[name])}, ""


def _refused(said: Mapping[str, object] | None) -> bool:
    """Syntax only: TypeScript that node cannot strip (an enum) is still TypeScript."""
    return said is not None and said["code"] != "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"


def _fault(name: str, said: Mapping[str, object]) -> Fault:
    line = said["line"]
    return Fault(f"{name}:{line}" if line else name, str(said["message"]))


WEB_MODULES = Probe(
    evidence=WebModules,
    subject=Subject.PROJECT,
    gather=lambda project, features: _web([project], features)[0],
    inputs=_inputs,
    together=_web,
    seconds=0.3,
)
