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
from pytest_saas_validate.engines.operations import Connections
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

QUIET = Replacement(service="backend", sent=200, failed=())
LOSSY = Replacement(service="backend", sent=200, failed=((1.25, "ConnectionRefusedError: x"), (1.3, "503")))
STUCK = Replacement(service="frontend", sent=90, failed=(), trouble="no rollout history found")


def test_what_the_api_server_says_is_a_finding() -> None:
    objection = Objection(where="k8s/overlays/live: Job night", message="must be less than the limit")
    (finding,) = admitted(Admissions(objections=(objection,)))
    assert (finding.where, finding.message) == (objection.where, objection.message)
    assert admitted(Admissions(objections=())) == ()


@pytest.mark.parametrize(("check", "seen"), [(renewed, Renewals), (undone, Undos)])
def test_lost_requests_and_a_way_that_was_not_gone_to_the_end_are_findings(check: Any, seen: Any) -> None:
    assert check(seen(replacements=(QUIET,))) == ()
    lost, stuck = check(seen(replacements=(LOSSY, STUCK)))
    assert lost.message.startswith("2 of 200 requests failed")
    assert "ConnectionRefusedError: x after 1.2 s; 503 after 1.3 s" in lost.message
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
    trouble: str = ""
    done: list[str] = field(default_factory=list)

    def connections(self) -> Connections:
        return self.answer

    def spoil(self, service: str) -> str:
        self.done.append(f"spoil {service}")
        return "ErrImagePull"

    def undo(self, service: str) -> None:
        self.done.append(f"undo {service}")
        if self.trouble:
            raise BootError(self.trouble)

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


def separation(reached: Mapping[tuple[str, str], bool], table: str = "", enforced: bool = True) -> Separation:
    stack = FakeStack(Cluster(Connections(enforced=enforced, reached=reached)))
    found: Separation = SEPARATION.gather(project(table), cast(Stack, stack))
    return found


def test_the_table_says_which_connections_are_meant() -> None:
    reached = {("frontend", "backend"): True, ("worker", "cache"): True}
    assert [c.allowed for c in separation(reached).connections] == [True, False]
    told = separation(reached, 'calls = ["worker->cache", "frontend -> backend"]')
    assert [c.allowed for c in told.connections] == [True, True]


def test_a_cluster_that_enforces_nothing_is_unavailable_and_a_dead_network_is_an_error() -> None:
    with pytest.raises(Unavailable, match="does not enforce"):
        separation({}, enforced=False)
    with pytest.raises(ProbeError, match="no connection was made at all"):
        separation({("frontend", "backend"): False, ("frontend", "cache"): False})
    with pytest.raises(ProbeError, match="'frontend' is no pair"):
        separation({("frontend", "backend"): True}, 'calls = ["frontend"]')


def answers(monkeypatch: pytest.MonkeyPatch, sent: int, failures: Sequence[Mapping[str, Any]] = ()) -> None:
    """What the program that sends load would tell."""
    import httpx

    def post(self: httpx.Client, url: str, **_: Any) -> httpx.Response:
        seen = {"backend": {"sent": sent, "failures": list(failures)}}
        return httpx.Response(200, json=seen, request=httpx.Request("POST", f"http://loader{url}"))

    monkeypatch.setattr(httpx.Client, "post", post)


def test_a_service_that_does_not_go_back_is_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, 50)
    cluster = Cluster(trouble="no rollout history found")
    seen: Undos = UNDOS.gather(project(), cast(Stack, FakeStack(cluster)))
    assert seen.replacements[0].trouble == "no rollout history found"
    assert cluster.done == ["spoil backend", "undo backend", "repair backend"]


def test_too_few_requests_and_a_service_that_never_answered_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, 3)
    with pytest.raises(ProbeError, match="only 3 requests"):
        UNDOS.gather(project(), cast(Stack, FakeStack(Cluster())))
    answers(monkeypatch, 30, [{"at": 0.1, "what": "404"}] * 30)
    with pytest.raises(ProbeError, match="answered no request well"):
        UNDOS.gather(project(), cast(Stack, FakeStack(Cluster())))


def test_nothing_is_replaced_in_a_stack_of_somebody_else() -> None:
    with pytest.raises(ProbeError, match="was refused"):
        UNDOS.gather(project(), cast(Stack, FakeStack(Cluster(), owned=False)))
