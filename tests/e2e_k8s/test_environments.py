"""Both environments that the template deploys, side by side on one cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.engines.kind import KindEngine
from pytest_saas_validate.engines.kind.cluster import Cluster, own_cluster
from pytest_saas_validate.engines.kind.images import Images
from pytest_saas_validate.engines.kind.manifests import Manifests, Object, secret_objects
from pytest_saas_validate.engines.kind.readiness import wait
from pytest_saas_validate.engines.variables import fill, known
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.project import Project
from pytest_saas_validate.settings import Switches, read_settings
from pytest_saas_validate.spec import Kubernetes

ROOT = Path(__file__).parent.parent.parent
SETTINGS = read_settings(ROOT, Switches(combos="all"))
FULLEST = max(SETTINGS.combos, key=lambda combo: len(combo.features))
ENVIRONMENTS = ("k8s/overlays/staging", "k8s/overlays/production")
SERVERS = ("database", "cache")
Holdings = Mapping[str, frozenset[str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("environments")
    return Oven(template=SETTINGS.source, home=folder / "home").bake(FULLEST, folder / "bake", {})


@pytest.fixture(scope="module")
def spec(project: Project) -> Kubernetes:
    assert project.spec.kubernetes is not None
    return project.spec.kubernetes


@pytest.fixture(scope="module")
def workspace(everything: Callable[[], Holdings]) -> Iterator[Workspace]:
    """Of a run; nothing may be left in Docker when it is closed."""
    missing = KindEngine().missing
    if missing:
        pytest.skip(f"the cluster's part of make e2e: {missing}")
    before = everything()
    made = Workspace.create()
    yield made
    made.close()
    assert everything() == before


@pytest.fixture(scope="module")
def cluster(workspace: Workspace) -> Cluster:
    return own_cluster(workspace, SETTINGS.node)


@pytest.fixture(scope="module")
def images(project: Project, spec: Kubernetes, workspace: Workspace) -> Images:
    return Images(project, workspace, spec.images, SETTINGS.images)


def namespace(environment: Manifests) -> str:
    (name,) = environment.named("Namespace")
    return name


def servers(project: Project, spec: Kubernetes, into: str) -> Sequence[Object]:
    """The database and the cache of the overlay for tests: what a deployer has somewhere else."""
    moved = Manifests.built(project.root, spec.overlay).into(into, {})
    return [
        each
        for each in moved.objects
        if each["metadata"]["name"] in SERVERS or each["metadata"]["name"].startswith("database-setup-")
    ]


def test_both_environments_run_and_have_nothing_in_common(
    project: Project, spec: Kubernetes, cluster: Cluster, images: Images
) -> None:
    """The test gives what the base only references: the Secrets, a database and a cache."""
    seen: set[tuple[str, str, str]] = set()
    for path in ENVIRONMENTS:
        environment = Manifests.built(project.root, path)
        name = namespace(environment)
        objects = {
            (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
            for each in environment.objects
        }
        assert not objects & seen
        seen |= objects
        beside = servers(project, spec, name)
        needed = environment.images | Manifests(tuple(beside)).images
        images.bring(needed, cluster)
        kubectl = cluster.kubectl(name)
        kubectl.apply([each for each in environment.objects if each["kind"] == "Namespace"])
        secrets = fill(project, "kubernetes.secrets", spec.secrets, known(()) | {"sentry_dsn": ""})
        kubectl.apply([*secret_objects(name, secrets), *beside])
        complaints = kubectl.apply(environment.with_images(images.instead).objects)
        assert complaints == ()
    for path in ENVIRONMENTS:
        wait(cluster.kubectl(namespace(Manifests.built(project.root, path))))


def test_an_environment_outlives_the_other(project: Project, cluster: Cluster) -> None:
    staging, production = (namespace(Manifests.built(project.root, path)) for path in ENVIRONMENTS)
    cluster.kubectl(staging).words("delete", "namespace", staging, timeout=180)
    kept = cluster.kubectl(production)
    wait(kept)
    deployed = {
        each["metadata"]["name"]: each["status"]["readyReplicas"] for each in kept.get("deployments")["items"]
    }
    assert deployed["backend"] > 1
    assert deployed["frontend"] > 1
