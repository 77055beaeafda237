"""SH039: the same question to two engines."""

from __future__ import annotations

from typing import Any

from pytest_saas_validate.checks.drift import same_on_every_engine
from pytest_saas_validate.evidence.http import Exchange, Exchanges, Kind

HEADERS = {"x-frame-options": "DENY", "referrer-policy": "no-referrer", "cache-control": "no-store"}


def answer(headers: dict[str, str] | None = None, **values: Any) -> Exchanges:
    fields: dict[str, Any] = {
        "kind": Kind.OK,
        "scheme": "http",
        "method": "GET",
        "path": "/api/things",
        "status": 200,
        "declared": True,
        "headers": tuple((HEADERS if headers is None else headers).items()),
    }
    return Exchanges(exchanges=(Exchange(**{**fields, **values}),))


def test_equal_answers_are_clean() -> None:
    assert same_on_every_engine({"one": answer(), "two": answer()}) == ()


def test_a_lost_header_is_found_and_both_engines_are_named() -> None:
    lost = {name: value for name, value in HEADERS.items() if name != "referrer-policy"}
    (finding,) = same_on_every_engine({"one": answer(), "two": answer(lost)})
    assert finding.message == "referrer-policy differs: one: no-referrer; two: absent"


def test_another_value_of_an_answer_of_the_application_is_found() -> None:
    (finding,) = same_on_every_engine(
        {"one": answer(), "two": answer({**HEADERS, "cache-control": "public"})}
    )
    assert "cache-control differs" in finding.message


def test_another_status_is_found() -> None:
    (finding,) = same_on_every_engine({"one": answer(), "two": answer(status=502)})
    assert "the status differs: one: 200; two: 502" in finding.message


def test_a_page_of_the_front_may_have_values_of_its_own_but_no_gap() -> None:
    own = answer({**HEADERS, "x-frame-options": "SAMEORIGIN"}, declared=False, status=404)
    assert same_on_every_engine({"one": answer(declared=False), "two": own}) == ()
    bare = answer({}, declared=False)
    assert len(same_on_every_engine({"one": answer(declared=False), "two": bare})) == 2


def test_what_only_one_engine_answers_is_not_compared() -> None:
    assert same_on_every_engine({"one": answer(), "two": answer(path="/page")}) == ()


def test_what_was_compared_is_shown_for_every_header_and_kind_of_answer() -> None:
    assert same_on_every_engine.shows is not None
    seen = {"one": answer(), "two": answer({}), "three": Exchanges(exchanges=())}
    shown = {row.name: row.values for row in same_on_every_engine.shows(seen)}
    assert shown["200: x-frame-options"] == {"one": "DENY", "two": "absent", "three": "not reached"}
    assert "200: strict-transport-security" in shown
