"""One pure function decides, and missing evidence is never clean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.evidence import Found, Missing, scrub
from pytest_saas_validate.findings import (
    Check,
    Finding,
    Outcome,
    Severity,
    Stage,
    Subject,
    Waiver,
    check,
    worst,
)
from pytest_saas_validate.judging import verdict
from pytest_saas_validate.violations import Violations, assert_clean

TODAY = dt.date(2026, 11, 24)


@dataclass(frozen=True)
class Words:
    words: tuple[str, ...]
    unreached: tuple[str, ...] = ()


@check(
    "TR900",
    severity=Severity.HIGH,
    title="No bad word",
    why="it offends",
    remedy="drop it",
    wants=Words,
    subject=Subject.PROJECT,
)
def no_bad_word(evidence: Words) -> Iterator[Finding]:
    for word in evidence.words:
        if word == "raise":
            raise ValueError(word)
        if word.startswith("bad"):
            yield Finding(where=word, message="is bad")


def decide(*words: str, waivers: tuple[Waiver, ...] = ()) -> tuple[Outcome, int]:
    found = verdict(no_bad_word, Found(Words(words)), waivers=waivers, today=TODAY)
    return found.outcome, len(found.findings)


def test_every_finding_is_reported_with_id_why_and_remedy() -> None:
    found = verdict(no_bad_word, Found(Words(("bad1", "good", "bad2"))), today=TODAY).findings
    assert [(f.check, f.where, f.why, f.remedy) for f in found] == [
        ("TR900", "bad1", "it offends", "drop it"),
        ("TR900", "bad2", "it offends", "drop it"),
    ]


def test_a_check_that_does_not_say_why_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="why"):
        check("TR901", severity=Severity.LOW, title="t", remedy="r", wants=Words, subject=Subject.PROJECT)


def test_every_check_says_why_and_none_says_what_another_says() -> None:
    reasons = [check.why for check in catalogue()]
    assert len(set(reasons)) == len(reasons)
    assert not [why for why in reasons if len(why.split()) < 6 or why.endswith(".")]
    assert not [check.id for check in catalogue() if check.why in (check.title, check.remedy)]


def test_a_verdict_tells_the_stage_of_its_check() -> None:
    new = replace(no_bad_word, stage=Stage.PREVIEW)
    for gathered in (Found(Words(("bad",))), Found(Words(("raise",))), Missing(reason="gone")):
        assert verdict(no_bad_word, gathered, today=TODAY).counts
        assert not verdict(new, gathered, today=TODAY).counts


def test_ok_and_failed() -> None:
    assert decide("good") == (Outcome.OK, 0)
    assert decide("bad") == (Outcome.FAILED, 1)


def test_what_is_missing_is_unavailable_or_an_error_when_required_or_broken() -> None:
    absent, broken = Missing(reason="no promtool", broke=False), Missing(reason="it broke")
    assert verdict(no_bad_word, absent, today=TODAY).outcome is Outcome.UNAVAILABLE
    assert verdict(no_bad_word, absent, today=TODAY, required=True).outcome is Outcome.ERROR
    assert verdict(no_bad_word, broken, today=TODAY).outcome is Outcome.ERROR
    assert verdict(no_bad_word, Found(Words(())), absent, today=TODAY).outcome is Outcome.UNAVAILABLE


def test_no_evidence_at_all_is_an_error() -> None:
    assert verdict(no_bad_word, today=TODAY).outcome is Outcome.ERROR


def test_a_rule_that_raises_is_an_error_with_its_message() -> None:
    found = verdict(no_bad_word, Found(Words(("raise",))), today=TODAY)
    assert found.outcome is Outcome.ERROR
    assert "TR900 could not judge the evidence: ValueError: raise" in found.reason


def test_a_waiver_covers_its_places_until_its_day() -> None:
    until = Waiver(check="TR900", reason="known", until=TODAY, where="bad*")
    assert decide("bad", waivers=(until,)) == (Outcome.WAIVED, 0)
    expired = Waiver(check="TR900", reason="known", until=TODAY - dt.timedelta(days=1))
    assert decide("bad", waivers=(expired,)) == (Outcome.FAILED, 1)
    elsewhere = Waiver(check="TR900", reason="known", until=TODAY, where="other")
    assert decide("bad", waivers=(elsewhere,)) == (Outcome.FAILED, 1)


def test_what_was_not_reached_travels_with_the_verdict() -> None:
    found = verdict(no_bad_word, Found(Words((), ("a place",))), today=TODAY)
    assert found.unreached == ("a place",)


def test_the_worst_outcome_of_a_cell_wins() -> None:
    assert worst([Outcome.OK, Outcome.NOT_APPLICABLE]) is Outcome.OK
    assert worst([Outcome.NOT_APPLICABLE]) is Outcome.NOT_APPLICABLE
    assert worst([Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.OK]) is Outcome.FAILED
    assert worst([Outcome.FAILED, Outcome.ERROR]) is Outcome.ERROR


def test_assert_clean_lists_everything() -> None:
    assert_clean(())
    with pytest.raises(
        Violations,
        match=r"2 findings\nTR900\n  why: it offends\n  bad1: is bad\n  bad2: is bad\n    fix: drop it",
    ):
        assert_clean(no_bad_word(Words(("bad2", "bad1"))))


def test_features_decide_where_a_check_applies() -> None:
    def rule(evidence: Words) -> Iterator[Finding]:
        yield from ()

    made = Check(
        id="TR901",
        severity=Severity.LOW,
        title="t",
        why="w",
        remedy="r",
        wants=Words,
        subject=Subject.PROJECT,
        rule=rule,
        needs=frozenset({"a"}),
        absent=frozenset({"b"}),
    )
    assert made.applies(frozenset({"a"}))
    assert not made.applies(frozenset())
    assert not made.applies(frozenset({"a", "b"}))


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcdefgh.12345678",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "postgresql://app:hunter22@127.0.0.1/db",
        "password=hunter22",
        '"client_secret": "hunter22"',
    ],
)
def test_secrets_are_scrubbed(secret: str) -> None:
    cleaned = scrub(f"before {secret} after")
    assert "scrubbed" in cleaned
    assert cleaned.startswith("before")
    assert not {"hunter22", "abcdefgh.12345678", "c2ln"} & set(
        cleaned.replace('"', " ").replace("=", " ").split()
    )
