"""A small template that is right in everything that the family TR looks at, and how it is judged."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.engines import Engine
from pytest_saas_validate.findings import Outcome, Verdict
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.settings import Settings, Switches, read_settings

HEALTHY = {
    "cookiecutter.json": """\
{
  "name": "Small Notes",
  "slug": "{{ cookiecutter.name | slugify }}",
  "owner": "Small Team",
  "holder": "Small Team",
  "include_extra": ["no", "yes"],
  "include_tree": ["yes", "no"]
}
""",
    "hooks/pre_gen_project.py": """\
import json
import re
import sys

ANSWERS = json.loads(r'''{{ cookiecutter | tojson }}''')
WRONG = [
    f"{name}: {ANSWERS[name]!r} cannot be rendered, type one line of plain text"
    for name in ("name", "owner", "holder")
    if not re.fullmatch(r"[^\\n\\"\\\\\\\\<>{}$`]{1,60}", ANSWERS[name])
]
if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", ANSWERS["slug"]):
    WRONG.append(f"slug: {ANSWERS['slug']!r} is no slug, type small letters")
print("\\n".join(WRONG))
sys.exit(bool(WRONG))
""",
    "hooks/post_gen_project.py": """\
import shutil

if "{{ cookiecutter.include_tree }}" == "no":
    shutil.rmtree("branches", ignore_errors=True)
""",
    "{{cookiecutter.slug}}/README.md": """\
# {{ cookiecutter.name }}

By {{ cookiecutter.owner }}.
{%- if cookiecutter.include_tree == 'yes' %} See [the leaf](branches/leaf.md).{% endif %}
""",
    "{{cookiecutter.slug}}/package.json": """\
{
  "name": "{{ cookiecutter.slug }}",
  "author": {{ cookiecutter.owner | tojson }},
  "holder": {{ cookiecutter.holder | tojson }}
}
""",
    "{{cookiecutter.slug}}/branches/leaf.md": "# Leaf\n",
    "{{cookiecutter.slug}}/{% if cookiecutter.include_extra == 'yes' %}other.py{% endif %}": "OTHER = 1\n",
}


def no_engine(name: str, settings: Settings) -> Engine:
    """The family boots nothing."""
    raise AssertionError(name)


def judge(template: Path, workspace: Workspace, only: str) -> dict[str, Verdict]:
    """Verdicts by case."""
    settings = read_settings(template, Switches(path=str(template), combos="all", only=only))
    plan = Plan(settings, lambda: workspace, no_engine)
    return {case.id: plan.verdict(case) for case in plan.cases}


def findings(template: Path, workspace: Workspace, check: str) -> list[str]:
    """Where and what a check of the template finds."""
    (verdict,) = judge(template, workspace, check).values()
    assert verdict.outcome in (Outcome.OK, Outcome.FAILED), verdict.reason
    return [f"{finding.where}: {finding.message}" for finding in verdict.findings]
