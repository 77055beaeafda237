"""What a Prometheus configuration scrapes: its jobs, their targets, and what becomes of their labels."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_saas_validate.evidence.alerts import Job, Relabel
from pytest_saas_validate.evidence.alerts_scraped import relabelled
from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.project import Project

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
DEFAULT_INTERVAL = "1m"  # Prometheus' own, for scrapes and evaluations
_PAGE = "/metrics"


def seconds(duration: Any) -> float:
    """A Prometheus duration such as `1h30m`; raises ProbeError."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", str(duration))
    if not parts or "".join(number + unit for number, unit in parts) != str(duration):
        raise ProbeError(f"{duration!r} is not a Prometheus duration; write for example 5m")
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def read_jobs(project: Project, config: Mapping[str, Any]) -> tuple[Job, ...]:
    """The jobs of a configuration; those that scrape the application are told by page and host."""
    default = (config.get("global") or {}).get("scrape_interval", DEFAULT_INTERVAL)
    backend = project.spec.backend
    page = backend.metrics if backend and backend.metrics else _PAGE
    rows = [row for row in config.get("scrape_configs") or () if isinstance(row, dict)]
    fitting = [row for row in rows if row.get("metrics_path", _PAGE) == page]
    hosts = _hosts(project)
    named = [row for row in fitting if any(_host(address) in hosts for address in _addresses(row))]
    ours = named or [row for row in fitting if not _own(row)]
    return tuple(_job(row, default, any(row is one for one in ours)) for row in rows)


def _hosts(project: Project) -> frozenset[str]:
    """Names under which the backend is likely to be reached."""
    spec = project.spec
    names = {"backend", spec.backend.path.rpartition("/")[2] if spec.backend else ""}
    names |= {spec.compose.services.get("backend", "")} if spec.compose else set()
    return frozenset(names - {""})


def _own(row: Mapping[str, Any]) -> bool:
    """Whether a job watches the monitoring itself."""
    return str(row.get("job_name", "")).lower() in ("prometheus", "alertmanager", "grafana")


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]") or address


def _addresses(row: Mapping[str, Any]) -> Iterator[str]:
    for group in row.get("static_configs") or ():
        yield from map(str, group.get("targets") or ())


def _job(row: Mapping[str, Any], default: str, ours: bool) -> Job:
    name = str(row.get("job_name", ""))
    steps = tuple(_steps(row.get("relabel_configs")))
    return Job(
        name=name,
        interval=seconds(row.get("scrape_interval", default)),
        path=str(row.get("metrics_path", _PAGE)),
        ours=ours,
        honors=bool(row.get("honor_labels")),
        targets=tuple(_targets(row, name, steps)),
        discovered=any(key.endswith("_sd_configs") for key in row),
        relabels=tuple(_steps(row.get("metric_relabel_configs"))),
    )


def _targets(row: Mapping[str, Any], job: str, steps: tuple[Relabel, ...]) -> Iterator[Mapping[str, str]]:
    for group in row.get("static_configs") or ():
        told = {str(key): str(value) for key, value in (group.get("labels") or {}).items()}
        for address in group.get("targets") or ():
            labels = relabelled({"job": job, "__address__": str(address), **told}, steps)
            if labels is None:
                continue
            labels.setdefault("instance", labels.get("__address__", ""))
            yield {key: value for key, value in labels.items() if not key.startswith("__")}


def _steps(rows: Iterable[Mapping[str, Any]] | None) -> Iterator[Relabel]:
    for row in rows or ():
        yield Relabel(
            action=str(row.get("action", "replace")).lower(),
            sources=tuple(map(str, row.get("source_labels") or ())),
            separator=str(row.get("separator", ";")),
            regex=str(row.get("regex", "(.*)")),
            target=str(row.get("target_label", "")),
            replacement=str(row.get("replacement", "$1")),
        )


def matches(name: str, pattern: str, config: str) -> bool:
    """Whether a pattern of `rule_files` matches a file of the project.

    An absolute pattern is a path where the server runs: there only what lies beside the configuration, or
    below it, can be meant.
    """
    folder = posixpath.dirname(config)
    if pattern.startswith("/"):
        inside = f"{folder}/" if folder else ""
        return name.startswith(inside) and fnmatch.fnmatchcase(
            posixpath.basename(name), posixpath.basename(pattern)
        )
    wanted = posixpath.normpath(posixpath.join(folder, pattern))
    return name.count("/") == wanted.count("/") and all(
        fnmatch.fnmatchcase(part, asked)
        for part, asked in zip(name.split("/"), wanted.split("/"), strict=True)
    )
