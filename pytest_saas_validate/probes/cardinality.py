"""Requests that differ in one thing only, and the series that they made."""

from __future__ import annotations

import http.client
import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.alerts import Growth, Series
from pytest_saas_validate.probes.client import TIMEOUT, Client
from pytest_saas_validate.probes.tokens import good_token
from pytest_saas_validate.project import Project

_METHODS = ("PROPFIND", "MKCOL", "REPORT", "PURGE", "UNLOCK", "MERGE", "COPY", "NOTIFY")
_AGAIN = 3  # requests after the first of a kind, each with another value
Ask = Callable[[str], None]
Read = Callable[[], tuple[Series, ...]]


def growths(project: Project, stack: Stack, client: Client, read: Read) -> Iterator[Growth]:
    """Ask once, read the series, ask with other values, read again. `client` speaks to the backend itself."""
    for kind, ask in _kinds(project, stack, client).items():
        ask(_value(0))
        before = read()
        for number in range(1, _AGAIN + 1):
            ask(_value(number))
        yield from _new(kind, before, read())


def counted(client: Client, values: Callable[[], Mapping[str, float]]) -> bool:
    """Whether anything on the page counts a request that no route answers."""
    before = values()
    client.send("GET", f"/{_value(0)}")
    after = values()
    return any(
        after[key] > before.get(key, 0) for key in after if not key.startswith(("process_", "python_", "go_"))
    )


def _value(number: int) -> str:
    """Another value of one shape: as long as the others, of the same characters."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, f"saas-validate-{uuid.uuid4()}-{number}").hex


def _kinds(project: Project, stack: Stack, client: Client) -> dict[str, Ask]:
    routes = project.spec.routes
    public, own = routes.public, routes.collection
    known = itertools.cycle(_METHODS)
    kinds: dict[str, Ask] = {
        "addresses that no route answers": lambda v: _send(client, "GET", f"/{v}"),
        "deep addresses that no route answers": lambda v: _send(client, "POST", f"/{v}/{v[:8]}/index.php"),
        "addresses below a route": lambda v: _send(client, "GET", f"{public}/{v}"),
        "methods": lambda v: _odd(client, next(known), v, public),
        "methods where no route answers": lambda v: _odd(client, next(known), v, "/saas-validate-none"),
        "queries": lambda v: _send(client, "GET", f"{public}?{v}={v}"),
        "hosts": lambda v: _send(client, "GET", public, {"Host": f"{v}.example"}),
        "origins": lambda v: _send(client, "GET", public, {"Origin": f"https://{v}.example"}),
        "preflights": lambda v: _send(
            client,
            "OPTIONS",
            f"/{v}",
            {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"},
        ),
        "clients": lambda v: _send(
            client, "GET", public, {"User-Agent": v, "Referer": f"https://{v}.example/", "X-Request-ID": v}
        ),
        "websockets": lambda v: _upgrade(client, f"/{v}"),
        "slashes and escapes": lambda v: _raw(client, f"//{v}/%2e%2e/{v}"),
    }
    if own:
        token = good_token(project, stack)
        kinds["objects that are not there"] = lambda v: _send(
            client, "GET", f"{own}/{uuid.UUID(v)}", token=token
        )
        kinds["identifiers that are none"] = lambda v: _send(client, "GET", f"{own}/x{v}", token=token)
        kinds["addresses below an object"] = lambda v: _send(client, "GET", f"{own}/{uuid.UUID(v)}/{v}")
        kinds["callers"] = lambda v: _send(
            client, "GET", own, token=good_token(project, stack, str(uuid.UUID(v)))
        )
    return kinds


def _send(
    client: Client, method: str, path: str, headers: Mapping[str, str] | None = None, token: str = ""
) -> None:
    client.send(method, path, headers=headers, token=token)


def _odd(client: Client, known: str, value: str, path: str) -> None:
    """A method that no service has, twice: some servers refuse one that they have never heard of."""
    client.send(known, path)
    client.send(f"X{value[:12].upper()}", path)


def _upgrade(client: Client, path: str) -> None:
    client.upgrade(path)


def _raw(client: Client, target: str) -> None:
    """A target as it is written; httpx would tidy it."""
    where = urlsplit(client.base)
    if where.scheme != "http":
        return
    connection = http.client.HTTPConnection(where.netloc, timeout=TIMEOUT)
    try:
        connection.request("GET", target)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass  # refused by the server, before the application
    finally:
        connection.close()


def _new(kind: str, before: tuple[Series, ...], after: tuple[Series, ...]) -> Iterator[Growth]:
    known = {(series.name, *sorted(series.labels.items())) for series in before}
    values = {(series.name, *item) for series in before for item in series.labels.items()}
    fresh: dict[str, list[Series]] = {}
    for series in after:
        if (series.name, *sorted(series.labels.items())) not in known:
            fresh.setdefault(series.name, []).append(series)
    for metric, made in fresh.items():
        labels = {n for s in made for n, value in s.labels.items() if (metric, n, value) not in values}
        if labels and len(made) >= _AGAIN:
            yield Growth(
                kind=kind, asked=_AGAIN, metric=metric, series=len(made), labels=tuple(sorted(labels))
            )
