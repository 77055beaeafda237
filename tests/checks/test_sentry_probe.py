"""The parts of the SN probe that need no stack: canaries, envelopes, reading, and hooks that break."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.sentry import EVENT_FIELDS, TRANSACTION_FIELDS, Leak
from pytest_saas_validate.probes import ProbeError, sentry_reading, sentry_sent
from pytest_saas_validate.probes.sentry import _literals
from pytest_saas_validate.probes.sentry_app.canaries import SHAPES, Canaries
from pytest_saas_validate.probes.sentry_app.credentials import awkward, secrets_of
from pytest_saas_validate.probes.sentry_app.failure import Armed, Planted, moments
from pytest_saas_validate.probes.sentry_app.options import collected, forced
from pytest_saas_validate.probes.sentry_app.spellings import WRITINGS, spell
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


@pytest.mark.parametrize("kind", [*SHAPES, "keyed"])
@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        quote,
        quote_plus,
        repr,
        json.dumps,
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"user:{value} and more".encode()).decode(),
    ],
)
def test_a_value_is_betrayed_in_every_writing(kind: str, write: Callable[[str], str]) -> None:
    canaries = Canaries("seed", "run")
    value = canaries.make("query", kind)
    (known,) = canaries.made.values()
    assert any(needle in write(value).lower() for needle in known.needles)
    assert all(needle == needle.lower() for needle in known.needles)


def test_a_part_of_a_value_betrays_it_too() -> None:
    canaries = Canaries("seed", "run")
    mail, name = canaries.make("query", "email"), canaries.make("query", "plain")
    mailed, named = (canary.needles for canary in canaries.made.values())
    assert mail.partition("@")[0] in mailed
    assert set(name.lower().split()) <= set(named)


def test_an_id_is_betrayed_by_a_hash_that_anyone_can_compute() -> None:
    canaries = Canaries("seed", "run")
    id_ = canaries.make("user.id of a metric", "identity")
    (known,) = canaries.made.values()
    assert any(needle in hashlib.sha256(id_.encode()).hexdigest() for needle in known.needles)


@pytest.mark.parametrize("kind", WRITINGS)
def test_every_spelling_is_a_place_with_a_value_of_its_own(kind: str) -> None:
    canaries = Canaries("seed", "run")
    spelled = list(spell(canaries, "text", kind))
    assert len(canaries.made) == len(spelled) == len({one.sentence for one in spelled})
    for one in spelled:
        needles = canaries.made[one.place, kind].needles
        assert any(needle in one.sentence.lower() for needle in needles)
        assert min(map(len, needles)) >= 8, "a shorter text occurs by chance"


class Environment:
    """Settings that read two variables, of which one must be short."""

    def __init__(self) -> None:
        self.store = os.environ["STORE"]
        self.key = Secret(os.environ["KEY"])
        if len(self.key.value) != 12:
            raise ValueError("the key has 12 characters")


def test_passwords_become_awkward_as_far_as_the_settings_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv("ISSUER", "http://127.0.0.1:8000")
    monkeypatch.setenv("KEY", "abcdefghijkl")
    placed = awkward(Canaries("seed", "run"), ("STORE", "ISSUER", "KEY", "NONE"), Environment)
    assert list(placed) == ["password of STORE as written", "password of STORE decoded"]
    written, decoded = placed.values()
    assert os.environ["STORE"] == f"redis://:{written}@127.0.0.1:6379/0"
    assert unquote(written) == decoded != written
    assert os.environ["ISSUER"] == "http://127.0.0.1:8000"
    assert os.environ["KEY"] == "abcdefghijkl"


def test_an_address_keeps_all_but_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "postgresql+asyncpg://app:old@db.internal:5432/app?ssl=on")
    monkeypatch.setenv("KEY", "abcdefghijkl")
    placed = awkward(Canaries("seed", "run"), ("STORE",), Environment)
    parts = urlsplit(os.environ["STORE"])
    assert (parts.username, parts.hostname, parts.port) == ("app", "db.internal", 5432)
    assert (parts.path, parts.query) == ("/app", "ssl=on")
    assert parts.password == placed["password of STORE as written"]


def test_whoever_makes_a_client_makes_it_with_the_forced_options() -> None:
    class Client:
        def __init__(self, **options: object) -> None:
            self.options = options

    sdk = SimpleNamespace(Client=Client)
    with forced(sdk, trace_lifecycle="stream"):
        assert Client(dsn="x").options == {"dsn": "x", "trace_lifecycle": "stream"}
    assert Client(dsn="x").options == {"dsn": "x"}


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


def test_a_value_with_quotes_has_a_place() -> None:
    said = 'a/b"c d'
    raw = envelope(({"type": "event"}, json.dumps({"message": f"cannot use {said}"}).encode()))
    items = read([captured(raw)])[0].items
    canaries = Canaries("seed", "run")
    canaries.add("settings.key", "secret", said)
    assert sentry_reading.leaks(canaries.list(), items) == (
        Leak(place="settings.key", kind="secret", item="event", paths=("message",)),
    )


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
