"""Each check of the family AL on small evidence: silent on healthy rules, loud on one defect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.alerts import (
    Alert,
    Exported,
    Growth,
    Job,
    Matcher,
    Relabel,
    Rule,
    Rules,
    Selector,
    Series,
)
from pytest_saas_validate.evidence.alerts import (
    Tested as Evidence,
)
from pytest_saas_validate.evidence.alerts_scraped import relabelled
from pytest_saas_validate.probes.promql import read_expression
from pytest_saas_validate.probes.rule_tests import read_points
from pytest_saas_validate.probes.scraping import matches, read_jobs
from pytest_saas_validate.project import File, Project

CHECKS = {check.id: check for check in catalogue() if check.family == "AL"}
RATE = "rate(http_requests_total[5m])"
RATIO = f"sum(rate(http_errors_total[5m])) / sum({RATE}) > 0.05"
BACKEND = Job(
    name="backend",
    interval=15,
    path="/metrics",
    ours=True,
    targets=({"job": "backend", "instance": "backend:8000"},),
)


def alert(expression: str = "up == 0", name: str = "HighLatency", **given: Any) -> Alert:
    """An alert with all that it needs."""
    texts = {
        "summary": f"{name}.",
        "description": f"{name} on all.",
        "runbook_url": f"runbooks/{name}.md",
    }
    return Alert(
        name=name,
        file="alerts.yml",
        group="all",
        expression=read_expression(expression),
        interval=15,
        hold=given.pop("hold", 300),
        labels=given.pop("labels", {"severity": "critical"}),
        annotations={**texts, **given},
    )


def rules(*alerts: Alert, **given: Any) -> Rules:
    """Rules with one job that scrapes the application."""
    given.setdefault("jobs", (BACKEND,))
    given.setdefault("runbooks", {f"{a.name}.md": f"# {a.name}\n\nLook.\n" for a in alerts})
    return Rules(alerts=alerts, scrape_interval=15, config="prometheus.yml", **given)


def exported(*series: Series, **given: Any) -> Exported:
    """A page with these series."""
    kinds = {s.name.removesuffix("_total"): "counter" for s in series if s.name.endswith("_total")}
    return Exported(
        series=series, types=kinds, addresses=0, identifiers=frozenset(), page="/metrics", **given
    )


def said(check: str, *evidence: object) -> list[str]:
    """The messages of a check."""
    return [finding.message for finding in CHECKS[check](*evidence)]


REQUESTS = Series(name="http_requests_total", labels={"route": "/a", "status": "200"})
REDIS = Series(name="redis_up", labels={})


# AL002


@pytest.mark.parametrize(
    "expression",
    [
        "redis_up == bool 0",
        "vector(1)",
        "sum(rate(a_total[5m]))",
        "a > 1 or vector(0)",
        "rate(a_total[5m]) >= 0",
    ],
)
def test_what_lets_everything_through_is_no_condition(expression: str) -> None:
    assert len(said("AL002", rules(alert(expression)))) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "redis_up == 0",
        "absent(up)",
        "a unless b",
        "(a / b) * 100 > 5",
        "sum(a > 1)",
        "temperature >= 0",
        "0 < a",
    ],
)
def test_conditions_are_told(expression: str) -> None:
    assert said("AL002", rules(alert(expression))) == []


# AL003


@pytest.mark.parametrize("value", ["{{ $value }}", "{{ query `up` | first }}", "{{ with .Value }}x{{ end }}"])
def test_labels_that_change_are_found(value: str) -> None:
    assert len(said("AL003", rules(alert(labels={"severity": "info", "size": value})))) == 1


def test_labels_of_the_series_may_be_repeated() -> None:
    assert said("AL003", rules(alert(labels={"severity": "info", "where": "{{ $labels.route }}"}))) == []


# AL004


def test_a_runbook_is_the_alerts_own() -> None:
    pages = {
        "HighLatency.md": "# HighLatency\n\nLook.\n",
        "HighErrorRate.md": "# HighErrorRate\n\nSee HighLatency.\n",
    }
    foreign = alert(runbook_url="runbooks/HighErrorRate.md")
    assert said("AL004", rules(alert(), runbooks=pages)) == []
    assert "something else" in said("AL004", rules(foreign, runbooks=pages))[0]


@pytest.mark.parametrize(
    ("url", "text", "clean"),
    [
        ("api.md#high-latency", "# API\n\n## High latency\n\nLook.\n", True),
        ("api.md", "# API\n\n## High latency of the API\n\nLook.\n", True),
        ("api.md#gone", "# API\n\n## High latency\n\nLook.\n", False),
        ("api.md", "# API\n\nLook.\n", False),
        ("HighLatency.md", "# HighLatency\n\n## Meaning\n", False),
        ("gone.md", "", False),
    ],
)
def test_runbooks_are_found_by_name_anchor_or_heading(url: str, text: str, clean: bool) -> None:
    pages = {url.partition("#")[0]: text} if text else {}
    assert (said("AL004", rules(alert(runbook_url=f"x/{url}"), runbooks=pages)) == []) is clean


def test_two_alerts_do_not_share_their_words() -> None:
    one, other = alert(name="One"), alert(name="Other", summary="One.")
    assert said("AL004", rules(one, other)) == ["its summary is that of One, word for word"]


# AL005, AL006


@pytest.mark.parametrize(
    ("interval", "hold", "clean"), [(15, 30, True), (15, 29, False), (60, 119, False), (60, 120, True)]
)
def test_an_alert_waits_for_two_evaluations_and_two_scrapes(
    interval: float, hold: float, clean: bool
) -> None:
    found = rules(alert("redis_up == 0", hold=hold), jobs=(replace(BACKEND, interval=interval),))
    assert (said("AL005", found) == []) is clean


def test_the_job_that_is_scraped_decides() -> None:
    slow = Job(name="nodes", interval=120, path="/metrics", ours=False, targets=())
    jobs = (BACKEND, slow)
    assert said("AL006", rules(alert("rate(a_total[1m]) > 1"), jobs=jobs)) == []
    assert said("AL006", rules(alert('rate(a_total{job="backend"}[1m]) > 1'), jobs=jobs)) == []
    assert len(said("AL006", rules(alert('rate(a_total{job="nodes"}[5m]) > 1'), jobs=jobs))) == 1
    assert (
        len(said("AL006", rules(alert("rate(a_total[1m]) > 1"), jobs=(replace(BACKEND, interval=20),)))) == 1
    )


def test_recorded_metrics_come_at_the_interval_of_their_group() -> None:
    record = Rule(name="a:b", file="r.yml", group="g", expression=read_expression("sum(a)"), interval=60)
    assert len(said("AL006", rules(alert("max_over_time(a:b[3m]) > 1"), records=(record,)))) == 1


# AL007, AL010


@pytest.mark.parametrize(
    ("expression", "clean"),
    [
        ("redis_up == 0", True),
        ('redis_up{job="backend"} == 0', True),
        ('redis_up{instance=~"backend:.*"} == 0', True),
        ('up{job="backend"} == 0', True),
        ('redis_up{job="api"} == 0', False),
        ('redis_up{instance="other:8000"} == 0', False),
        ('redis_up{job!="backend"} == 0', False),
        ('redis_up{zone!="x"} == 0', False),
        ('redis_up{job=""} == 0', False),
        ("redis_down == 0", False),
    ],
)
def test_selectors_are_held_against_what_is_scraped(expression: str, clean: bool) -> None:
    assert (said("AL007", rules(alert(expression)), exported(REDIS, REQUESTS)) == []) is clean


def test_labels_of_targets_and_relabelling_count() -> None:
    target = {"job": "backend", "instance": "b:1", "zone": "x"}
    drop = Relabel(action="drop", sources=("__name__",), regex="redis_.*")
    found = rules(alert('redis_up{zone="x"} == 0'), jobs=(replace(BACKEND, targets=(target,)),))
    assert said("AL007", found, exported(REDIS)) == []
    dropping = replace(found, jobs=(replace(BACKEND, relabels=(drop,)),))
    assert "drops it" in said("AL007", dropping, exported(REDIS))[0]


def test_discovered_targets_may_have_any_label() -> None:
    found = rules(
        alert('redis_up{namespace="x"} == 0'), jobs=(replace(BACKEND, targets=(), discovered=True),)
    )
    assert said("AL007", found, exported(REDIS)) == []


def test_without_a_configuration_job_and_instance_are_believed() -> None:
    assert said("AL007", rules(alert('redis_up{job="any"} == 0'), jobs=()), exported(REDIS)) == []


def test_the_applications_page_is_scraped_by_some_job() -> None:
    found = rules(alert("redis_up == 0"), jobs=(replace(BACKEND, ours=False, path="/other"),))
    assert "no job scrapes /metrics" in said("AL007", found, exported(REDIS))[0]


@pytest.mark.parametrize(
    ("expression", "summary", "clean"),
    [
        (f"sum by (route) ({RATE}) > 1", "{{ $labels.route }}", True),
        ("redis_up == 0", "{{ $labels.instance }}", True),
        (f"sum by (path) ({RATE}) > 1", "x", False),
        (f"sum by (route) ({RATE}) > 1", "{{ $labels.instance }}", False),
        (f"sum without (route) ({RATE}) > 1", "{{ $labels.route }}", False),
        (f"{RATE} > 1 and on (path) {RATE} > 2", "x", False),
        (f"{RATE} > 1 and on (route) {RATE} > 2", "{{ $labels.status }}", True),
        ('label_replace(redis_up, "host", "$1", "instance", "(.*):.*") == 0', "{{ $labels.host }}", True),
        ("missing_metric == 0", "{{ $labels.host }}", True),
    ],
)
def test_labels_that_are_named_exist(expression: str, summary: str, clean: bool) -> None:
    found = rules(alert(expression, summary=summary))
    assert (said("AL010", found, exported(REDIS, REQUESTS)) == []) is clean


# AL008, AL009


@pytest.mark.parametrize(
    ("expression", "clean"),
    [
        (f"sum({RATE}) > 1", True),
        ("count(http_requests_total) > 1", True),
        ("http_requests_total > 1", False),
        ("delta(http_requests_total[5m]) > 1", False),
        ("avg_over_time(http_requests_total[5m]) > 1", False),
        ("absent(http_requests_total)", True),
        ("histogram_quantile(0.9, sum(rate(a_bucket[5m]))) > 1", False),
        ("histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > 1", True),
    ],
)
def test_functions_fit_counters(expression: str, clean: bool) -> None:
    assert (said("AL008", rules(alert(expression)), exported(REQUESTS)) == []) is clean


@pytest.mark.parametrize(
    "expression",
    ["{} > 1", "1 < {}", "max by (route) ({}) > 1", "{} * 1000 > 1000", "({} > 1) and on () up == 1"],
)
def test_thresholds_are_below_the_largest_bucket(expression: str) -> None:
    asked = rules(alert(expression.format("histogram_quantile(0.9, rate(a_bucket[5m]))")))
    short = [Series(name="a_bucket", labels={"le": bound}) for bound in ("0.5", "1", "+Inf")]
    assert len(said("AL009", asked, exported(*short))) == 1
    assert said("AL009", asked, exported(*short, Series(name="a_bucket", labels={"le": "2"}))) == []


# AL012


@pytest.mark.parametrize(
    ("guard", "clean"),
    [
        ("", False),
        (f" and sum({RATE}) > 0.05", True),
        (f" and 0.05 < sum({RATE})", True),
        (" and sum(increase(http_requests_total[5m])) > 20", True),
        (f" unless sum({RATE}) < 0.05", True),
        (f" and sum({RATE}) * 60 > 3", True),
        (f" and sum({RATE}) > 0", False),
        (f" and sum({RATE}) > 0.0001", False),
        (f" and sum({RATE}) > bool 1", False),
        (f" and sum({RATE}) < 10", False),
        (" and up == 1", False),
        (" and on () sum(rate(logins_total[5m])) > 1", False),
    ],
)
def test_guards_ask_for_some_of_the_same_requests(guard: str, clean: bool) -> None:
    assert (said("AL012", rules(alert(RATIO + guard))) == []) is clean


def test_a_guard_counts_apart_what_the_ratio_counts_apart() -> None:
    ratio = f"sum by (route) (rate(http_errors_total[5m])) / sum by (route) ({RATE}) > 0.05"
    assert said("AL012", rules(alert(f"{ratio} and sum by (route) ({RATE}) > 1"))) == []
    assert "route apart" in said("AL012", rules(alert(f"{ratio} and on () sum({RATE}) > 1")))[0]


def test_a_guard_may_stand_in_the_denominator() -> None:
    assert said("AL012", rules(alert(f"sum(rate(http_errors_total[5m])) / (sum({RATE}) > 1) > 0.05"))) == []


def test_quantiles_need_a_guard_and_gauges_do_not() -> None:
    quantile = "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > 1"
    assert len(said("AL012", rules(alert(quantile)))) == 1
    assert said("AL012", rules(alert(f"{quantile} and on () sum(rate(a_count[5m])) > 1"))) == []
    assert said("AL012", rules(alert("pool_used / pool_limit > 0.9"))) == []


# AL013 and the reading of unit tests


def points(tests: dict[str, Any]) -> list[tuple[bool, bool]]:
    """(fires, fed) of each point."""
    return [
        (p.fires, p.fed) for p in read_points({"o/test.yml": tests}, [replace(alert(), file="o/alerts.yml")])
    ]


def test_silence_counts_only_where_something_feeds_the_alert() -> None:
    point = {"alertname": "HighLatency", "eval_time": "5m"}
    test = {"input_series": [{"series": 'up{job="a"}', "values": "1x9"}], "alert_rule_test": [point]}
    idle = {**test, "input_series": [{"series": "other", "values": "1x9"}]}
    assert points({"rule_files": ["alerts.yml"], "tests": [test, idle]}) == [(False, True), (False, False)]
    assert points({"rule_files": ["copy.yml"], "tests": [test]}) == []


def test_an_alert_that_is_only_idle_is_not_tested() -> None:
    evidence = Evidence(
        alerts=("A",), firing=("A",), quiet=(), idle=("A",), rules=("r",), loaded=("r",), judged=()
    )
    assert "no series" in said("AL013", evidence)[0]
    assert said("AL013", replace(evidence, quiet=("A",))) == []


# AL022


def test_new_series_are_told_once_for_each_family() -> None:
    grown = [
        Growth(kind=kind, asked=3, metric=metric, series=3, labels=("route",))
        for kind in ("addresses", "hosts")
        for metric in ("http_requests_total", "http_requests_created")
    ]
    found = said("AL022", exported(REQUESTS, grown=tuple(grown)))
    assert found == ["every request with other addresses, hosts makes new series, by route"]
    assert said("AL022", exported(REQUESTS)) == []


# The configuration


def project() -> Project:
    """A project with a backend whose folder is called api."""
    table = '[tool.pytest-saas-validate.backend]\npath = "api"\napp = "a:b"\nmetrics = "/metrics"\n'
    files = {"pyproject.toml": File(table.encode())}
    return Project(root=Path("/nowhere"), combo=Combo("all", (), frozenset()), files=files)


def test_jobs_are_read_with_their_intervals_targets_and_labels() -> None:
    config = {
        "global": {"scrape_interval": "30s"},
        "scrape_configs": [
            {
                "job_name": "api",
                "scrape_interval": "1m",
                "static_configs": [{"targets": ["api:8000"], "labels": {"zone": "x"}}],
                "relabel_configs": [{"source_labels": ["__address__"], "target_label": "address"}],
            },
            {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]},
        ],
    }
    api, own = read_jobs(project(), config)
    assert (api.interval, own.interval, api.ours, own.ours) == (60, 30, True, False)
    assert api.targets == ({"job": "api", "zone": "x", "address": "api:8000", "instance": "api:8000"},)


def test_relabelling_renames_keeps_and_drops() -> None:
    labels = {"__name__": "m", "a": "one", "b": "two"}
    assert relabelled(labels, [Relabel(action="labeldrop", regex="a")]) == {"__name__": "m", "b": "two"}
    assert relabelled(labels, [Relabel(action="keep", sources=("a",), regex="two")]) is None
    moved = relabelled(
        labels, [Relabel(sources=("a", "b"), regex="(.*);(.*)", target="c", replacement="$2-${1}")]
    )
    assert moved is not None
    assert moved["c"] == "two-one"


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [("alerts.yml", True), ("*.yml", True), ("rules/*.yml", False), ("/etc/prometheus/alerts.yml", True)],
)
def test_patterns_of_rule_files_are_read_from_the_configurations_folder(pattern: str, matched: bool) -> None:
    assert matches("o/p/alerts.yml", pattern, "o/p/prometheus.yml") is matched


def test_a_selector_is_written_as_in_the_rule() -> None:
    matcher = Matcher(label="a", operator="=~", value="b.*")
    assert str(Selector(metric="m", matchers=(matcher,))) == 'm{a=~"b.*"}'
