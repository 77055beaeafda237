"""The TLS front: nginx of the project's own frontend image, before its frontend."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.engines.front import config
from pytest_saas_validate.engines.guest import Guest

NAME = "edge"
_PORT = 8443
# The upstream is a variable, so that it is looked up with each request: it starts later than this front.
_PASSES = """\
resolver {resolver} valid=1s;
      set $front {upstream};
      proxy_pass http://$front;
      proxy_pass_header Server;"""


def guest(image: str, upstream: str, resolver: str, certificates: Path) -> Guest:
    """A front that tells `upstream` ("frontend:8080") the scheme and the client's address.

    `resolver` is the address of the network's name server.
    """
    text = config(
        start="pid /tmp/edge.pid;",
        temporary="/tmp/edge-",
        listen=str(_PORT),
        certificates="/saas",
        passes=_PASSES.format(upstream=upstream, resolver=resolver),
    )
    files = {f"/saas/{name}": (certificates / name).read_text() for name in ("chain.pem", "key.pem")}
    return Guest(
        name=NAME,
        image=image,
        command=("nginx", "-e", "stderr", "-c", "/saas/edge.conf", "-g", "daemon off;"),
        port=_PORT,
        files={**files, "/saas/edge.conf": text},
    )
