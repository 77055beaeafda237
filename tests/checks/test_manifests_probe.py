"""What kustomize builds of a project of another layout, and every planted defect in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.evidence.manifests import Manifests, Resource, Validated
from pytest_saas_validate.evidence.manifests_images import Recipes, Variables
from pytest_saas_validate.evidence.manifests_tree import taken
from pytest_saas_validate.findings import Finding
from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutants
from pytest_saas_validate.probes import ProbeError, Unavailable, manifests, probes
from pytest_saas_validate.probes.manifests import overlays, validated
from pytest_saas_validate.project import Project
from pytest_saas_validate.tools import FoundTool, find, kustomize
from tests.checks.foreign import FILES, TABLE, foreign

CHECKS = [check for check in catalogue() if check.family == "KS" and not check.trait]
PLANTED = [mutant for mutant in mutants() if mutant.id.startswith("KS") and not mutant.on]
ABSENT = FoundTool(name="any", reason="it is not installed")


@pytest.fixture(autouse=True)
def _builder() -> None:
    if not (find("kustomize").path or find("kubectl").path):
        pytest.skip("neither kustomize nor kubectl is here")


def findings(project: Project, *, schemas: bool) -> Iterator[Finding]:
    """Everything that the family finds, with the schemas only when asked: they cost a second."""
    for check in CHECKS:
        if schemas or Validated not in check.kinds:
            yield from check(*(probes()[kind].gather(project, {}) for kind in check.kinds))


def test_a_project_of_another_layout_is_clean(tmp_path: Path) -> None:
    if not find("kubernetes-validate").path:
        pytest.skip("kubernetes-validate is not here")
    assert list(findings(foreign(tmp_path), schemas=True)) == []


@pytest.mark.parametrize("planted", PLANTED, ids=lambda mutant: mutant.id)
def test_every_defect_can_be_planted_in_it(planted: Mutant, tmp_path: Path) -> None:
    schemas = "KS001" in planted.fires
    if schemas and not find("kubernetes-validate").path:
        pytest.skip("kubernetes-validate is not here")
    edit = Edit(foreign(tmp_path / "healthy"))
    assert planted.in_project is not None
    planted.in_project(edit)
    found = {finding.check for finding in findings(edit.done(tmp_path / "planted"), schemas=schemas)}
    assert planted.fires <= found <= planted.fires | planted.also


def test_a_project_without_such_files_has_no_place_for_them(tmp_path: Path) -> None:
    project = foreign(tmp_path)
    bare = dataclasses.replace(project, files={"pyproject.toml": project.files["pyproject.toml"]})
    for planted in PLANTED:
        assert planted.in_project is not None
        with pytest.raises(NotPlantable):
            planted.in_project(Edit(bare))


# Which overlays there are, and what they are made of


def table(*overlays: str, tests: str = "") -> str:
    written = f"overlays = {list(overlays)}".replace("'", '"')
    written += f'\noverlay = "{tests}"' if tests else ""
    return TABLE.replace('overlays = ["deploy/envs/*"]', written)


@pytest.mark.parametrize(
    ("named", "tests", "found"),
    [
        (["deploy/envs/*"], "", {"deploy/envs/live": True, "deploy/envs/trial": True}),
        (["deploy/envs/live"], "deploy/envs/trial", {"deploy/envs/live": True, "deploy/envs/trial": False}),
        (["deploy/envs/*"], "deploy/envs/trial", {"deploy/envs/live": True, "deploy/envs/trial": False}),
        (["deploy/envs/live"], "deploy/envs/live", {"deploy/envs/live": True}),
        (["./deploy/envs/live/"], "", {"deploy/envs/live": True}),
        (["deploy/envs/*"], "./deploy/envs/trial", {"deploy/envs/live": True, "deploy/envs/trial": False}),
    ],
)
def test_overlays_are_named_by_path_or_pattern(
    named: list[str], tests: str, found: dict[str, bool], tmp_path: Path
) -> None:
    project = foreign(tmp_path, **{"pyproject.toml": table(*named, tests=tests)})
    assert overlays(project) == found


@pytest.mark.parametrize(
    ("named", "tests", "words"),
    [
        (["deploy/*"], "deploy/gone", "deploy/gone in .* has no kustomization"),
        (["deploy/gone"], "", "deploy/gone: no folder with a kustomization"),
        (["k8s/overlays/*"], "", "no folder with a kustomization"),
    ],
)
def test_overlays_that_are_not_there_are_an_error(
    named: list[str], tests: str, words: str, tmp_path: Path
) -> None:
    project = foreign(tmp_path, **{"pyproject.toml": table(*named, tests=tests)})
    with pytest.raises(ProbeError, match=words):
        probes()[Manifests].gather(project, {})


def test_all_files_that_decide_are_inputs_and_no_others(tmp_path: Path) -> None:
    project = foreign(tmp_path, **{"deploy/other/kustomization.yaml": "resources: [../common]\n"})
    inputs = taken(project.files, overlays(project))
    assert {name for name, _ in project.below(*inputs)} == {
        name for name in FILES if name.startswith("deploy/")
    }


def test_files_of_generators_patches_and_components_are_inputs(tmp_path: Path) -> None:
    kustomization = (
        "resources: ['https://one.example/base?ref=v1']\n"
        "components: [../parts]\n"
        "patches: [{path: change.json}, {patch: '- op: remove'}]\n"
        "configMapGenerator: [{name: a, files: [as.txt=../values.txt, ../../../outside]}]\n"
    )
    files = {
        "k/env/kustomization.yaml": kustomization,
        "k/env/change.json": "[]",
        "k/values.txt": "",
        "k/parts/kustomization.yaml": "resources: [x.yaml]\n",
        "k/parts/x.yaml": "",
        "k/idle.yaml": "",
    }
    found = taken(foreign(tmp_path, **files).files, ["k/env"])
    assert set(found) == {"k/env", "k/env/change.json", "k/values.txt", "k/parts", "k/parts/x.yaml"}


# Positive controls


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: []\n", "deploy/envs/live builds no object"),
        ("resources: [gone.yaml]\n", r"deploy/envs/live does not build\n.*(.|\n)*gone\.yaml"),
    ],
)
def test_an_overlay_that_gives_nothing_to_judge_is_an_error(text: str, words: str, tmp_path: Path) -> None:
    project = foreign(tmp_path, **{"deploy/envs/live/kustomization.yaml": text})
    for kind in (Manifests, Validated):
        if kind is Manifests or find("kubernetes-validate").path:
            with pytest.raises(ProbeError, match=words):
                probes()[kind].gather(project, {})


@pytest.mark.parametrize(
    ("absent", "kind"), [({"kustomize", "kubectl"}, Manifests), ({"kubernetes-validate"}, Validated)]
)
def test_without_a_tool_the_evidence_is_unavailable(
    absent: set[str], kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (manifests, kustomize):
        monkeypatch.setattr(module, "find", lambda name: ABSENT if name in absent else find(name))
    with pytest.raises(Unavailable, match="not installed"):
        probes()[kind].gather(foreign(tmp_path), {})


def test_kubectl_builds_where_kustomize_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not find("kubectl").path:
        pytest.skip(find("kubectl").reason)
    with_both = probes()[Manifests].gather(foreign(tmp_path), {})
    monkeypatch.setattr(kustomize, "find", lambda name: ABSENT if name == "kustomize" else find(name))
    assert probes()[Manifests].gather(foreign(tmp_path), {}) == with_both


def program(folder: Path, script: str) -> Path:
    file = folder / "validator"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_validator_that_passes_over_an_object_is_an_error(tmp_path: Path) -> None:
    config = Resource("env", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    with pytest.raises(ProbeError, match="said nothing of env: ConfigMap a"):
        validated(program(tmp_path, "exit 0"), [config])


def objects(*contents: object) -> list[Resource]:
    return [Resource("env", content) for content in contents if isinstance(content, dict)]


def test_what_a_validator_says_is_told_with_its_place(tmp_path: Path) -> None:
    validator = find("kubernetes-validate").path
    if not validator:
        pytest.skip("kubernetes-validate is not here")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "one"}}
    found = validated(
        validator,
        objects(
            config,
            {**config, "dta": {}},
            {**config, "dta": {}, "metadata": {"name": "a", "namespace": "two"}},
            {**config, "metadata": {"name": "a", "namespace": 7}},
            {**config, "metadata": {"name": "a", "replicas": "2"}},
            {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "b"}},
            {"apiVersion": "acme.example/v1", "kind": "Shop", "metadata": {"name": "c"}},
            {"kind": "Pod", "metadata": {"name": "d"}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": None},
        ),
    )
    assert [(fault.where, fault.message.partition(" (")[0][:40]) for fault in found.faults] == [
        ("env: Pod d", "has no apiVersion"),
        ("env: Pod without a name", "has no metadata.name"),
        ("env: ConfigMap a", "Additional properties are not allowed"),
        ("env: ConfigMap a", "Additional properties are not allowed"),
        ("env: ConfigMap a", "metadata.namespace: 7 is not of type 'st"),
        ("env: ConfigMap a", "metadata: Additional properties are not "),
        ("env: Deployment b", "Couldn't find schema for kind Deployment"),
    ]
    assert found.unreached == ("Shop of acme.example/v1",)


# Images and variables


def test_recipes_and_what_is_pulled_are_read_from_files(tmp_path: Path) -> None:
    compose = "services:\n  a:\n    build: ./tool\n    image: tool:dev\n  b:\n    image: redis:8\n"
    found = probes()[Recipes].gather(foreign(tmp_path, **{"compose.yml": compose}), {})
    assert found.built == {"shop-web": "server/Dockerfile", "tool": "tool/Dockerfile"}
    assert found.others == {"tool", "redis", "python"}


def test_what_the_backend_reads_is_known_from_its_own_files(tmp_path: Path) -> None:
    files = {
        "server/shop/web.py": "import os\nA = os.environ['SHOP_DEBUG']\n",
        "server/tests/test_a.py": "B = 'SHOP_TESTED'\n",
        "other/a.py": "C = 'SHOP_OTHER'\n",
    }
    found = probes()[Variables].gather(foreign(tmp_path, **files), {})
    assert found.images == {"shop-web"}
    assert found.settings.required == {"SHOP_DATABASE"}
    assert "SHOP_DEBUG" in found.read
    assert not {"SHOP_TESTED", "SHOP_OTHER"} & found.read


def test_an_unknown_backend_is_an_error(tmp_path: Path) -> None:
    text = TABLE.replace("server/Dockerfile", "images/web.Dockerfile")
    with pytest.raises(ProbeError, match="nothing tells which image holds the backend"):
        probes()[Variables].gather(foreign(tmp_path, **{"pyproject.toml": text}), {})
