"""Addresses between services: whether compose has such a service, and whether it listens there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.evidence.render_calls import COMPOSE, line_of, read
from pytest_saas_validate.evidence.render_images import join
from pytest_saas_validate.project import File

_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?([a-z][\w-]*):(\d+)")
_PAIR = re.compile(r"^([a-z][\w-]*):(\d{2,5})$")
_EXPOSED = re.compile(r"^\s*EXPOSE\s+(.+)$", re.M | re.I)
_IMAGES = {
    "postgres": 5432,
    "postgis": 5432,
    "redis": 6379,
    "valkey": 6379,
    "prometheus": 9090,
    "alertmanager": 9093,
}
_OUTSIDE = {"localhost"}


def addresses(files: Mapping[str, File]) -> Iterator[Fault]:
    """Host and port in the environments of services, in published ports, and in what Prometheus scrapes."""
    services: dict[str, Any] = {}
    homes: dict[str, str] = {}
    for name, file in files.items():
        if COMPOSE.search(name):
            for service, body in (read(file.text or "").get("services") or {}).items():
                services.setdefault(service, body if isinstance(body, dict) else {})
                homes.setdefault(service, posixpath.dirname(name))
    if not services:
        return
    known = set(services) | _aliases(services)
    ports = {service: _listens(body, homes[service], files) for service, body in services.items()}
    for where, host, port in (*_environments(files), *_targets(files)):
        if host not in known and host not in _OUTSIDE:
            yield Fault(where, f"asks {host}:{port}, and there is no such service")
        elif ports.get(host) and port not in ports[host]:
            yield Fault(
                where, f"asks {host}:{port}, which listens on {', '.join(map(str, sorted(ports[host])))}"
            )
    for name, file in files.items():
        for service, body in (
            (read(file.text or "").get("services") or {}).items() if COMPOSE.search(name) else ()
        ):
            for published in (body or {}).get("ports") or ():
                inner = _inner(published)
                if inner and ports.get(service) and inner not in ports[service]:
                    where = f"{name}:{line_of(file.text or '', str(published))}"
                    yield Fault(where, f"publishes port {inner} of {service}, which listens elsewhere")


def _aliases(services: Mapping[str, Any]) -> set[str]:
    found = {str(body.get(key)) for body in services.values() for key in ("container_name", "hostname")}
    for body in services.values():
        networks = body.get("networks")
        for network in networks.values() if isinstance(networks, dict) else ():
            found |= set((network or {}).get("aliases") or ())
    return found


def _listens(body: Mapping[str, Any], home: str, files: Mapping[str, File]) -> set[int]:
    """What a service surely listens on; empty when that cannot be told."""
    build = body.get("build")
    if build and not body.get("command") and not body.get("entrypoint"):
        context = build if isinstance(build, str) else str(build.get("context", "."))
        path = "Dockerfile" if isinstance(build, str) else str(build.get("dockerfile", "Dockerfile"))
        file = files.get(join(home, context, path))
        last = re.split(r"(?m)^FROM\b", (file.text if file else "") or "")[-1]
        return {int(n) for line in _EXPOSED.findall(last) for n in re.findall(r"\b(\d+)(?:/tcp)?\b", line)}
    image = posixpath.basename(str(body.get("image", ""))).partition(":")[0]
    given = str(body.get("command", "")) + str(body.get("environment", ""))
    return {_IMAGES[image]} if image in _IMAGES and "port" not in given.lower() else set()


def _inner(published: Any) -> int:
    if isinstance(published, dict):
        target = str(published.get("target", ""))
    else:
        target = str(published).rpartition(":")[2].partition("/")[0]
    return int(target) if target.isdigit() else 0


def _environments(files: Mapping[str, File]) -> Iterator[tuple[str, str, int]]:
    for name, file in files.items():
        if not COMPOSE.search(name):
            continue
        text = file.text or ""
        for body in (read(text).get("services") or {}).values():
            given = body.get("environment") if isinstance(body, dict) else None
            values = given.values() if isinstance(given, dict) else given or ()
            for value in values:
                for match in (*_URL.finditer(str(value)), *([p] if (p := _PAIR.match(str(value))) else [])):
                    yield f"{name}:{line_of(text, str(value))}", match.group(1), int(match.group(2))


def _targets(files: Mapping[str, File]) -> Iterator[tuple[str, str, int]]:
    for name, file in files.items():
        text = file.text or ""
        if name.endswith((".yml", ".yaml")) and "scrape_configs" in text:
            for job in read(text).get("scrape_configs") or ():
                for group in job.get("static_configs") or ():
                    for target in group.get("targets") or ():
                        match = _PAIR.match(str(target))
                        if match:
                            yield f"{name}:{line_of(text, str(target))}", match.group(1), int(match.group(2))
