"""KS on a cluster: every clause seen red on evidence alone; `make e2e` plants the defects on a real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_saas_validate.checks.cluster import admitted, kept_apart, renewed, undone
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines import BootError, Stack
from pytest_saas_validate.engines.operations import Connections, NotDone
from pytest_saas_validate.engines.operations import Objection as Said
from pytest_saas_validate.evidence.cluster import (
    Admissions,
    Connection,
    Objection,
    Renewals,
    Replacement,
    Separation,
    Undos,
)
from pytest_saas_validate.probes import ProbeError, Unavailable
from pytest_saas_validate.probes.cluster import ADMISSIONS, SEPARATION, UNDOS
from pytest_saas_validate.project import File, Project

QUIET = Replacement(service="backend", sent=200)
REFUSED = (1.25, "ConnectionRefusedError: x")
LOSSY = Replacement(service="backend", sent=900, failed=402, shown=(REFUSED, *[(1.3, "503")] * 199))
STUCK = Replacement(service="frontend", sent=90, trouble="no rollout history found")


def test_what_the_api_server_says_is_a_finding() -> None:
    objection = Objection(where="k8s/overlays/live: Job night", message="must be less than the limit")
    (finding,) = admitted(Admissions(objections=(objection,)))
    assert (finding.where, finding.message) == (objection.where, objection.message)
    assert admitted(Admissions(objections=())) == ()


@pytest.mark.parametrize(("check", "seen"), [(renewed, Renewals), (undone, Undos)])
def test_lost_requests_and_a_way_that_was_not_gone_to_the_end_are_findings(check: Any, seen: Any) -> None:
    assert check(seen(replacements=(QUIET,))) == ()
    lost, stuck = check(seen(replacements=(LOSSY, STUCK)))
    assert lost.message.startswith("402 of 900 requests failed")
    assert lost.message.endswith("503 after 1.3 s; 503 after 1.3 s and 399 more")
    assert "ConnectionRefusedError: x after 1.2 s" in lost.message
    assert stuck.where == "frontend"
    assert stuck.message.endswith("no rollout history found")


def test_only_a_connection_that_is_made_and_not_meant_is_a_finding() -> None:
    found = [
        Connection(source="frontend", target="backend", reached=True, allowed=True),
        Connection(source="frontend", target="database", reached=False, allowed=False),
        Connection(source="frontend", target="cache", reached=True, allowed=False),
        Connection(source="backup", target="database", reached=False, allowed=True),
    ]
    (finding,) = kept_apart(Separation(connections=tuple(found)))
    assert finding.where == "frontend -> cache"


@dataclass
class Cluster:
    """Operations as a cluster would answer, without one."""

    answer: Connections = field(default_factory=lambda: Connections(enforced=True, reached={}))
    trouble: Exception | None = None
    done: list[str] = field(default_factory=list)

    def connections(self) -> Connections:
        return self.answer

    def renew(self, service: str) -> None:
        self.done.append(f"renew {service}")

    def spoil(self, service: str) -> str:
        self.done.append(f"spoil {service}")
        return "ErrImagePull"

    def undo(self, service: str) -> None:
        self.done.append(f"undo {service}")
        if self.trouble:
            raise self.trouble

    def repair(self, service: str) -> None:
        self.done.append(f"repair {service}")

    def admit(self, objects: Sequence[Mapping[str, Any]]) -> Sequence[Said]:
        self.done += [f"admit {each['kind']}" for each in objects]
        return [
            Said(where="Gateway web", message="no matches for kind", unknown=True),
            Said(where="Job night", message="must be less than the limit"),
        ]


@dataclass
class FakeStack:
    """A stack of one service."""

    operations: Cluster | None
    owned: bool = True
    services: frozenset[str] = frozenset({"backend", "loader"})
    facts: Mapping[str, str] = field(default_factory=lambda: {"host": "x"})

    def url(self, name: str) -> str:
        return f"http://{name}"

    def inner_url(self, name: str) -> str:
        return f"http://{name}:80"


def project(table: str = "") -> Project:
    text = f"[tool.pytest-saas-validate.kubernetes]\n{table}"
    return Project(
        root=Path("/p"), combo=Combo("x", (), frozenset()), files={"pyproject.toml": File(text.encode())}
    )


OVERLAY = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: []}
"""


def test_what_the_server_does_not_know_and_nobody_serves_is_listed_not_found(
    tmp_path: Path,
) -> None:
    files = {
        "pyproject.toml": "[tool.pytest-saas-validate.kubernetes]\noverlays = ['k8s/overlays/live']\n",
        "k8s/overlays/live/kustomization.yaml": "resources: [web.yaml]\n",
        "k8s/overlays/live/web.yaml": OVERLAY,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = Project(
        root=tmp_path,
        combo=Combo("x", (), frozenset()),
        files={name: File(text.encode()) for name, text in files.items()},
    )
    cluster = Cluster()
    try:
        seen: Admissions = ADMISSIONS.gather(made, cast(Stack, FakeStack(cluster)))
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert cluster.done == ["admit Ingress"]
    assert [each.where for each in seen.objections] == ["k8s/overlays/live: Job night"]
    unknown, entrance = seen.unreached
    assert unknown.startswith("Gateway web of k8s/overlays/live")
    assert entrance.startswith("the way through Ingress web")


def separation(
    reached: Mapping[tuple[str, str], bool],
    table: str = "",
    enforced: bool = True,
    silent: tuple[str, ...] = (),
) -> Separation:
    stack = FakeStack(Cluster(Connections(enforced=enforced, reached=reached, silent=silent)))
    found: Separation = SEPARATION.gather(project(table), cast(Stack, stack))
    return found


def test_the_table_says_which_connections_are_meant() -> None:
    reached = {("frontend", "backend"): True, ("worker", "cache"): True, ("a guest", "cache"): True}
    assert [(c.source, c.allowed) for c in separation(reached).connections] == [
        ("a guest", True),
        ("frontend", True),
        ("worker", False),
    ]
    told = separation(reached, 'calls = ["worker->cache", "frontend -> backend"]')
    assert all(c.allowed for c in told.connections)


def test_what_was_not_looked_at_is_listed() -> None:
    reached = {("frontend", "backend"): True, ("frontend", "cache"): False}
    seen = separation(reached, silent=("worker",))
    assert seen.unreached == (
        "worker: neither its containers nor a Service name a port of it",
        "cache: nobody reaches it, so perhaps it does not listen",
    )


def test_a_cluster_that_enforces_nothing_is_unavailable_and_a_dead_network_is_an_error() -> None:
    with pytest.raises(Unavailable, match="does not enforce"):
        separation({}, enforced=False)
    with pytest.raises(ProbeError, match="no connection was made at all"):
        separation({("frontend", "backend"): False, ("frontend", "cache"): False})


@pytest.mark.parametrize(
    ("calls", "words"), [("frontend", "'frontend' is no pair"), ("werker -> backend", "there is no werker")]
)
def test_a_call_that_means_nothing_is_an_error(calls: str, words: str) -> None:
    with pytest.raises(ProbeError, match=words):
        separation({("frontend", "backend"): True}, f'calls = ["{calls}"]')


def answers(monkeypatch: pytest.MonkeyPatch, sent: int, asked: str = "") -> None:
    """What the program that sends load would tell."""
    import httpx

    def post(self: httpx.Client, url: str, **_: Any) -> httpx.Response:
        seen = {"what": asked, "it": {"sent": sent, "failed": 0, "failures": []}}
        return httpx.Response(200, json=seen, request=httpx.Request("POST", f"http://loader{url}"))

    monkeypatch.setattr(httpx.Client, "post", post)
    monkeypatch.setattr("pytest_saas_validate.probes.cluster._PATIENCE", 0.1)


def test_a_service_that_does_not_go_back_is_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, 50)
    cluster = Cluster(trouble=NotDone("no rollout history found"))
    seen: Undos = UNDOS.gather(project(), cast(Stack, FakeStack(cluster)))
    assert seen.replacements[0].trouble == "no rollout history found"
    assert cluster.done == ["renew backend", "undo backend", "repair backend"]


def test_a_platform_that_does_not_answer_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, 50)
    cluster = Cluster(trouble=BootError("the connection to the server was refused"))
    with pytest.raises(BootError, match="was refused"):
        UNDOS.gather(project(), cast(Stack, FakeStack(cluster)))
    assert cluster.done[-1] == "repair backend"


def test_too_few_requests_and_a_service_that_never_answered_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, 3)
    with pytest.raises(ProbeError, match="only 3 requests"):
        UNDOS.gather(project(), cast(Stack, FakeStack(Cluster())))
    answers(monkeypatch, 30, asked="404")
    with pytest.raises(ProbeError, match=r"backend does not answer a pod of ours .* 404"):
        UNDOS.gather(project(), cast(Stack, FakeStack(Cluster())))


def test_nothing_is_replaced_in_a_stack_of_somebody_else() -> None:
    with pytest.raises(ProbeError, match="was refused"):
        UNDOS.gather(project(), cast(Stack, FakeStack(Cluster(), owned=False)))
