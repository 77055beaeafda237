"""The parts that need no server: addresses, names, expressions, comparison."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dbbackup import folder, scratch
from dbbackup.address import Address, parse
from dbbackup.compare import differences, normal
from dbbackup.contents import Contents, Entry, Position, Rows
from dbbackup.failure import ExitCode, Failure
from dbbackup.properties import Properties, creation


def test_an_address_keeps_what_a_url_escapes() -> None:
    url = "postgresql://ro%40le:p%2Fw%3A@db.example:5433/na%20me?sslmode=verify-full&sslrootcert=/ca.pem"

    address = parse("URL", {"URL": url})

    assert address == Address(
        "db.example",
        5433,
        "ro@le",
        "na me",
        "p/w:",
        (("sslmode", "verify-full"), ("sslrootcert", "/ca.pem")),
    )
    assert address.child_environment()["PGSSLMODE"] == "verify-full"


def test_an_address_may_be_a_socket_without_a_password() -> None:
    address = parse("URL", {"URL": "postgresql://role@/name?host=/run/postgresql"})

    assert (address.host, address.password) == ("/run/postgresql", None)
    assert "PGPASSWORD" not in address.child_environment()


def test_an_address_never_shows_its_password() -> None:
    address = parse("URL", {"URL": "postgresql://role:hidden@host/name"})

    assert "hidden" not in f"{address} {address!r}"


def test_a_child_inherits_nobody_elses_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGOPTIONS", "PGSERVICE", "PGHOSTADDR", "RESTORE_DATABASE_URL"):
        monkeypatch.setenv(name, "foreign")

    assert "foreign" not in Address("host", 5432, "role", "name").child_environment().values()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "URL is not set"),
        ("postgresql+asyncpg://role:hidden@host/name", "URL lacks its scheme"),
        ("postgresql://host/name", "URL lacks"),
        ("postgresql://role:hidden@host", "URL lacks"),
        ("postgresql://role:hidden@host:port/name", "URL is not a URL"),
        ("postgresql://role:hidden@host/name?options=-c", "unknown parameters: options"),
    ],
)
def test_a_wrong_address_is_refused_without_being_shown(url: str, sentence: str) -> None:
    with pytest.raises(Failure, match=sentence) as failure:
        parse("URL", {"URL": url})

    assert failure.value.code == ExitCode.USAGE
    assert "hidden" not in str(failure.value)


def test_a_failure_is_one_line() -> None:
    assert str(Failure(ExitCode.DATABASE, "two\nlines", "fix\nboth")) == "two lines; fix both"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))",
            "((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text]))",
        ),
        ("(a > ('1'::numeric(10, 2)))", "a > '1'"),
        ("'t'::timestamp without time zone", "'t'"),
        ("'m'::\"Odd schema\".mood", "'m'"),
    ],
)
def test_expressions_that_a_dump_prints_otherwise_are_equal(before: str, after: str) -> None:
    assert normal(before) == normal(after)


@pytest.mark.parametrize(
    ("one", "other"), [("a = 'x'", "a = 'y'"), ("a AND b", "a OR b"), ("a > 1", "a >= 1")]
)
def test_expressions_that_mean_something_else_differ(one: str, other: str) -> None:
    assert normal(one) != normal(other)


ENTRY = Entry("migrator", ("app=SELECT", "migrator=MAINTAIN"), "r p row security forced")
CONTENTS = Contents(
    objects={"relation": {"public.t": ENTRY}},
    tables={"public.t": Rows(("a",), 2, "5")},
    sequences={"public.s": Position(5, 7)},
    large_objects=Rows((), 1, "9"),
)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (replace(CONTENTS, objects={"relation": {}}), "relation public.t: missing"),
        (
            replace(CONTENTS, objects={"relation": {"public.t": replace(ENTRY, owner="app")}}),
            "expected owner",
        ),
        (replace(CONTENTS, objects={"relation": {"public.t": replace(ENTRY, grants=())}}), "expected grants"),
        (replace(CONTENTS, objects={"relation": {"public.t": replace(ENTRY, definition="r p")}}), "forced"),
        (replace(CONTENTS, tables={}), "table public.t: missing"),
        (replace(CONTENTS, tables={"public.t": Rows(("a",), 1, "5")}), "expected 2 rows, found 1"),
        (replace(CONTENTS, tables={"public.t": Rows(("a",), 2, "6")}), "not the same ones"),
        (replace(CONTENTS, sequences={}), "sequence public.s: expected 5 to 7, found missing"),
        (replace(CONTENTS, sequences={"public.s": Position(4, 4)}), "found at 4"),
        (replace(CONTENTS, sequences={"public.s": Position(8, 8)}), "found at 8"),
        (replace(CONTENTS, large_objects=Rows((), 1, "8")), "large objects"),
    ],
)
def test_every_difference_is_named(found: Contents, sentence: str) -> None:
    messages = list(differences(CONTENTS, found, same_major=True))

    assert len(messages) == 1
    assert sentence in messages[0]


def test_another_server_version_may_print_definitions_otherwise_and_know_more_privileges() -> None:
    older = replace(ENTRY, grants=("app=SELECT",), definition="printed otherwise")
    found = replace(CONTENTS, objects={"relation": {"public.t": older}})

    assert list(differences(CONTENTS, found, same_major=False)) == []


def test_a_sequence_may_stand_anywhere_that_it_stood_during_the_dump() -> None:
    found = replace(CONTENTS, sequences={"public.s": Position(6, 6)})

    assert list(differences(CONTENTS, found, same_major=True)) == []


def test_a_database_is_created_with_the_locale_of_its_provider() -> None:
    libc = Properties("UTF8", "c", "C.UTF-8", "C.UTF-8", None, None, -1, "pg_default", None, (), ())
    icu = replace(libc, provider="i", locale="de-DE", icu_rules="&a < b", tablespace="fast")

    assert creation('so "called"', libc) == (
        'CREATE DATABASE "so ""called""" TEMPLATE template0 ENCODING \'UTF8\''
        " LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' LOCALE_PROVIDER libc"
    )
    assert creation("other", icu).endswith(
        " TABLESPACE \"fast\" LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' ICU_RULES '&a < b'"
    )


def test_file_names_sort_by_time_and_hold_no_path() -> None:
    first, second = (
        folder.artefact_name("../na/me", datetime(2030, 1, day, 5, tzinfo=UTC)) for day in (9, 10)
    )

    assert first == "_na_me-20300109T050000.000Z.dump.zst"
    assert first < second


def test_the_name_of_a_scratch_database_fits_whatever_the_target_is_called() -> None:
    target = "ü" * 31
    name = scratch.temporary_name(scratch.SCRATCH, target, scratch.new_token())

    assert len(name.encode()) <= 63
    assert name != scratch.temporary_name(scratch.SCRATCH, target + "x", scratch.new_token())
