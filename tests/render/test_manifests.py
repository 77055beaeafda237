"""What the overlays build, without a cluster: every environment whole, apart from the others, and closed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.render_environment import settings
from pytest_saas_validate.project import read_files
from pytest_saas_validate.settings import Switches, read_settings
from pytest_saas_validate.tools import find

SETTINGS = read_settings(Path(__file__).parent, Switches(combos="all"))
OVERLAYS = ("ci", "production", "staging")
# The workflows have no part in it: without them each distinct tree of manifests is there once.
ON = [c for c in SETTINGS.combos if "kubernetes" in c.features and "github_actions" not in c.features]
OFF = [c for c in SETTINGS.combos if "kubernetes" not in c.features]
PORTS = {"backend": 8000, "frontend": 8080, "database": 5432, "cache": 6379, "guest": 9999}

Documents = list[dict[str, Any]]


class Rendered(NamedTuple):
    """A render with what each of its overlays builds."""

    root: Path
    features: frozenset[str]
    built: Mapping[str, Documents]


def build(overlay: Path) -> subprocess.CompletedProcess[str]:
    found = find("kubectl")
    if found.path is None:
        pytest.skip(found.reason)
    words = [str(found.path), "kustomize", str(overlay)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def documents(overlay: Path) -> Documents:
    ended = build(overlay)
    assert ended.returncode == 0, ended.stderr
    return list(yaml.safe_load_all(ended.stdout))


@pytest.fixture(scope="module")
def oven(tmp_path_factory: pytest.TempPathFactory) -> Oven:
    return Oven(template=SETTINGS.source, home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module", params=ON, ids=lambda combo: combo.id)
def rendered(
    request: pytest.FixtureRequest, oven: Oven, tmp_path_factory: pytest.TempPathFactory
) -> Rendered:
    return render(oven, request.param, tmp_path_factory.mktemp("manifests"))


def render(oven: Oven, combo: Combo, folder: Path, **answers: str) -> Rendered:
    root = oven.bake(combo, folder, answers).root
    built = {name: documents(root / "k8s/overlays" / name) for name in OVERLAYS}
    return Rendered(root, frozenset(combo.features), built)


def of_kind(built: Documents, kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in built if one["kind"] == kind}


def templates(built: Documents) -> Iterator[tuple[str, dict[str, Any]]]:
    """The template of every pod, with its `app.kubernetes.io/name`."""
    for one in built:
        spec = one.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            yield template["metadata"]["labels"]["app.kubernetes.io/name"], template


def values(node: Any, key: str) -> Iterator[Any]:
    """Everything under a key, however deep."""
    if isinstance(node, dict):
        yield from (node[key],) if key in node else ()
        for value in node.values():
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, key)


def test_each_overlay_has_every_kind_and_no_secret(rendered: Rendered) -> None:
    common = {
        "ConfigMap",
        "CronJob",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Job",
        "Namespace",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    }
    kinds = {name: {one["kind"] for one in built} for name, built in rendered.built.items()}
    assert kinds == {
        "ci": common | {"StatefulSet"},
        "production": common | {"Ingress"},
        "staging": common | {"Ingress"},
    }


def test_environments_share_no_object(rendered: Rendered) -> None:
    seen = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for built in rendered.built.values()
        for one in built
    ]
    assert len(seen) == len(set(seen))
    assert all(namespace for kind, namespace, _ in seen if kind != "Namespace")


def test_everything_that_is_referred_to_is_there(rendered: Rendered) -> None:
    """Secrets are the deployer's: the README names each with its keys."""
    readme = (rendered.root / "README.md").read_text()
    for built in rendered.built.values():
        for _, template in templates(built):
            spec = template["spec"]
            assert spec["serviceAccountName"] in of_kind(built, "ServiceAccount")
            for reference in (*values(spec, "configMap"), *values(spec, "configMapRef")):
                assert reference["name"] in of_kind(built, "ConfigMap")
            for claim in values(spec, "persistentVolumeClaim"):
                assert claim["claimName"] in of_kind(built, "PersistentVolumeClaim")
            for reference in (*values(spec, "secretKeyRef"), *values(spec, "secretRef")):
                assert f"create secret generic {reference['name']} " in readme
                assert reference.get("key", "") in readme
        for ingress in of_kind(built, "Ingress").values():
            assert all(f"secret tls {tls['secretName']} " in readme for tls in ingress["spec"]["tls"])


def test_every_pod_fits_the_restricted_level(rendered: Rendered) -> None:
    for built in rendered.built.values():
        labels = next(iter(of_kind(built, "Namespace").values()))["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        for _, template in templates(built):
            spec = template["spec"]
            assert spec["securityContext"]["runAsNonRoot"] is True
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert spec["automountServiceAccountToken"] is False
            assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
            kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
            assert kinds <= {"emptyDir", "configMap", "persistentVolumeClaim"}
            for container in spec["containers"]:
                context = container["securityContext"]
                assert context["allowPrivilegeEscalation"] is False
                assert context["readOnlyRootFilesystem"] is True
                assert context["capabilities"] == {"drop": ["ALL"]}
                assert container["resources"]["limits"]["memory"]
                assert container["resources"]["requests"]["cpu"]
                assert container["image"].rpartition(":")[2] not in ("", "latest")


def test_the_autoscaler_alone_sets_how_many_backends_there_are(rendered: Rendered) -> None:
    bounds = {}
    for name, built in rendered.built.items():
        assert "replicas" not in of_kind(built, "Deployment")["backend"]["spec"]
        spec = of_kind(built, "HorizontalPodAutoscaler")["backend"]["spec"]
        bounds[name] = (spec["minReplicas"], spec["maxReplicas"])
    assert bounds == {"ci": (1, 1), "staging": (2, 4), "production": (3, 12)}


def test_the_backend_gets_every_setting_that_it_needs(rendered: Rendered) -> None:
    wanted = settings(read_files(rendered.root))
    assert wanted is not None
    for built in rendered.built.values():
        container = of_kind(built, "Deployment")["backend"]["spec"]["template"]["spec"]["containers"][0]
        named = {one["name"] for one in container["env"]}
        for source in container["envFrom"]:
            named |= set(of_kind(built, "ConfigMap")[source["configMapRef"]["name"]]["data"])
        assert wanted.required <= named


def test_metrics_are_announced_only_where_there_are_some(rendered: Rendered) -> None:
    for built in rendered.built.values():
        found = {name: t["metadata"].get("annotations", {}) for name, t in templates(built)}
        announced = {name for name, annotations in found.items() if "prometheus.io/scrape" in annotations}
        assert announced == ({"backend"} if "observability" in rendered.features else set())


def test_the_overlay_for_tests_has_the_services_of_compose(rendered: Rendered) -> None:
    compose = yaml.safe_load((rendered.root / "compose.yml").read_text())["services"]
    pods = {name: template["spec"]["containers"][0] for name, template in templates(rendered.built["ci"])}
    assert [pods[name]["image"] for name in ("database", "cache")] == [
        compose[name]["image"] for name in ("database", "cache")
    ]
    assert pods["migrate"]["command"] == compose["migrate"]["command"]
    started = " ".join(pods["backup"]["command"])
    assert f"docker compose run --rm backup {started}\n" in (rendered.root / "README.md").read_text()
    (made,) = (one for name, one in of_kind(rendered.built["ci"], "ConfigMap").items() if "setup" in name)
    assert made["data"] == {
        name: (rendered.root / "postgres" / name).read_text() for name in ("container.sql", "roles.sql")
    }


class Pod(NamedTuple):
    """An end of a connection; `namespace` is None in the project's own one."""

    labels: Mapping[str, str]
    namespace: Mapping[str, str] | None = None


def meets(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items()
    listed = selector.get("matchExpressions", ())
    assert all(one["operator"] == "In" for one in listed)
    return all(labels.get(key) == value for key, value in wanted) and all(
        labels.get(one["key"]) in one["values"] for one in listed
    )


def is_peer(peer: Mapping[str, Any], pod: Pod) -> bool:
    if "namespaceSelector" in peer:
        assert "podSelector" not in peer
        return pod.namespace is not None and meets(peer["namespaceSelector"], pod.namespace)
    return pod.namespace is None and meets(peer["podSelector"], pod.labels)


def passes(policies: Documents, way: str, pod: Pod, other: Pod, port: int) -> bool:
    """Whether the policies of `pod` let a connection with `other` through."""
    if pod.namespace is not None:
        return True
    specs = [one["spec"] for one in policies if meets(one["spec"]["podSelector"], pod.labels)]
    rules = [rule for spec in specs if way in spec["policyTypes"] for rule in spec.get(way.lower(), ())]
    assert any(way in spec["policyTypes"] for spec in specs)
    key = "from" if way == "Ingress" else "to"
    return any(
        (key not in rule or any(is_peer(peer, other) for peer in rule[key]))
        and ("ports" not in rule or port in [one["port"] for one in rule["ports"]])
        for rule in rules
    )


def test_only_the_listed_pairs_can_talk(rendered: Rendered) -> None:
    slug = rendered.root.name
    policies = [one for one in rendered.built["ci"] if one["kind"] == "NetworkPolicy"]
    pods = {name: Pod(template["metadata"]["labels"]) for name, template in templates(rendered.built["ci"])}
    pods |= {
        "guest": Pod({"app.kubernetes.io/component": "guest"}),
        "stranger": Pod({}),
        "controller": Pod({}, {f"{slug}/ingress": "allowed"}),
        "monitoring": Pod({}, {f"{slug}/metrics": "allowed"}),
        "outside": Pod({}, {}),
    }
    pairs = [(source, target) for source in pods for target in PORTS]
    let_in = {
        (source, target)
        for source, target in pairs
        if passes(policies, "Ingress", pods[target], pods[source], PORTS[target])
    }
    let_out = {
        (source, target)
        for source, target in pairs
        if passes(policies, "Egress", pods[source], pods[target], PORTS[target])
    }
    # Each side alone is exact: one careless rule opens nothing.
    assert {pair for pair in let_out if pods[pair[0]].namespace is None} == {
        pair for pair in let_in if pods[pair[0]].namespace is None
    }
    assert let_in == {
        ("controller", "frontend"),
        ("controller", "backend"),
        ("frontend", "backend"),
        ("backend", "database"),
        ("backend", "cache"),
        ("migrate", "database"),
        ("backup", "database"),
        ("backend", "guest"),
        ("guest", "guest"),
        ("guest", "backend"),
        ("guest", "frontend"),
        *([("monitoring", "backend")] if "observability" in rendered.features else []),
    }
    ways_out = {
        (name, port)
        for name, pod in pods.items()
        for port in (25, 53, 80, 443, 5432, 6379)
        if pod.namespace is None and passes(policies, "Egress", pod, pods["outside"], port)
    }
    assert {pair for pair in ways_out if pair[1] != 53} == {
        ("backend", 443),
        ("backend", 5432),
        ("backend", 6379),
        ("migrate", 5432),
        ("backup", 5432),
    }


def with_image(rendered: Rendered, folder: Path, image: str) -> Path:
    """A copy whose staging overlay names another backend image, as by `kustomize edit set image`."""
    shutil.copytree(rendered.root / "k8s", folder / "k8s")
    name, _, digest = image.partition("@")
    name, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    entry = {"name": f"{rendered.root.name}-backend", "newName": name}
    entry |= {"newTag": tag} if tag else {}
    entry |= {"digest": digest} if digest else {}
    file = folder / "k8s/overlays/staging/kustomization.yaml"
    file.write_text(file.read_text() + f"\nimages: {json.dumps([entry])}\n")
    return file.parent


DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize("tag", ["3f2a1b9", "20261127", "1e5", "v1-rc-2"])
@pytest.mark.parametrize("digest", ["", f"@{DIGEST}"], ids=["tag", "digest too"])
def test_a_new_image_makes_a_new_migration(
    tag: str, digest: str, one_render: Rendered, tmp_path: Path
) -> None:
    image = f"registry.example.com:5000/acme/{one_render.root.name}-backend:{tag}{digest}"
    built = documents(with_image(one_render, tmp_path, image))
    ((name, job),) = of_kind(built, "Job").items()
    assert name == job["metadata"]["labels"]["app.kubernetes.io/instance"] == f"migrate-{tag}"
    images = {template["spec"]["containers"][0]["image"] for _, template in templates(built)}
    assert image in images
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == image


@pytest.mark.parametrize("image", ["{slug}-backend@" + DIGEST, "other:1"])
def test_an_image_that_names_no_migration_is_an_error(
    image: str, one_render: Rendered, tmp_path: Path
) -> None:
    ended = build(
        with_image(one_render, tmp_path, f"registry.example.com/{image.format(slug=one_render.root.name)}")
    )
    assert ended.returncode
    assert "out of bounds" in ended.stderr


@pytest.fixture(scope="module")
def one_render(oven: Oven, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The render of a project whose name looks like a number."""
    return render(oven, ON[0], tmp_path_factory.mktemp("number"), project_slug="1e5")


def test_a_slug_that_looks_like_a_number_stays_text(one_render: Rendered) -> None:
    for name, built in one_render.built.items():
        assert list(of_kind(built, "Namespace")) == [f"1e5-{name}"]
        assert all(isinstance(value, str) for one in values(built, "labels") for value in one.values())
        assert all(isinstance(value, str) for one in values(built, "data") for value in one.values())


@pytest.mark.parametrize("combo", OFF, ids=lambda combo: combo.id)
def test_off_means_off(combo: Combo, oven: Oven, tmp_path: Path) -> None:
    files = oven.bake(combo, tmp_path).files
    assert [name for name in files if name.startswith("k8s/") or "kustomization" in name] == []
