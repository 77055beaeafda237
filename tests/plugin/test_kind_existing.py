"""The engine kind on a cluster that was there before, and what it keeps: as far as seen without a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.cli import NOT_JUDGED, USAGE, main
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.built import announced, tag
from pytest_saas_validate.engines.kind import KindEngine
from pytest_saas_validate.engines.kind.cluster import Cluster
from pytest_saas_validate.engines.kind.existing import claim, look_up, refuse_cluster_wide
from pytest_saas_validate.engines.kind.images import Images
from pytest_saas_validate.engines.kind.manifests import Manifests
from pytest_saas_validate.engines.kind.stack import KindStack
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.process.docker import announce
from pytest_saas_validate.process.kubernetes import (
    NAMESPACE,
    NODE_IMAGE,
    Access,
    announce_image,
    announce_namespace,
)
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.requirements import unmet
from pytest_saas_validate.session import load_engine
from pytest_saas_validate.settings import Switches, read_settings
from pytest_saas_validate.spec import SpecError

ROOT = Path(__file__).parent.parent.parent
CONTEXT, VERSION, NODES = "*config view*", "*--raw=/version*", "*get nodes*"
NODE = {"metadata": {"name": "n1"}, "status": {"nodeInfo": {"machineID": "m1"}}}
ANSWERS = {CONTEXT: "echo there", VERSION: "echo 1", NODES: f"echo '{json.dumps({'items': [NODE]})}'"}
OWNER = "pytest-saas-validate.run=7"
Fake = Callable[[str, Mapping[str, str]], None]


def project(images: str) -> Project:
    table = f'[tool.pytest-saas-validate.kubernetes]\noverlay = "k8s"\nimages = {images}\n'
    files = {"pyproject.toml": File(table.encode())}
    return Project(root=Path("/p"), combo=Combo("x", (), frozenset()), files=files)


def labelled(name: str, **labels: str) -> str:
    """What a server says of a namespace."""
    return f"echo '{json.dumps({'metadata': {'name': name, 'labels': labels}})}'"


def existing(kubeconfig: Path, name: str = "", **more: Any) -> Cluster:
    return Cluster(kubeconfig, name, context="there", owner=OWNER, **more)


def test_what_cannot_be_used_is_one_sentence(fake: Fake, kubeconfig: Path) -> None:
    fake("kubectl", {CONTEXT: "true"})
    assert KindEngine(kubeconfig=kubeconfig).missing == (
        f"{kubeconfig}: it has no current context; choose one: kubectl config use-context"
    )
    fake("kubectl", {CONTEXT: "echo 'error: yaml: line 1' >&2; exit 1"})
    assert KindEngine(kubeconfig=kubeconfig).missing == (
        f"{kubeconfig}: it cannot be read (error: yaml: line 1); mend the file"
    )
    fake("kubectl", {**ANSWERS, VERSION: "echo 'Unable to connect: refused' >&2; exit 1"})
    assert KindEngine(kubeconfig=kubeconfig).missing == (
        f"{kubeconfig}: the cluster of context there does not answer (Unable to connect: refused); start it"
    )
    absent = kubeconfig.with_name("absent")
    assert KindEngine(kubeconfig=absent).missing == (
        f"{absent}: no such file; give the kubeconfig of a cluster"
    )


def test_kubectl_alone_is_needed_for_a_cluster_that_is_not_of_kind(fake: Fake, kubeconfig: Path) -> None:
    assert "kubectl is not on PATH" in KindEngine(kubeconfig=kubeconfig).missing
    fake("kubectl", ANSWERS)
    engine = KindEngine(kubeconfig=kubeconfig)
    assert engine.missing == ""
    assert engine.unavailable(project("{}")) == ""


def test_docker_is_needed_for_images_that_the_project_builds(fake: Fake, kubeconfig: Path) -> None:
    fake("kubectl", ANSWERS)
    built = project('{ api = "Dockerfile" }')
    assert "docker is not on PATH" in KindEngine(kubeconfig=kubeconfig).unavailable(built)
    mirrors = {"api:1": "registry.example/api:1"}
    assert KindEngine(mirrors, kubeconfig=kubeconfig).unavailable(built) == ""


@pytest.mark.parametrize(("machine", "name"), [("m1", "c"), ("m2", "")])
def test_a_cluster_is_of_kind_when_its_nodes_are_containers_here(
    machine: str, name: str, fake: Fake, kubeconfig: Path
) -> None:
    """Another machine's may have the same names."""
    fake("kubectl", ANSWERS)
    fake("docker", {"ps *": "echo n0 b; echo n1 c", "exec n1 cat *": f"echo {machine}"})
    found = look_up(kubeconfig)
    assert (found.name, found.nodes) == (name, ("n1",) if name else ())
    assert ("kind is not on PATH" in KindEngine(kubeconfig=kubeconfig).missing) is bool(name)


@pytest.mark.parametrize(
    ("labels", "done"),
    [({"pytest-saas-validate.run": "7"}, True), ({"pytest-saas-validate.run": "8"}, False)],
)
def test_nothing_is_changed_in_a_namespace_without_the_runs_label(
    labels: Mapping[str, str], done: bool, fake: Fake, calls: Callable[[], list[str]], kubeconfig: Path
) -> None:
    fake("kubectl", {"*get namespace*": labelled("shop", **labels), "*": "echo '{}'"})
    kubectl = existing(kubeconfig).kubectl("shop")
    for change in (lambda: kubectl.apply([]), lambda: kubectl.words("scale", "x")):
        if done:
            change()
        else:
            with pytest.raises(BootError, match=f"namespace shop has no label {OWNER}"):
                change()
    assert kubectl.ended("get", "pods").ok
    changing = [call for call in calls() if " apply " in call or " scale " in call]
    assert bool(changing) is done


def test_a_cluster_of_the_run_is_not_asked_for_labels(
    fake: Fake, calls: Callable[[], list[str]], kubeconfig: Path
) -> None:
    fake("kubectl", {"*": "true"})
    assert Cluster(kubeconfig, "c").kubectl("shop").ended("scale", "x").ok
    assert len(calls()) == 1


NAMED = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "saas-1"}}


def test_a_namespace_is_in_the_ledger_before_it_is_made(
    fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    ledger, seen = workspace.ledger.path, kubeconfig.with_name("seen")
    there = labelled("saas-1", **{"pytest-saas-validate.run": "7"})
    copy = f'while read -r line; do echo "$line"; done < {ledger} > {seen}'
    fake("kubectl", {"*create --save-config*": copy, "*get namespace saas-1*": there})
    claim(existing(kubeconfig), workspace.ledger, NAMED)
    (line,) = map(json.loads, seen.read_text().splitlines())
    wanted = {"kind": NAMESPACE, "name": "saas-1", "run": "7", "context": "there"}
    assert wanted.items() <= line.items()
    assert line["kubeconfig"] == str(kubeconfig)


def test_a_namespace_that_is_there_already_is_refused(
    fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    exists = "echo 'Error (AlreadyExists)' >&2; exit 1"
    fake("kubectl", {"*create*": exists, "*get namespace saas-1*": labelled("saas-1")})
    with pytest.raises(BootError, match=r"namespace saas-1 has no label .*: it is not of this run, and left"):
        claim(existing(kubeconfig), workspace.ledger, NAMED)


def test_a_namespace_that_cannot_be_made_says_why(fake: Fake, kubeconfig: Path, workspace: Workspace) -> None:
    fake("kubectl", {"*create*": "echo 'namespaces is forbidden' >&2; exit 1", "*get*": "exit 1"})
    with pytest.raises(BootError, match="namespaces is forbidden"):
        claim(existing(kubeconfig), workspace.ledger, NAMED)


def test_objects_of_the_whole_cluster_are_refused_by_name(fake: Fake, kubeconfig: Path) -> None:
    """By the names of their kinds, and by what the server says of kinds that were added to it."""
    fake("kubectl", {"*api-resources*": "echo tenants t shop.example/v1 false Tenant"})
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "reader"},
    }
    tenant = {"apiVersion": "shop.example/v2", "kind": "Tenant", "metadata": {"name": "acme"}}
    other = {"apiVersion": "inn.example/v1", "kind": "Tenant", "metadata": {"name": "guest"}}
    source = Manifests((NAMED, role, tenant, other))
    with pytest.raises(BootError, match=r"k8s/ci: ClusterRole reader, Tenant acme would be .*; leave it out"):
        refuse_cluster_wide(existing(kubeconfig), "k8s/ci", source)
    refuse_cluster_wide(existing(kubeconfig), "k8s/ci", Manifests((NAMED, other)))
    refuse_cluster_wide(Cluster(kubeconfig, "own"), "k8s/ci", source)


def test_an_image_that_cannot_be_brought_there_is_refused_with_the_way(
    calls: Callable[[], list[str]], fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    fake("docker", {"*": "true"})
    images = Images(project("{}"), workspace, {"api": "Dockerfile"}, {"web:1": "registry.example/web:1"})
    images.bring(["postgres:18", "web:1"], existing(kubeconfig))
    with pytest.raises(BootError, match=r'image api:1 is built here .*\[tool\.[^]]+images\] "api:1" ='):
        images.bring(["api:1"], existing(kubeconfig))
    assert not calls()
    assert not workspace.ledger.open_entries()


def test_only_nodes_that_lack_an_image_get_it_and_only_what_is_built_goes_again(
    calls: Callable[[], list[str]], fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    fake("docker", {"exec n1 * inspecti *postgres*": "true", "exec *": "exit 1", "*": "true"})
    fake("kind", {"*": "true"})
    images = Images(project("{}"), workspace, {"api": "Dockerfile"}, {})
    images.bring(["postgres:18", "api:1"], existing(kubeconfig, "c", nodes=("n1", "n2")))
    built = images.instead("api:1")
    loads = [call for call in calls() if call.startswith("kind load")]
    assert loads == [
        f"kind load docker-image --name=c {built} --nodes=n1,n2",
        "kind load docker-image --name=c postgres:18 --nodes=n2",
    ]
    held = [entry for entry in workspace.ledger.open_entries() if entry["kind"] == NODE_IMAGE]
    assert [(entry["image"], entry["nodes"]) for entry in held] == [(built, ["n1", "n2"])]


def test_only_an_image_that_is_built_here_has_to_be_loaded(
    calls: Callable[[], list[str]], fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    fake("docker", {})
    fake("kind", {"load *": "echo 'content digest sha256:0: not found' >&2; exit 1"})
    images = Images(project("{}"), workspace, {"api": "Dockerfile"}, {})
    images.bring(["postgres:18"], Cluster(kubeconfig, "saas-7"))
    assert calls()[-1] == "kind load docker-image --name=saas-7 postgres:18"
    with pytest.raises(BootError, match="content digest"):
        images.bring(["api:1"], Cluster(kubeconfig, "saas-7"))


def test_what_a_run_left_in_a_cluster_is_removed_by_name_and_label_and_in_order(
    calls: Callable[[], list[str]], fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    fake("kubectl", {"*": "true"})
    fake("docker", {"exec n2 * inspecti *": "exit 1", "*": "true"})
    announce(workspace.ledger, "pytest-saas-validate.run", "7")
    announce_image(workspace.ledger, ["n1", "n2"], "own:7-a")
    announce_namespace(workspace.ledger, Access(kubeconfig, "there"), "saas-1")
    released = announce_namespace(workspace.ledger, Access(kubeconfig, "there"), "saas-2")
    workspace.ledger.release(released)
    assert not workspace.close().left
    first, *rest = calls()
    assert first == (
        f"kubectl --kubeconfig={kubeconfig} --context=there delete namespace "
        f"--selector={OWNER} --field-selector=metadata.name=saas-1 --timeout=300s"
    )
    assert rest[:3] == [
        "docker exec n1 crictl --timeout=60s inspecti --quiet own:7-a",
        "docker exec n1 crictl --timeout=60s rmi own:7-a",
        "docker exec n2 crictl --timeout=60s inspecti --quiet own:7-a",
    ]
    assert all(" ls " in call for call in rest[3:])


def test_only_a_given_cluster_is_asked_with_a_cloud_s_variables_and_no_ledger_holds_them(
    monkeypatch: pytest.MonkeyPatch, kubeconfig: Path, workspace: Workspace
) -> None:
    names = {"AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "KUBERNETES_EXEC_INFO"}
    for name in names | {"OTHER_TOKEN"}:
        monkeypatch.setenv(name, "x-cloud")
    given = existing(kubeconfig).kubectl().environment
    assert {name for name, value in given.items() if value == "x-cloud"} == names
    assert "x-cloud" not in Cluster(kubeconfig, "saas-7").kubectl().environment.values()
    announce_namespace(workspace.ledger, Access(kubeconfig, "there"), "saas-1")
    assert "x-cloud" not in workspace.ledger.path.read_text()


def test_a_namespace_that_stays_is_told(fake: Fake, kubeconfig: Path, workspace: Workspace) -> None:
    fake("kubectl", {"*": "echo 'timed out waiting' >&2; exit 1"})
    announce_namespace(workspace.ledger, Access(kubeconfig), "saas-1")
    (left,) = workspace.close().left
    assert left.startswith("namespace saas-1: ")
    assert "timed out waiting" in left


def stack(cluster: Cluster, workspace: Workspace, image: str = "own:7-a") -> KindStack:
    pod = {"spec": {"containers": [{"name": "api", "image": image}]}}
    api = {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": pod}}
    front = {"kind": "Deployment", "metadata": {"name": "frontend"}, "spec": {"template": pod}}
    service = {"kind": "Service", "metadata": {"name": "api"}, "spec": {"ports": [{"port": 80}]}}
    return KindStack(
        kubectl=cluster.kubectl("saas-1"),
        cluster=cluster,
        workloads={"backend": "api", "frontend": "frontend"},
        manifests=Manifests((api, front, service)),
        labels={},
        workspace=workspace,
        folder=workspace.folder,
    )


def test_a_namespace_beside_the_stacks_is_made_and_removed_by_the_same_rules(
    calls: Callable[[], list[str]], fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    there = labelled("any", **{"pytest-saas-validate.run": "7"})
    fake("kubectl", {"*get namespace*": there, "*": "echo '{}'"})
    with stack(existing(kubeconfig), workspace).operations.scratch("network", {}) as name:
        assert [entry["name"] for entry in workspace.ledger.open_entries()] == [name]
    begin = f"kubectl --kubeconfig={kubeconfig} --context=there --namespace"
    done = [call for call in calls() if " get " not in call]
    assert done == [
        f"{begin}=default create --save-config --filename=-",
        f"{begin}={name} apply --filename=-",
        f"{begin}={name} delete namespace --selector={OWNER} --field-selector=metadata.name={name}"
        " --wait=false",
    ]


@pytest.mark.parametrize("network", ["kind", ""])
def test_a_cluster_of_the_run_is_kept_with_its_images(
    network: str,
    calls: Callable[[], list[str]],
    fake: Fake,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    workspace: Workspace,
) -> None:
    fake("kubectl", {"*": "true"})
    folder = tmp_path / "a b"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    entry = announce(workspace.ledger, "io.x-k8s.kind.cluster", "saas-7")
    announced(workspace)
    own = stack(Cluster(workspace.folder / "kubeconfig", "saas-7", entry, network), workspace)
    words = own.keep()
    file = f"{folder}/saas-7.kubeconfig"
    begin = f"kubectl '--kubeconfig={file}' --namespace=saas-1"
    named = f"--name=saas-7 '--kubeconfig={file}'"
    assert words == [
        f"kind export kubeconfig {named}",
        f"{begin} get pods",
        f"{begin} logs deployment/frontend --all-containers",
        f"{begin} logs deployment/api --all-containers",
        f"{begin} port-forward service/api :80",
        f"kind delete cluster {named}",
        f"rm '{file}'",
        *(["docker network rm kind"] if network else []),
        "docker image rm --force $(docker image ls --quiet --filter label=pytest-saas-validate.run=7)",
    ]
    assert not workspace.ledger.open_entries()
    own.close()
    assert not calls(), "nothing is removed any more"
    other = stack(own.cluster, workspace)
    other.close()
    assert "delete namespace" in calls()[0]


def test_a_namespace_of_a_cluster_that_was_there_is_kept_with_what_its_pods_need(
    calls: Callable[[], list[str]], fake: Fake, kubeconfig: Path, workspace: Workspace
) -> None:
    fake("kubectl", {"*": "true"})
    access = Access(kubeconfig, "there")
    used, unused = tag(workspace, "a"), tag(workspace, "b")
    for image in (used, unused):
        announce_image(workspace.ledger, ["n1", "n2"], image)
    for name in ("saas-1", "saas-2"):
        announce_namespace(workspace.ledger, access, name)
    announced(workspace)
    kept = stack(existing(kubeconfig, "c", nodes=("n1", "n2")), workspace, used)
    words = kept.keep()
    begin = f"kubectl --kubeconfig={kubeconfig} --context=there"
    assert words[0] == f"{begin} --namespace=saas-1 get pods"
    assert words[-3:] == [
        f"{begin} delete namespace --selector={OWNER} --field-selector=metadata.name=saas-1",
        f"docker exec n1 crictl --timeout=60s rmi {used}",
        f"docker exec n2 crictl --timeout=60s rmi {used}",
    ]
    left = {entry.get("name") or entry.get("image") for entry in workspace.ledger.open_entries()}
    assert left == {"saas-2", unused, None}, (
        "what others use, and the images of this machine, go with the run"
    )
    kept.close()
    assert not calls()


def test_a_forwarded_port_ends_when_its_stack_is_kept(workspace: Workspace, kubeconfig: Path) -> None:
    class Way:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    way: Any = Way()
    kept = stack(existing(kubeconfig), workspace)
    kept._forwards["backend"] = way
    kept.keep()
    kept.close()
    assert way.closed


def test_the_file_is_looked_for_when_settings_are_read(kubeconfig: Path) -> None:
    given = Switches(combos="bare", engines=("kind",), kubeconfig=str(kubeconfig))
    assert read_settings(ROOT, given).kubeconfig == kubeconfig
    with pytest.raises(SpecError, match="was not asked for; add --engine=kind"):
        read_settings(ROOT, Switches(combos="bare", kubeconfig=str(kubeconfig)))
    with pytest.raises(SpecError, match="absent: no such file"):
        read_settings(ROOT, Switches(combos="bare", kubeconfig=f"{kubeconfig}/absent"))


def test_a_given_cluster_is_asked_at_the_start(fake: Fake, kubeconfig: Path) -> None:
    fake("kubectl", {**ANSWERS, VERSION: "exit 1"})
    given = Switches(combos="bare", engines=("kind",), kubeconfig=str(kubeconfig))
    (line,) = unmet(read_settings(ROOT, given), load_engine)
    assert line.startswith(f"--saas-kubeconfig: {kubeconfig}: the cluster of context there does not answer")


def test_the_command_ends_before_anything_is_baked(
    fake: Fake, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake("kubectl", {**ANSWERS, VERSION: "exit 1"})
    words = ["run", str(ROOT / "template"), "--combos", "bare", "--engine", "kind", "--kubeconfig"]
    assert main([*words, str(kubeconfig)]) == NOT_JUDGED
    assert "does not answer" in capsys.readouterr().err
    assert main([*words, f"{kubeconfig}.absent"]) == USAGE
    assert "no such file" in capsys.readouterr().err
