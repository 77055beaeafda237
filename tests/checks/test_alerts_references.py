"""What promtool reads decides what it says: evidence is new as soon as any of it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.probes.alerts import TESTED
from pytest_saas_validate.project import Project, read_files

FILES = {
    "pyproject.toml": '[tool.pytest-saas-validate.alerts]\nconfig = "prom/prometheus.yml"\n'
    'rules = ["prom/alerts.yml"]\ntests = ["prom/alerts_test.yml"]\n',
    "prom/prometheus.yml": """\
rule_files: [alerts.yml, "../more/[^x]*.rules"]
scrape_config_files: [../scrape/*.yml]
scrape_configs:
  - job_name: app
    authorization: {credentials_file: ../dist/token}
    file_sd_configs: [{files: [../scrape/targets.json]}]
    relabel_configs: [{source_labels: [a], regex: "[z-a].*/**/[", target_label: b}]
""",
    "prom/alerts.yml": "groups: [{name: one, rules: [{alert: Down, expr: up == 0, for: ../README.md}]}]\n",
    "prom/alerts_test.yml": "rule_files: [alerts.yml, ../extra.yml]\n",
    "extra.yml": "groups: []\n",
    "more/a.rules": "groups: []\n",
    "more/x.rules": "groups: []\n",
    "scrape/one.yml": "scrape_configs: [{job_name: two, file_sd_configs: [{files: [deep/two.json]}]}]\n",
    "scrape/deep/two.json": "[]\n",
    "scrape/targets.json": "[]\n",
    "README.md": "words\n",
    "dist/token": "secret\n",  # in no project's files
}


def decisive(root: Path, changed: str = "") -> str:
    """Names what decides the evidence, after a file has changed."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "# changed\n" * (name == changed))
    return TESTED.decisive(Project(root=root, combo=Combo("bare", (), frozenset()), files=read_files(root)))


@pytest.mark.parametrize(
    "name",
    [
        "prom/prometheus.yml",
        "prom/alerts.yml",
        "prom/alerts_test.yml",
        "extra.yml",
        "more/a.rules",
        "scrape/one.yml",
        "scrape/deep/two.json",
        "scrape/targets.json",
        "dist/token",
    ],
)
def test_what_the_configuration_leads_to_decides(name: str, tmp_path: Path) -> None:
    assert decisive(tmp_path) != decisive(tmp_path, name)


@pytest.mark.parametrize("name", ["README.md", "more/x.rules"])
def test_what_nothing_leads_to_does_not(name: str, tmp_path: Path) -> None:
    assert decisive(tmp_path) == decisive(tmp_path, name)


def test_it_does_not_matter_where_a_project_lies(tmp_path: Path) -> None:
    assert decisive(tmp_path / "one") == decisive(tmp_path / "other")


def test_what_comes_or_goes_decides(tmp_path: Path) -> None:
    before = decisive(tmp_path)
    (tmp_path / "more" / "new.rules").write_text("groups: []\n")
    assert decisive(tmp_path) != before


def test_where_a_link_leads_decides(tmp_path: Path) -> None:
    before = decisive(tmp_path)
    (tmp_path / "scrape" / "linked.yml").symlink_to("../README.md")
    assert decisive(tmp_path) != before
    assert decisive(tmp_path) != decisive(tmp_path, "README.md")
