"""What the containers rely on: the health probe, the proxy's headers, the identity provider of `serve`."""

from __future__ import annotations

import http.server
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from app.middleware.security_headers import SecurityHeaders
from app.probe import allowed_host, healthy
from devservices import container
from devservices.identity import FIRST_TENANT, load_key
from devservices.issuer import IssuerServer
from devservices.postgres import free_port
from devservices.stack import PROJECT

NGINX = PROJECT / "frontend" / "nginx"


class Picky(http.server.BaseHTTPRequestHandler):
    """Knows one path and one host."""

    def do_GET(self) -> None:
        good = self.path == "/health/live" and self.headers["Host"] == "api.example.com"
        self.send_response(200 if good else 400)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def running(server: http.server.HTTPServer) -> Iterator[int]:
    """Serve in a thread; yields the port."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("setting", "host"),
    [
        ("api.example.com,backend", "api.example.com"),
        ('["api.example.com", "backend"]', "api.example.com"),
        ("*.example.com", ".example.com"),
        ("", "localhost"),
    ],
)
def test_the_probe_names_a_host_that_is_allowed(setting: str, host: str) -> None:
    assert allowed_host(setting) == host


def test_the_probe_passes_only_on_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "api.example.com")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with running(http.server.HTTPServer(("127.0.0.1", 0), Picky)) as port:
        assert healthy("/health/live", port)
        assert not healthy("/health/ready", port)
        monkeypatch.setenv("ALLOWED_HOSTS", "elsewhere.example.com")
        assert not healthy("/health/live", port)


def test_the_probe_fails_when_nobody_listens() -> None:
    assert not healthy("/health/live", free_port())


def test_the_proxy_adds_the_headers_of_the_api_with_the_same_values() -> None:
    """The page has a policy of its own; everything else is the same wherever an answer comes from."""
    configuration = (NGINX / "nginx.conf").read_text()
    maps = re.findall(r"map \S+ \$(\S+) \{\n +~\^\S+ \"?([^\"\n]+?)\"?;\n", configuration)
    lines = (NGINX / "security-headers.conf").read_text()
    added = {
        name.lower(): dict(maps).get(variable)
        for name, variable in re.findall(r"^add_header (\S+) \$(\S+) always;$", lines, re.MULTILINE)
    }
    wanted = {name.decode(): value.decode() for name, value in SecurityHeaders().pairs(https=True, policy="")}

    assert set(added) == {*wanted, "cache-control"}
    for name in set(wanted) - {"content-security-policy"}:
        assert added[name] == wanted[name]


def test_every_place_that_answers_includes_the_headers() -> None:
    """`add_header` in a location drops what was set around it, so each one has the line."""
    configuration = (NGINX / "nginx.conf").read_text()
    server = configuration[configuration.index("server {\n") :]
    blocks = re.findall(r"location [^{]*\{\n(.*?)\n        \}", server, re.DOTALL)

    assert len(blocks) == server.count("location ")
    assert [block for block in blocks if "include /etc/nginx/security-headers.conf;" not in block] == []
    assert "add_header" not in configuration


def test_the_identity_provider_has_the_name_that_the_api_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "http://identity:8001")
    monkeypatch.setenv("OIDC_AUDIENCE", "api")
    key = tmp_path / "issuer.json"
    server = IssuerServer(0, load_key(key), name="http://identity:8001")
    with running(server) as port:
        keys = httpx.get(f"http://127.0.0.1:{port}/.well-known/jwks.json").json()
        described = httpx.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").json()
        assert container.answers(port)
    claims = jwt.decode(container.token(FIRST_TENANT, key), KeySet.import_key_set(keys), ["RS256"]).claims

    assert described["jwks_uri"] == "http://identity:8001/.well-known/jwks.json"
    assert (claims["iss"], claims["aud"]) == ("http://identity:8001", "api")
    assert uuid.UUID(claims["tenant_id"]) == FIRST_TENANT
    assert not container.answers(port)


def test_a_new_key_has_a_new_name(tmp_path: Path) -> None:
    """The API keeps known keys for minutes; a provider that starts anew must not look like the old one."""
    assert load_key(tmp_path / "one").kid != load_key(tmp_path / "two").kid
