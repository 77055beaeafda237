"""The configuration of a TLS front: nginx before a project, whichever way it is started."""

from __future__ import annotations

# What a real front needs and no more: a header that the project sends or does not send stays so.
_CONFIG = """\
@START@
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  server_tokens off;
  client_max_body_size 0;
  large_client_header_buffers 8 64k;
  client_body_temp_path "@TEMPORARY@body";
  proxy_temp_path "@TEMPORARY@proxy";
  fastcgi_temp_path "@TEMPORARY@fastcgi";
  uwsgi_temp_path "@TEMPORARY@uwsgi";
  scgi_temp_path "@TEMPORARY@scgi";
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen @LISTEN@ ssl;
    ssl_certificate "@CERTIFICATES@/chain.pem";
    ssl_certificate_key "@CERTIFICATES@/key.pem";
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {
      @PASS@
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


def config(*, start: str, temporary: str, listen: str, certificates: str, passes: str) -> str:
    """A front that tells who is behind it the scheme and the client's address.

    `start` and `passes` are directives: of the whole process, and of the location (where requests go, and
    what becomes of the header Server). `temporary` is the beginning of paths, `certificates` a folder.
    """
    told = {
        "START": start,
        "TEMPORARY": temporary,
        "LISTEN": listen,
        "CERTIFICATES": certificates,
        "PASS": passes,
    }
    text = _CONFIG
    for name, value in told.items():
        text = text.replace(f"@{name}@", value)
    return text
