"""What an operator does on a cluster, with a kubectl that says what a test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.manifests import Manifests
from pytest_saas_validate.engines.kind.network import Caller, _becomes, _reading
from pytest_saas_validate.engines.kind.operations import _objections, _said
from pytest_saas_validate.engines.kind.peers import peers

JOB = {"kind": "Job", "metadata": {"name": "night"}}
SAYS = {
    "warning": ("Warning: would violate PodSecurity", 0, "would violate PodSecurity", False),
    "noise": (
        "E0101 00:00:00.0 1 memcache.go:287] couldn't get resource list\nWarning: deprecated",
        0,
        "deprecated",
        False,
    ),
    "refusal": (
        'The Job "night" is invalid: \n* spec.a: Required value\n* spec.b: Required value',
        1,
        'The Job "night" is invalid:  * spec.a: Required value * spec.b: Required value',
        False,
    ),
    "forbidden": (
        "Error from server (Forbidden): pods are forbidden",
        1,
        "Error from server (Forbidden): pods are forbidden",
        False,
    ),
    "unknown": (
        'error: resource mapping not found: no matches for kind "Job" in version "x/v1"',
        1,
        'error: resource mapping not found: no matches for kind "Job" in version "x/v1"',
        True,
    ),
}


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a kubectl that says something and ends with a code."""

    def make(said: str, code: int) -> Kubectl:
        program = tmp_path / "kubectl"
        program.write_text(f"#!/bin/sh\ncat > /dev/null\ncat >&2 <<'END'\n{said}\nEND\nexit {code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return Kubectl(tmp_path / "kubeconfig")

    return make


@pytest.mark.parametrize("case", SAYS)
def test_what_the_api_server_says_becomes_an_objection(kubectl: Any, case: str) -> None:
    said, code, message, unknown = SAYS[case]
    (objection,) = _objections(kubectl(said, code), JOB)
    assert objection.where == "Job night"
    assert objection.message == message
    assert objection.unknown is unknown


@pytest.mark.parametrize(
    "said",
    [
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
        "Error from server (InternalError): failed calling webhook",
        'error: error validating "STDIN": failed to download openapi: connection refused',
        "",
    ],
)
def test_an_api_server_that_does_not_answer_is_no_objection(kubectl: Any, said: str) -> None:
    with pytest.raises(BootError, match="exit code 1"):
        _said(kubectl(said, 1), [JOB])


def test_silence_is_no_objection(kubectl: Any) -> None:
    assert list(_objections(kubectl("", 0), JOB)) == []


@dataclass
class Scripted:
    """A caller that reaches what is listed, one list for each attempt."""

    source: str
    answers: list[Sequence[str]]
    asked: list[Sequence[str]] = field(default_factory=list)

    def tries(self, places: Sequence[str]) -> Mapping[str, bool]:
        self.asked.append(places)
        reached = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return {place: place in reached for place in places}


def test_a_target_is_reached_by_one_of_its_ports_and_nobody_is_its_own() -> None:
    targets = {"api": ["10.0.0.1:80"], "database": ["10.0.0.2:5432", "10.0.0.2:9187"]}
    found = dict(_reading(cast(Caller, Scripted("api", [["10.0.0.2:9187"]])), targets))
    assert found == {("api", "database"): True}


def test_a_network_is_waited_for_and_has_to_agree_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_saas_validate.engines.kind.network._SETTLED", 0.0)
    late = Scripted("x", [["a:1"], [], ["a:1"], [], []])
    assert _becomes(cast(Caller, late), ["a:1"], False)
    assert len(late.asked) == 5
    assert not _becomes(cast(Caller, Scripted("x", [["a:1"]])), ["a:1"], False)


PEERS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    metadata: {labels: {app: api, app.kubernetes.io/name: server}}
    spec:
      containers:
        - {name: api, ports: [{name: http, containerPort: 8000}, {containerPort: 53, protocol: UDP}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec: {template: {metadata: {labels: {app: worker}}, spec: {containers: [{name: worker}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate-v0}
spec:
  template: {metadata: {labels: {app.kubernetes.io/name: migrate}}, spec: {containers: [{name: x}]}}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: http}, {port: 9, targetPort: 9090}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
"""


def test_every_workload_is_a_peer_with_the_ports_that_anything_names() -> None:
    found = peers(Manifests(tuple(yaml.safe_load_all(PEERS))), {"database": "db"})
    assert {name: sorted(peer.ports) for name, peer in found.items()} == {
        "server": [8000, 9090],
        "database": [5432],
        "worker": [],
        "migrate": [],
    }
    assert [name for name, peer in found.items() if not peer.lasting] == ["migrate"]
