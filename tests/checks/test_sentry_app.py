"""The canary app for real: the SDK, a sink, and a project that scrubs nothing, without a framework."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from pytest_saas_validate.checks import sentry, sentry_reports
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines.programs import SENTRY
from pytest_saas_validate.evidence.sentry import Scrubbing
from pytest_saas_validate.probes.sentry import SCRUBBING
from pytest_saas_validate.process import Run, run
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Backend, Spec

pytest.importorskip("sentry_sdk", reason="pip install 'pytest-saas-validate[sentry]'")

SHOP = """
import os

import sentry_sdk


class Secret:
    def get_secret_value(self):
        return "a-key-that-signs-0123456789"


class Settings:
    def __init__(self):
        self.dsn = os.environ.get("REPORT_TO", "")
        self.signing_key = Secret()


def helper(event):
    return event


def before_send(event, hint):
    try:
        return helper(helper(event))
    except Exception:
        return event


def init(settings):
    if settings.dsn:
        sentry_sdk.init(dsn=settings.dsn, release="1", before_send=before_send)
"""


class Stack:
    """As much of a stack as the probe asks for: a sink, and this interpreter as the backend's environment."""

    engine = "local"
    owned = True

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def url(self, name: str) -> str:
        """The sink."""
        return {"sentry": f"http://127.0.0.1:{self.port}"}[name]

    def env(self, service: str) -> Mapping[str, str]:
        """What the backend was told."""
        return {"REPORT_TO": f"http://public@127.0.0.1:{self.port}/1"}

    def exec(
        self,
        service: str,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Run:
        """Run it here."""
        words = [sys.executable if word == "python" else word for word in argv]
        env = {"PATH": os.environ["PATH"], **self.env(service), **(environment or {})}
        return run(words, cwd=self.folder, env=env, stdin=stdin, timeout=timeout)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A sink that serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    with subprocess.Popen([sys.executable, "-I", str(SENTRY.path), str(number)]) as sink:
        try:
            for _ in range(200):
                try:
                    httpx.get(f"http://127.0.0.1:{number}/up", trust_env=False)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield number
        finally:
            sink.kill()


@pytest.fixture(scope="module")
def found(port: int, tmp_path_factory: pytest.TempPathFactory) -> Scrubbing:
    """What the probe says of this project."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    backend = Backend(
        path=".",
        app="shop:app",
        settings="shop:Settings",
        sentry="shop:init",
        environment={"REPORT_TO": "${sentry_dsn}"},
    )
    combo = Combo("sentry", (), frozenset({"sentry"}))
    project = Project(root=folder, combo=combo, files={}, given=Spec(backend=backend))
    evidence = SCRUBBING.gather(project, Stack(folder, port))
    assert isinstance(evidence, Scrubbing)
    return evidence


def test_the_control_reaches_the_places(found: Scrubbing) -> None:
    assert sum(place.reached for place in found.places) >= 60
    assert sentry_reports.reach(found) == ()


def test_what_is_not_scrubbed_is_found_where_it_leaves(found: Scrubbing) -> None:
    for check in (sentry.events, sentry.transactions, sentry.telemetry, sentry.companions, sentry.sources):
        assert check(found), check.id
    where = {finding.where for finding in sentry.events(found)}
    assert {
        "event: exception text",
        "event: extra",
        "event: header X-Auth-Token",
        "event: log argument",
    } <= where
    assert {finding.where for finding in sentry.settings(found)} >= {"event: settings.signing_key"}


def test_no_value_is_in_the_evidence(found: Scrubbing) -> None:
    assert ".example" not in repr(found.leaks)
    assert "0123456789" not in repr(found)


def test_a_hook_that_fails_open_is_broken(found: Scrubbing) -> None:
    assert {"before_send, broken early", "odd item: unknown field"} <= {
        broken.place for broken in found.broken
    }


def test_an_empty_dsn_starts_nothing(found: Scrubbing) -> None:
    assert sentry_reports.dsn(found) == ()


def test_the_report_is_useful(found: Scrubbing) -> None:
    assert [finding.where for finding in sentry_reports.usefulness(found)] == []
