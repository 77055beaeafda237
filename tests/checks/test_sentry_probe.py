"""The parts of the SN probe that need no stack: canaries, envelopes, reading, and hooks that break."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.sentry import EVENT_FIELDS, TRANSACTION_FIELDS, Leak
from pytest_saas_validate.probes import ProbeError, sentry_reading, sentry_sent
from pytest_saas_validate.probes.sentry import _literals
from pytest_saas_validate.probes.sentry_app.canaries import SHAPES, Canaries
from pytest_saas_validate.probes.sentry_app.failure import Armed, Planted, moments
from pytest_saas_validate.probes.sentry_app.options import collected
from pytest_saas_validate.probes.sentry_app.runs import secrets_of
from pytest_saas_validate.probes.sentry_envelopes import decode, places, read
from pytest_saas_validate.probes.sentry_silence import _named
from pytest_saas_validate.probes.sentry_sink import dsn_name
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.spec import Backend

EVENT: dict[str, Any] = {
    "event_id": "e1",
    "exception": {
        "values": [
            {
                "type": "OrderError",
                "value": "mail to ann@shop.example bounced",
                "stacktrace": {"frames": [{"in_app": True, "function": "charge", "lineno": 3}]},
            }
        ]
    },
    "transaction": "/orders/{order_id}",
    "contexts": {"trace": {"trace_id": "771a43a4192642f0b136d5159a501700"}},
    "release": "1",
    "environment": "production",
}


def envelope(*items: tuple[dict[str, Any], bytes], header: dict[str, Any] | None = None) -> bytes:
    """The bytes that a client sends."""
    lines = [json.dumps(header or {}).encode()]
    for head, body in items:
        lines += [json.dumps(head).encode(), body]
    return b"\n".join(lines) + b"\n"


def captured(raw: bytes, encoding: str = "", project: str = "7") -> dict[str, Any]:
    """One record as the sink shows it."""
    return {
        "path": f"/api/{project}/envelope/",
        "headers": [["Content-Encoding", encoding], ["X-Sentry-Auth", "Sentry sentry_key=public"]],
        "raw": base64.b64encode(raw).decode(),
    }


def test_canaries_have_their_shapes() -> None:
    canaries = Canaries("seed", "run")
    made = {kind: canaries.make("place", kind) for kind in (*SHAPES, "keyed", "bare")}
    digits = [int(digit) for digit in made["card"]]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    assert (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    country, check, account = made["iban"][:2], made["iban"][2:4], made["iban"][4:]
    assert int(account + "".join(str(int(letter, 36)) for letter in country) + check) % 97 == 1
    assert re.fullmatch(r"\w+@\w+\.example", made["email"])
    assert made["jwt"].startswith("eyJ")
    assert len(made["jwt"].split(".")) == 3
    assert all(0 <= int(part) <= 255 for part in made["ip"].split("."))
    assert len(set(made.values())) == len(made)


def test_canaries_differ_by_run_and_place_and_repeat_within() -> None:
    one, other = Canaries("seed", "control"), Canaries("seed", "project")
    assert one.make("query", "email") == one.make("query", "email")
    assert one.make("query", "email") != one.make("header", "email")
    assert one.make("query", "email") != other.make("query", "email")


def test_needles_hold_the_encoded_twins() -> None:
    canaries = Canaries("seed", "run")
    mail = canaries.make("query", "email")
    (known,) = canaries.made.values()
    encoded = base64.b64encode(mail.encode()).decode().rstrip("=").lower()
    assert {mail, mail.replace("@", "%40"), encoded, mail.partition("@")[0]} <= set(known.needles)


def test_an_envelope_is_taken_apart_whatever_its_encoding() -> None:
    text = json.dumps(EVENT).encode()
    raw = envelope(
        ({"type": "event"}, text),
        ({"type": "attachment", "length": 11, "filename": "a.txt"}, b"first\nlast\n"),
        ({"type": "session"}, b"{}"),
        header={"event_id": "e1", "trace": {"user_segment": "ann@shop.example"}},
    )
    (plain,) = read([captured(raw)])
    (zipped,) = read([captured(gzip.compress(raw), "gzip")])
    assert plain.items[2:] == zipped.items[2:]
    assert [item.type for item in plain.items] == [
        "envelope header",
        "request header",
        "event",
        "attachment",
        "session",
    ]
    assert plain.project == "7"
    assert plain.items[3].body == "first\nlast\n"


def test_a_body_that_cannot_be_decoded_is_an_error_and_not_silence() -> None:
    with pytest.raises(ProbeError, match="install it"):
        decode(b"", "snappy")


def test_a_place_is_named_by_its_path_without_the_value() -> None:
    raw = envelope(({"type": "event"}, json.dumps({**EVENT, "tags": {"ann@shop.example": "x"}}).encode()))
    event = read([captured(raw)])[0].items[2]
    assert places(event, ["ann@shop.example"]) == ("exception.values[].value", "tags.*")
    assert places(event, ["bob@shop.example"]) == ()


def test_a_value_in_an_attachment_has_a_place_too() -> None:
    raw = envelope(({"type": "attachment", "length": 21}, b"\xffmail=ann@shop.exampl"))
    attachment = read([captured(raw)])[0].items[2]
    assert places(attachment, ["ann@shop"]) == ("(text)",)


def test_a_useful_event_says_everything() -> None:
    useful = sentry_reading.useful_event("an error", EVENT, "/orders/{order_id}")
    assert set(EVENT_FIELDS) | {"release", "environment"} == useful.fields


def test_odd_shapes_say_nothing_and_break_nothing() -> None:
    odd = {"exception": [None], "contexts": {"trace": "x"}, "transaction": 7, "event_id": ""}
    assert sentry_reading.useful_event("an error", odd, "/").fields == frozenset()
    assert not sentry_reading.useful_event("an error", None, "/").arrived
    assert (
        sentry_reading.person({"user": "ann", "tags": [["customer", None], 3]}, "ann", "t").pseudonym
        == "absent"
    )


def test_a_useful_transaction_has_a_span() -> None:
    body = {**EVENT, "spans": [{"op": "db"}]}
    useful = sentry_reading.useful_transaction("a request", body, "/orders/{order_id}")
    assert set(TRANSACTION_FIELDS) <= useful.fields


def test_streamed_spans_are_read_by_their_root() -> None:
    span = {
        "is_segment": True,
        "name": "POST /orders/{order_id}",
        "trace_id": "771a43a4192642f0b136d5159a501700",
        "attributes": {"sentry.op": {"value": "http.server"}},
    }
    raw = envelope(({"type": "span"}, json.dumps({"items": [span]}).encode()))
    items = read([captured(raw)])[0].items
    useful = sentry_reading.useful_segment("a request", items, "/orders/{order_id}")
    assert set(TRANSACTION_FIELDS) <= useful.fields


@pytest.mark.parametrize(
    ("id_", "pseudonym"),
    [
        ("", "absent"),
        ("subject-4711", "raw"),
        ("user:subject-4711", "raw"),
        ("4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a", "keyed"),
    ],
)
def test_a_pseudonym_is_told_from_an_id(id_: str, pseudonym: str) -> None:
    assert sentry_reading.person({"user": {"id": id_}}, "subject-4711", "t").pseudonym == pseudonym


@pytest.mark.parametrize("length", [8, 16, 64])
def test_a_plain_hash_is_recognised_also_when_cut(length: int) -> None:
    import hashlib

    id_ = hashlib.sha256(b"subject-4711").hexdigest()[:length]
    assert sentry_reading.person({"user": {"id": id_}}, "subject-4711", "t").pseudonym == "unkeyed"


def helper(value: int) -> int:
    """Something a hook calls."""
    return value + 1


def closed(event: int, hint: object) -> int | None:
    """A hook that drops what it cannot handle."""
    try:
        return helper(helper(event))
    except Planted:
        return None


def test_a_hook_breaks_at_the_call_that_was_chosen() -> None:
    armed = Armed(closed)
    assert armed(1, {}) == 3
    assert armed.calls == 2
    for at in moments(armed.calls).values():
        armed.at, armed.fired = at, 0
        assert armed(1, {}) is None
        assert armed.fired == 1
    armed.at, armed.fired = 3, 0
    assert armed(1, {}) == 3
    assert armed.fired == 0


def test_the_moments_of_a_hook_differ() -> None:
    assert moments(0) == {}
    assert moments(1) == {"early": 1}
    assert moments(9) == {"early": 2, "midway": 5, "late": 8}
    assert moments(3) == {"early": 2, "late": 3}


def test_what_was_collected_is_seen_in_any_event() -> None:
    frames = [{"function": "f", "vars": {"a": "1"}}]
    assert collected({"exception": {"values": [{"stacktrace": {"frames": frames}}]}}) == ["frame variables"]
    assert collected({"request": {"data": {"a": 1}}}) == ["request body"]
    assert collected({"exception": {"values": None}, "threads": None, "request": None}) == []


class Secret:
    """Like a field of settings that hides its value."""

    def __init__(self, value: str) -> None:
        self.value = value

    def get_secret_value(self) -> str:
        """The value."""
        return self.value


class Inner:
    """Settings inside settings."""

    def __init__(self) -> None:
        self.key = Secret("0123456789")
        self.short = Secret("0")


class Outer:
    """Settings that know each other."""

    def __init__(self) -> None:
        self.password = Secret("abcdefghij")
        self.inner = Inner()
        self.itself = self
        self.name = "plain"


def test_secrets_are_found_in_nested_settings() -> None:
    assert secrets_of(Outer()) == {"password": "abcdefghij", "inner.key": "0123456789"}


def project(files: dict[str, str]) -> Project:
    """A project of these files."""
    combo = Combo("bare", (("include_sentry", "no"),), frozenset())
    return Project(
        root=Path("x"), combo=combo, files={name: File(text.encode()) for name, text in files.items()}
    )


def test_a_dsn_in_the_source_is_found_and_one_in_a_test_is_not() -> None:
    line = 'DSN = "https://0123456789abcdef@o1.ingest.example/42"\n'
    files = {
        "backend/app/main.py": f"\n{line}",
        "backend/tests/test_main.py": line,
        "deploy/values.yaml": line,
    }
    assert list(_literals(project(files), Backend(path="backend", app="a:b"))) == ["backend/app/main.py:2"]


def test_files_that_name_it_are_found_and_recorded_answers_are_not() -> None:
    table = '[tool.pytest-saas-validate.answers]\ninclude_sentry = "no"\n'
    files = {"pyproject.toml": table, "docs/sentry.md": "x", "README.md": "a\nSentry\n"}
    assert _named(project(files), {}).places == ("docs/sentry.md", "README.md:2")


def test_the_variable_of_the_dsn_is_read_from_the_table() -> None:
    assert dsn_name(Backend(path="b", app="a:b", environment={"REPORT_TO": "${sentry_dsn}"})) == "REPORT_TO"
    assert dsn_name(Backend(path="b", app="a:b")) == "SENTRY_DSN"


def test_the_modules_run_in_an_interpreter_that_does_not_know_them(tmp_path: Path) -> None:
    """Without the SDK the text of the canary app loads its modules and says what is missing."""
    program = sentry_sent.program().decode()
    future, hidden = "from __future__ import annotations\n", "import sys\nsys.modules['sentry_sdk'] = None\n"
    ended = subprocess.run(
        [sys.executable, "-I", "-"],
        input=program.replace(future, future + hidden, 1),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "sentry_sdk" in ended.stderr.splitlines()[-1]
    assert str(tmp_path / "saas_canaries" / "runs.py") in ended.stderr


def test_a_hook_that_leaks_when_whole_is_not_blamed_for_breaking() -> None:
    def leak(place: str, item: str = "event") -> Leak:
        return Leak(place=place, kind="email", item=item, paths=("x",))

    late, odd = leak("before_send, broken late"), leak("odd item: user as text")
    assert sentry_reading.opened([late, odd]) == (late, odd)
    assert sentry_reading.opened([leak("before_send, unbroken"), late, odd]) == (odd,)
    assert sentry_reading.opened([leak("before_send, unbroken", "log"), late]) == (late,)
