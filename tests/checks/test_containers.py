"""ST: every clause seen red on evidence alone; the defects in real containers are planted by `make e2e`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.checks.containers import (
    containers_are_confined,
    files_are_valid,
    health_checks_can_fail,
    no_secret_in_an_image,
    stops_cleanly,
)
from pytest_saas_validate.evidence.containers import (
    Confinement,
    Confinements,
    HealthCheck,
    HealthChecks,
    Histories,
    Layer,
    Stop,
    Stops,
)
from pytest_saas_validate.probes.containers import _command
from pytest_saas_validate.probes.images import _named

TIGHT = Confinement(
    service="api",
    user="65532:65532",
    read_only=True,
    dropped=("ALL",),
    added=(),
    privileged=False,
    no_new_privileges=True,
    memory=1 << 28,
    processes=100,
    published=("127.0.0.1:8000",),
)


def test_a_confined_container_is_clean() -> None:
    assert containers_are_confined(Confinements(services=(TIGHT,))) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user": ""}, "root"),
        ({"user": "0:0"}, "root"),
        ({"read_only": False}, "written to"),
        ({"dropped": ()}, "default capabilities"),
        ({"added": ("NET_RAW",)}, "NET_RAW"),
        ({"privileged": True}, "privileged"),
        ({"no_new_privileges": False}, "set-user-id"),
        ({"memory": 0}, "memory"),
        ({"processes": 0}, "processes"),
        ({"host": ("network",)}, "host's network"),
        ({"published": ("0.0.0.0:8000",)}, "0.0.0.0:8000"),
    ],
)
def test_each_loose_end_is_a_finding_of_its_own(change: dict[str, Any], words: str) -> None:
    (finding,) = containers_are_confined(Confinements(services=(replace(TIGHT, **change),)))
    assert finding.where == "service api"
    assert words in finding.message


def test_complaints_fixed_names_and_floating_images_are_findings() -> None:
    seen = Confinements(
        services=(TIGHT,),
        complaints=("The X variable is not set",),
        named=("cache",),
        images={"cache": "valkey/valkey", "db": "postgres:latest", "good": "host:5000/postgres:18-trixie"},
    )
    assert [finding.where for finding in files_are_valid(seen)] == [
        "the compose files",
        "service cache",
        "service cache",
        "service db",
    ]


def test_a_health_check_must_pass_with_the_service_and_fail_without_it() -> None:
    def judged(alive: int, dead: int) -> int:
        check = HealthCheck(service="api", command="probe", alive=alive, dead=dead)
        return len(health_checks_can_fail(HealthChecks(checks=(check,), without=())))

    assert (judged(0, 1), judged(0, 0), judged(1, 1), judged(1, 0)) == (0, 1, 1, 2)
    assert len(health_checks_can_fail(HealthChecks(checks=(), without=("api",)))) == 1


def test_health_checks_are_read_in_every_form() -> None:
    assert _command(["CMD", "probe", "x"]) == ("probe", "x")
    assert _command(["CMD-SHELL", "probe x"]) == ("/bin/sh", "-c", "probe x")
    assert _command(["NONE"]) == _command([]) == ()


@pytest.mark.parametrize(("code", "findings"), [(0, 0), (143, 0), (137, 1), (1, 1)])
def test_only_an_orderly_end_is_clean(code: int, findings: int) -> None:
    assert len(stops_cleanly(Stops(stops=(Stop(service="api", code=code, seconds=2),)))) == findings


def test_a_secret_is_named_and_its_value_is_not_shown() -> None:
    seen = Histories(images=("api",), secrets=(Layer(image="api", where="history", name="API_TOKEN"),))
    (finding,) = no_secret_in_an_image(seen)
    assert (finding.where, finding.message) == ("image of api", "API_TOKEN is in its history")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ENV API_TOKEN=0123456789", ["API_TOKEN"]),
        ("RUN tool --password=0123456789", ["password"]),
        ("ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305", []),
        ("ENV PASSWORD_FILE=/run/secrets/password", []),
        ("RUN --mount=type=secret,id=token build", []),
        ("ENV PATH=/usr/bin PYTHON_VERSION=3.14.1", []),
        ("COPY key -----BEGIN RSA PRIVATE KEY-----", ["a key by its form"]),
    ],
)
def test_what_looks_like_a_secret(text: str, names: list[str]) -> None:
    assert list(_named(text)) == names


def test_the_family_is_judged_only_where_there_are_containers() -> None:
    assert {check.trait for check in catalogue() if check.family == "ST"} == {"containers"}
