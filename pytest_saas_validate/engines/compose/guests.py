"""When our own programs serve: each is asked from outside, through its published port."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.compose.command import Compose
from pytest_saas_validate.engines.guest import Guest

_SECONDS = 60.0


def wait_for(compose: Compose, guests: Iterable[Guest], url: Callable[[str], str]) -> None:
    """Return when every guest answers; raises BootError at the first that ended, or when the time is over."""
    deadline = time.monotonic() + _SECONDS
    for guest in guests:
        while not _answers(url(guest.name)):
            state = compose.containers()[guest.service].State
            if state != "running":
                raise BootError(
                    f"{guest.service} is {state}: image {guest.image} cannot run {guest.command[0]}"
                )
            if time.monotonic() > deadline:
                raise BootError(f"{guest.service} does not answer at {url(guest.name)} after {_SECONDS:g} s")
            time.sleep(0.05)


def _answers(address: str) -> bool:
    """GET /up of a program; of a front over TLS that something listens and speaks."""
    where = urlsplit(address)
    host, port = str(where.hostname), int(where.port or 0)
    if where.scheme == "https":
        return _greets(host, port)
    connection = http.client.HTTPConnection(host, port, timeout=3.0)
    try:
        connection.request("GET", "/up")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _greets(host: str, port: int) -> bool:
    """Docker's own proxy accepts before the container does, so a handshake has to be begun."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), 3.0) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False
