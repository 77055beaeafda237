"""The engine kind, as far as it can be seen without a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.guest import Guest
from pytest_saas_validate.engines.kind import KindEngine
from pytest_saas_validate.engines.kind.guests import guest_objects
from pytest_saas_validate.engines.kind.manifests import Manifests, pod_template, secret_objects
from pytest_saas_validate.evidence.manifests_images import image as parts_of
from pytest_saas_validate.evidence.manifests_images import recipe_parts
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.tools import FoundTool, kustomize

Fake = Callable[[str, Mapping[str, str]], None]
OBJECTS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: api-config-k8t2m9fc4h, namespace: shop}
data: {LEVEL: INFO}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    spec:
      securityContext: {runAsUser: 65532}
      initContainers: [{name: wait, image: "shop-api:1"}]
      containers:
        - name: api
          image: shop-api:1
          securityContext: {readOnlyRootFilesystem: true}
          env:
            - {name: URL, valueFrom: {secretKeyRef: {name: api-secrets, key: URL}}}
            - {name: DSN, valueFrom: {secretKeyRef: {name: api-secrets, key: DSN, optional: true}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: night, namespace: shop}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: night, image: "night@sha256:0"}]}}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: in, namespace: shop}
spec: {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
"""
SHOP = Manifests(tuple(yaml.safe_load_all(OBJECTS)))
TABLE = """
[tool.pytest-saas-validate.kubernetes]
overlay = "k8s/overlays/ci"
images = { api = "backend/Dockerfile" }
"""


def project(**changes: str) -> Project:
    texts = {"pyproject.toml": TABLE, "k8s/base/a.yaml": "1", "k8s/base/kustomization.yaml": ""}
    texts |= {"k8s/overlays/ci/b.yaml": "1", "backend/main.py": "1", "docs/page.md": "1"}
    texts |= {"k8s/overlays/ci/kustomization.yaml": "resources: [../../base, ../../../postgres]"}
    texts |= {"postgres/kustomization.yaml": "resources: [p.yaml]", "postgres/p.yaml": "1"}
    texts |= {"k8s/overlays/live/kustomization.yaml": "resources: [../../base]", "k8s/notes.txt": "1"}
    files = {name: File(text.encode()) for name, text in {**texts, **changes}.items()}
    return Project(root=Path("/p"), combo=Combo("x", (), frozenset()), files=files)


@pytest.mark.parametrize(
    "path",
    [
        "k8s/base/a.yaml",
        "k8s/overlays/ci/b.yaml",
        "k8s/overlays/live/kustomization.yaml",
        "postgres/p.yaml",
        "backend/main.py",
    ],
)
def test_a_stack_is_another_when_what_it_is_made_of_changes(path: str) -> None:
    assert KindEngine().digest(project(**{path: "2"})) != KindEngine().digest(project())


@pytest.mark.parametrize("path", ["docs/page.md", "k8s/notes.txt"])
def test_a_stack_is_the_same_when_a_document_changes(path: str) -> None:
    assert KindEngine().digest(project(**{path: "2"})) == KindEngine().digest(project())


def test_what_is_missing_is_a_reason_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert KindEngine().missing == "kind is not on PATH; install kind (https://kind.sigs.k8s.io)"
    assert "has no table" in KindEngine().unavailable(project(**{"pyproject.toml": ""}))


def test_an_old_kind_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, says in {"kind": "0.17.0", "kubectl": "", "docker": "28"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho {says}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "kind is 0.17.0; version" in KindEngine().missing


def absent(*names: str) -> Callable[[str], FoundTool]:
    return lambda name: (
        FoundTool(name=name, reason=f"{name} is not here: get it")
        if name in names
        else FoundTool(name=name, path=Path(name))
    )


def test_kubectl_builds_an_overlay_where_kustomize_is_not(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake("kubectl", {"kustomize k8s": "echo 'kind: Secret'"})
    monkeypatch.setattr(kustomize, "find", absent("kustomize"))
    assert Manifests.built(tmp_path, "k8s").objects == ({"kind": "Secret"},)
    monkeypatch.setattr(kustomize, "find", absent("kustomize", "kubectl"))
    with pytest.raises(BootError, match="kustomize is not here: get it; kubectl is not here: get it"):
        Manifests.built(tmp_path, "k8s")


def test_nothing_that_builds_overlays_is_a_reason(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, says in {"kind": "0.31.0", "kubectl": "", "docker": "28"}.items():
        fake(name, {"*": f"echo {says}"})
    monkeypatch.setattr(kustomize, "find", absent("kustomize"))
    assert not KindEngine().missing
    monkeypatch.setattr(kustomize, "find", absent("kustomize", "kubectl"))
    assert KindEngine().missing == "kustomize is not here: get it; kubectl is not here: get it"


def test_everything_moves_into_one_namespace_and_speaks_of_it() -> None:
    moved = SHOP.into("saas-1", {"run": "7"})
    assert list(moved.named("Namespace")) == ["saas-1"]
    labels = moved.named("Namespace")["saas-1"]["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted", "run": "7"}
    assert moved.workloads["api"]["metadata"]["namespace"] == "saas-1"
    assert "namespace" not in moved.named("ClusterRole")["reader"]["metadata"]
    peer = moved.named("NetworkPolicy")["in"]["spec"]["ingress"][0]["from"][0]["namespaceSelector"]
    assert peer == {"matchLabels": {"kubernetes.io/metadata.name": "saas-1"}}
    assert list(SHOP.named("Namespace")) == ["shop"], "the source is not changed"


def test_an_overlay_without_a_namespace_gets_one() -> None:
    bare = Manifests(tuple(each for each in SHOP.objects if each["kind"] != "Namespace"))
    assert bare.into("saas-1", {"run": "7"}).objects[0]["metadata"] == {
        "name": "saas-1",
        "labels": {"run": "7"},
    }


def test_every_pod_gets_the_images_that_are_used_instead() -> None:
    assert SHOP.images == {"shop-api:1", "night@sha256:0"}
    assert SHOP.with_images(lambda name: f"{name}-new").images == {"shop-api:1-new", "night@sha256:0-new"}


def test_an_image_of_ours_is_not_pulled_and_any_other_as_the_project_says() -> None:
    pod = {"containers": [{"image": "api:1", "imagePullPolicy": "Always"}]}
    pod["initContainers"] = [{"image": "b:1", "imagePullPolicy": "Always"}]
    each = {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": {"spec": pod}}}
    changed = Manifests((each,)).with_images(lambda name: name.replace("api:1", "own:7"))
    spec = pod_template(changed.workloads["api"])["spec"]
    assert spec["containers"] == [{"image": "own:7", "imagePullPolicy": "IfNotPresent"}]
    assert spec["initContainers"] == pod["initContainers"]


SPEAKING = """
kind: NetworkPolicy
metadata: {name: in, namespace: shop}
spec:
  ingress:
    - from:
        - namespaceSelector:
            matchExpressions:
              - {key: kubernetes.io/metadata.name, operator: In, values: [shop, monitoring]}
              - {key: team, operator: In, values: [shop]}
---
kind: ConfigMap
metadata: {name: hosts, namespace: shop}
data:
  URL: "http://api.shop.svc.cluster.local:80/shop.svc, db-0.db.shop.svc:1 api.shop.example api.shop.svcs"
---
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    spec:
      containers:
        - name: api
          image: i
          args: [--cache, cache.shop.svc]
          env: [{name: HOST, value: db.shop.svc}, {name: SECRET, valueFrom: {secretKeyRef: {name: a}}}]
---
kind: CustomResourceDefinition
metadata: {name: shops}
spec: {properties: {namespace: {type: string}}}
"""


def test_whatever_names_the_old_namespace_names_the_new_one() -> None:
    moved = Manifests(tuple(yaml.safe_load_all(SPEAKING))).into("saas-1", {})
    peer = moved.named("NetworkPolicy")["in"]["spec"]["ingress"][0]["from"][0]["namespaceSelector"]
    assert [each["values"] for each in peer["matchExpressions"]] == [["saas-1", "monitoring"], ["shop"]]
    assert moved.named("ConfigMap")["hosts"]["data"]["URL"] == (
        "http://api.saas-1.svc.cluster.local:80/shop.svc, db-0.db.saas-1.svc:1 api.shop.example api.shop.svcs"
    )
    (container,) = pod_template(moved.workloads["api"])["spec"]["containers"]
    assert container["args"] == ["--cache", "cache.saas-1.svc"]
    assert container["env"][0]["value"] == "db.saas-1.svc"


def test_a_value_is_set_in_a_generated_configmap_and_in_a_workload() -> None:
    told = SHOP.with_config({"api-config/LEVEL": "DEBUG"}).with_environment({"api/URL": "x"})
    assert told.named("ConfigMap")["api-config-k8t2m9fc4h"]["data"] == {"LEVEL": "DEBUG"}
    variables = pod_template(told.workloads["api"])["spec"]["containers"][0]["env"]
    assert {"name": "URL", "value": "x"} in variables
    assert [variable["name"] for variable in variables] == ["DSN", "URL"]


@pytest.mark.parametrize("place", ["other/KEY", "api-config"])
def test_a_value_for_nothing_is_an_error_that_names_it(place: str) -> None:
    with pytest.raises(BootError, match=place):
        SHOP.with_config({place: "x"})
    with pytest.raises(BootError, match=place):
        SHOP.with_environment({place: "x"})


def test_secrets_that_a_pod_cannot_start_without_are_known() -> None:
    assert list(SHOP.secrets()) == [("api", "api-secrets", "URL")]
    (made,) = secret_objects("saas-1", {"api-secrets/URL": "x", "api-secrets/DSN": "y"})
    assert made["stringData"] == {"URL": "x", "DSN": "y"}


@pytest.mark.parametrize(
    ("image", "name"),
    [("a", "a"), ("a:1", "a"), ("r.example:5000/a:1", "r.example:5000/a"), ("r:5000/a@sha256:0", "r:5000/a")],
)
def test_an_image_is_known_by_its_name_without_tag(image: str, name: str) -> None:
    assert parts_of(image).name == name


@pytest.mark.parametrize(
    ("recipe", "parts"),
    [
        ("backend/Dockerfile", ("backend/Dockerfile", "backend")),
        ("backup/Dockerfile .", ("backup/Dockerfile", ".")),
        ("Dockerfile", ("Dockerfile", ".")),
    ],
)
def test_a_recipe_is_a_dockerfile_and_perhaps_a_context(recipe: str, parts: tuple[str, str]) -> None:
    assert recipe_parts(recipe) == parts


def test_a_guest_runs_under_the_rules_of_the_workload_whose_image_it_has() -> None:
    guest = Guest(name="sink", image="i", command=("run",), files={"/saas/a.py": "text"})
    like = pod_template(SHOP.workloads["api"])
    files, service, pod = guest_objects(guest, "saas-1", {"let": "in"}, like)
    assert files["data"] == {"0": "text"}
    assert pod["spec"]["securityContext"] == {"runAsUser": 65532}
    assert pod["spec"]["containers"][0]["securityContext"] == {"readOnlyRootFilesystem": True}
    assert pod["metadata"]["labels"]["let"] == "in"
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("name", "serves"),
    [("sink", {"httpGet": {"path": "/up", "port": 8000}}), ("edge", {"tcpSocket": {"port": 8000}})],
)
def test_a_guest_is_ready_once_it_serves(name: str, serves: Mapping[str, Any]) -> None:
    guest = Guest(name=name, image="i", command=("run",))
    pod = guest_objects(guest, "saas-1", {}, pod_template(SHOP.workloads["api"]))[2]
    assert pod["spec"]["containers"][0]["startupProbe"].items() >= serves.items()


def test_a_guest_can_be_placed_and_pulled_as_the_workload_whose_image_it_has() -> None:
    placed = {
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"pool": "small"},
        "tolerations": [{"key": "pool", "operator": "Exists"}],
    }
    asks = {"limits": {"memory": "64Mi"}}
    proxy = {"name": "proxy", "image": "p", "resources": {"limits": {"memory": "1Gi"}}}
    spread = {"affinity": {"podAntiAffinity": {}}}
    like = {"spec": {**placed, **spread, "containers": [proxy, {"image": "i", "resources": asks}]}}
    guest = Guest(name="sink", image="i", command=("run",))
    pod = guest_objects(guest, "saas-1", {}, like)[2]["spec"]
    assert pod.items() >= placed.items()
    assert "affinity" not in pod
    assert pod["containers"][0]["resources"] == asks
