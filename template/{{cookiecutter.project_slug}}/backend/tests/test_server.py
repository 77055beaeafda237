"""The process as it is deployed: uvicorn, environment, exit status."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from devservices.postgres import free_port
from devservices.stack import BACKEND, Stack

COMMAND = (sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--no-server-header")
START_LIMIT = 60  # seconds


@pytest.fixture
def environment(stack: Stack) -> dict[str, str]:
    """The environment of a production process, and nothing else."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**inherited, **stack.environment(), "ENVIRONMENT": "production"}


@contextmanager
def process(environment: dict[str, str], *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server; yields it with its address and kills it if the test has not ended it."""
    port = free_port()
    with subprocess.Popen(
        [*COMMAND, "--port", str(port), *options],
        cwd=BACKEND,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server, f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def live(server: subprocess.Popen[str], address: str) -> httpx.Response:
    """Return the first answer of a starting server."""
    give_up = time.monotonic() + START_LIMIT
    while True:
        try:
            return httpx.get(f"{address}/health/live")
        except httpx.TransportError:
            if server.poll() is not None or time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def test_the_server_answers_logs_json_and_stops_when_told(environment: dict[str, str]) -> None:
    with process(environment) as (server, address):
        response = live(server, address)
        missing = httpx.get(f"{address}/nothing")
        server.send_signal(signal.SIGTERM)
        output, errors = server.communicate(timeout=START_LIMIT)

    assert "server" not in response.headers
    assert missing.status_code == 404
    assert [json.loads(line)["message"] for line in output.splitlines()].count("request") == 1
    assert errors == ""


def test_a_refused_websocket_is_answered_with_headers(environment: dict[str, str]) -> None:
    with process(environment) as (server, address):
        live(server, address)
        handshake = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        }
        response = httpx.get(f"{address}/nothing", headers=handshake)

    assert response.status_code == 403
    assert response.headers.get_list("x-frame-options") == ["DENY"]


@pytest.mark.parametrize(("trusted", "promised"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_the_scheme_is_the_word_of_trusted_proxies_only(
    trusted: str, promised: bool, environment: dict[str, str]
) -> None:
    with process(environment, "--forwarded-allow-ips", trusted) as (server, address):
        live(server, address)
        response = httpx.get(f"{address}/health/live", headers={"X-Forwarded-Proto": "https"})

    assert ("strict-transport-security" in response.headers) is promised


def test_a_wrong_environment_ends_the_process_with_sentences(environment: dict[str, str]) -> None:
    del environment["OIDC_ISSUER"], environment["REDIS_URL"]
    with process(environment) as (server, _):
        output, errors = server.communicate(timeout=START_LIMIT)

    assert server.returncode == 1
    assert "OIDC_ISSUER: it is missing" in errors
    assert "REDIS_URL: it is missing" in errors
    assert "Traceback" not in output + errors


def test_a_superuser_ends_the_process(environment: dict[str, str], stack: Stack) -> None:
    environment["DATABASE_URL"] = stack.database_url("postgres")
    with process(environment) as (server, _):
        output, _ = server.communicate(timeout=START_LIMIT)

    assert server.returncode != 0
    assert "set DATABASE_URL to the role app" in output
