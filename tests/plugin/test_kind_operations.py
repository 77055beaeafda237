"""What an operator does on a cluster, with a kubectl that says what a test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.network import Caller, _becomes, _reading
from pytest_saas_validate.engines.kind.operations import _objections, _said

JOB = {"kind": "Job", "metadata": {"name": "night"}}
SAYS = {
    "warning": ("Warning: would violate PodSecurity", 0, "would violate PodSecurity", False),
    "refusal": (
        'The Job "night" is invalid: spec.template: Required value',
        1,
        'The Job "night" is invalid: spec.template: Required value',
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


def test_a_network_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_saas_validate.engines.kind.network._SETTLED", 0.0)
    late = Scripted("x", [["a:1"], ["a:1"], []])
    assert _becomes(cast(Caller, late), ["a:1"], False)
    assert len(late.asked) == 3
    assert not _becomes(cast(Caller, Scripted("x", [["a:1"]])), ["a:1"], False)
