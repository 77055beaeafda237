"""The TLS front: nginx of the project's own frontend image, before its frontend."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.engines.compose.override import Guest

NAME = "edge"
_PORT = 8443
# The upstream is a variable, so that it is looked up with each request: it starts later than this front.
_CONFIG = """\
pid /tmp/edge.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  server_tokens off;
  client_max_body_size 0;
  large_client_header_buffers 8 64k;
  client_body_temp_path /tmp/edge-body;
  proxy_temp_path /tmp/edge-proxy;
  fastcgi_temp_path /tmp/edge-fastcgi;
  uwsgi_temp_path /tmp/edge-uwsgi;
  scgi_temp_path /tmp/edge-scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen PORT ssl;
    ssl_certificate /saas/chain.pem;
    ssl_certificate_key /saas/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    resolver 127.0.0.11 valid=1s;
    set $front UPSTREAM;
    location / {
      proxy_pass http://$front;
      proxy_pass_header Server;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 120s;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
"""


def guest(image: str, upstream: str, certificates: Path) -> Guest:
    """A front that tells `upstream` ("frontend:8080") the scheme and the client's address."""
    config = _CONFIG.replace("PORT", str(_PORT)).replace("UPSTREAM", upstream)
    files = {f"/saas/{name}": (certificates / name).read_text() for name in ("chain.pem", "key.pem")}
    return Guest(
        name=NAME,
        image=image,
        command=("nginx", "-e", "stderr", "-c", "/saas/edge.conf", "-g", "daemon off;"),
        port=_PORT,
        files={**files, "/saas/edge.conf": config},
    )
