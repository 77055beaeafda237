"""What becomes of a stack when its evidence is complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence import Found, Missing
from pytest_saas_validate.evidence.containers import Stop, Stops
from pytest_saas_validate.plan.aftermath import Aftermath
from pytest_saas_validate.project import Project

PROJECT = Project(root=Path("/p"), combo=Combo("bare", (), frozenset()), files={})
CLEAN = {"Stops": Found(Stops(stops=(Stop(service="api", code=0, seconds=1),)))}
RED = {"Stops": Found(Stops(stops=(Stop(service="api", code=137, seconds=9),)))}
BROKEN = {"Stops": Missing(reason="the probe broke")}
ABSENT = {"Stops": Missing(reason="no such tool", broke=False)}


class Stack:
    engine = "somewhere"

    def __init__(self, words: Sequence[str] = ("remove it so",)) -> None:
        self.words, self.done = words, []  # type: ignore[var-annotated]

    def logs(self, tail: int) -> str:
        return "what was said"

    def keep(self) -> Sequence[str]:
        self.done.append("kept")
        return self.words

    def close(self) -> None:
        self.done.append("closed")


@pytest.mark.parametrize(
    ("keep", "batch", "kept"),
    [
        ("never", RED, False),
        ("failed", CLEAN, False),
        ("failed", ABSENT, False),
        ("failed", RED, True),
        ("failed", BROKEN, True),
        ("always", CLEAN, True),
    ],
)
def test_a_stack_is_kept_when_asked_and_always_closed_last(keep: str, batch: Any, kept: bool) -> None:
    stack: Any = Stack()
    said: list[str] = []
    Aftermath(keep=keep, say=said.append).settle(stack, PROJECT, batch)
    assert stack.done == (["kept", "closed"] if kept else ["closed"])
    assert ("  remove it so" in said) is kept


def test_an_engine_that_cannot_keep_says_so() -> None:
    stack: Any = Stack(words=())
    said: list[str] = []
    Aftermath(keep="always", say=said.append).settle(stack, PROJECT, CLEAN)
    assert said == ["somewhere: bare cannot be kept by this engine"]


def test_logs_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    stack: Any = Stack()
    Aftermath(artifacts=tmp_path / "logs").settle(stack, PROJECT, CLEAN)
    assert (tmp_path / "logs" / "bare-somewhere-Stops.log").read_text() == "what was said"
