"""Templates of others: a run judges each, and what a person said of its findings still holds.

`verdicts.toml` holds every finding that was drawn, round after round, with a verdict by hand. A false alarm
is mended in the check, so it must not be found any more; what is right must be.
"""

from __future__ import annotations

import subprocess
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue
from tests.foreign.packages import Template, broken, missing, templates, verdicts

_ROWS: Sequence[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("verdicts.toml").read_text())[
    "finding"
]
Judged = Callable[[Template], Sequence[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """What a run says of a template; each is run once."""
    if missing():
        pytest.skip(f"unavailable: {missing()}")
    known: dict[Template, Sequence[Mapping[str, Any]]] = {}

    def of(template: Template) -> Sequence[Mapping[str, Any]]:
        if template not in known:
            known[template] = verdicts(template)
        return known[template]

    return of


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_a_run_judges_everything(template: Template, judged: Judged) -> None:
    wrong = [f"{v['check']} {v['combo']}: {v['reason']}" for v in judged(template) if v["outcome"] == "error"]
    assert not wrong
    assert {v["outcome"] for v in judged(template)} & {"ok", "failed"}


@pytest.mark.parametrize("template", broken(), ids=lambda template: template.id)
def test_what_does_not_render_says_why(template: Template, judged: Judged) -> None:
    """Some checks of the template as a whole read its sources only."""
    of_renders = [v for v in judged(template) if v["combo"]]
    assert {v["outcome"] for v in of_renders} == {"error"}
    wrong = [v for v in judged(template) if v["outcome"] == "error"]
    assert all(template.broken in v["reason"] for v in wrong)


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_the_verdicts_of_a_person_hold(template: Template, judged: Judged) -> None:
    rows = [row for row in _ROWS if row["template"] == template.id]
    found = [(v["check"], each["where"], each["message"]) for v in judged(template) for each in v["findings"]]
    places = {(check, place) for check, place, _ in found}
    right = {(row["check"], row["place"]) for row in rows if row["verdict"] == "right"}
    assert right - places == set()
    for row in rows:
        told = (row["check"], row["place"])
        if row["verdict"] == "false alarm" and told not in right:
            # Where a place has other findings that are right, the row says of which words it is not.
            words = row.get("words", "")
            assert [message for *place, message in found if (*place,) == told and words in message] == []


def test_every_row_is_judged_and_the_last_round_is_right() -> None:
    known = {template.id: template.version for template in templates()}
    assert all(known[row["template"]] == row["version"] and row["why"] for row in _ROWS)
    assert {row["check"] for row in _ROWS} <= {check.id for check in catalogue()}
    assert {row["verdict"] for row in _ROWS} <= {"right", "false alarm"}
    rounds = Counter(row["round"] for row in _ROWS)
    assert set(rounds.values()) == {40}
    assert all(row["verdict"] == "right" for row in _ROWS if row["round"] == max(rounds))


def test_a_plant_in_a_template_of_others_is_found(judged: Judged) -> None:
    """The kill table of one small template: what is not planted has a reason, and nothing survives."""
    template = next(one for one in templates() if one.id.endswith("driver/docker"))
    command = template.command("prove", "--only=TR012", "--json")
    ended = subprocess.run(command, env=template.environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
