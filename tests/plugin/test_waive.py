"""A first adoption: what is open is accepted until a day, what is there stays, errors are never waived."""

from __future__ import annotations

import datetime as dt
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.adoption import _replace, adopt, written
from pytest_saas_validate.findings import Finding, Outcome, Verdict, Waiver
from pytest_saas_validate.spec import SpecError

FAR = dt.date(2999, 1, 1)
PAST = dt.date(2001, 1, 1)
TABLE = '# ours\n[tool.pytest-saas-validate]\ntemplate = "template"  # here\n'
KNOWN = 'reason = "known", until = 2998-01-01, where = "docs/*"'
ENTRY = {"reason": "known", "until": dt.date(2998, 1, 1), "where": "docs/*"}


def failed(*places: str, check: str = "TR003") -> Verdict:
    found = tuple(Finding(where=place, message="m", check=check) for place in places)
    return Verdict(check=check, outcome=Outcome.FAILED, combo="bare", findings=found)


def places(*verdicts: Verdict, waivers: tuple[Waiver, ...] = ()) -> list[tuple[str, str]]:
    return [(made.check, made.where) for made in adopt(verdicts, waivers, until=FAR)]


def test_one_waiver_for_each_check_and_place_sorted_and_without_lines() -> None:
    found = places(failed("GET /a", check="SH001"), failed("b.md:7", "b.md:9", "a.md"), failed("b.md:8"))
    assert found == [("SH001", "GET /a"), ("TR003", "a.md"), ("TR003", "b.md:*")]


def test_a_line_of_a_file_with_spaces_is_not_waived_by_its_number() -> None:
    assert places(failed("docs/My page.md:3", "docs/My page.md:9")) == [("TR003", "docs/My page.md:*")]


def test_a_place_is_meant_as_it_stands() -> None:
    (made,) = adopt([failed("GET /a[1]*?")], (), until=FAR)
    assert made.covers(Finding(where="GET /a[1]*?", message="m", check="TR003"))
    assert not made.covers(Finding(where="GET /a1b?", message="m", check="TR003"))


def test_the_reason_names_the_check_unless_it_is_given() -> None:
    (made,) = adopt([failed("a")], (), until=FAR)
    assert (made.reason, made.until) == ("first adoption: A switched-off feature leaves nothing behind", FAR)
    assert adopt([failed("a")], (), until=FAR, reason="known")[0].reason == "known"


def test_what_is_covered_is_not_waived_again_unless_that_has_expired() -> None:
    holds = Waiver(check="TR003", where="a*", reason="r", until=FAR)
    assert places(failed("a.md", "b.md"), waivers=(holds,)) == [("TR003", "b.md")]
    over = Waiver(check="TR003", where="a*", reason="r", until=PAST)
    assert places(failed("a.md"), waivers=(over,)) == [("TR003", "a.md")]


MADE = adopt([failed("a.md", 'say "x"\n'), failed("GET /", check="SH001")], (), until=FAR)


@pytest.mark.parametrize(
    "there",
    [
        "",
        f"[tool.pytest-saas-validate.waivers]\n# why\nTR003 = {{ {KNOWN} }} # note\n\n[tool.ruff]\nx = 1\n",
        f"[tool.pytest-saas-validate.waivers]\nTR003 = [\n  {{ {KNOWN} }}, # note\n]\n[tool.ruff]\nx = 1\n",
        "[[tool.pytest-saas-validate.waivers.TR003]]\n"
        + KNOWN.replace(", ", "\n")
        + "\n[tool.ruff]\nx = 1\n",
        "[tool.pytest-saas-validate.waivers.TR003]\n" + KNOWN.replace(", ", "\n") + "\n[tool.ruff]\nx = 1\n",
        f"waivers = {{ TR003 = {{ {KNOWN} }} }}\n",
        f"waivers.TR003 = {{ {KNOWN} }}\n",
        f"[project]\nname = 'x'\n\n[tool.pytest-saas-validate.waivers]\nTR003 = {{ {KNOWN} }}",
    ],
    ids=["none", "one", "list", "tables", "table", "inline", "dotted", "last"],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["unix", "dos"])
def test_nothing_that_is_there_is_damaged(there: str, ending: str) -> None:
    before = (TABLE + there).replace("\n", ending)
    after = written(before, MADE)
    data: Any = tomllib.loads(after)
    waivers = data["tool"]["pytest-saas-validate"].pop("waivers")
    kept = [ENTRY] if "TR003" in there else []
    new = [{"where": made.where, "until": FAR, "reason": made.reason} for made in MADE]
    assert waivers == {"TR003": [*kept, *new[1:]], "SH001": new[:1]}
    old: Any = tomllib.loads(before)
    old["tool"]["pytest-saas-validate"].pop("waivers", None)
    assert data == old
    assert all(comment in after for comment in ("# ours", "# here", "# note") if comment in before)
    assert ending == "\n" or "\n" not in after.replace("\r\n", "")


@pytest.mark.parametrize("damaged", ["", TABLE, "not TOML"])
def test_a_file_that_would_be_damaged_is_not_written(damaged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tomlkit.dumps", lambda document: damaged)
    with pytest.raises(SpecError, match=r"here\.toml: its table of waivers cannot be added to"):
        written(TABLE, MADE, "here.toml")


def test_a_table_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("old")
    link = tmp_path / "pyproject.toml"
    link.symlink_to("real.toml")
    _replace(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "real.toml").read_text() == "new"


def command(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.run(sys.executable, "-m", "pytest_saas_validate", *words, "--only", "TR003")


def test_after_it_a_run_is_clean_and_all_is_waived(forgetful: Path, pytester: pytest.Pytester) -> None:
    file = pytester.path / "pyproject.toml"
    before = file.read_text()
    assert command(pytester, "run", "template", "--json", "v.json").ret == 1
    shown = command(pytester, "waive", "template", "--until", "2999-01-01", "--from", "v.json", "--print")
    assert shown.ret == 0
    assert file.read_text() == before
    (entry,) = tomllib.loads(shown.stdout.str())["tool"]["pytest-saas-validate"]["waivers"]["TR003"]
    assert entry["where"] == "NOTES.md:*"
    made = command(pytester, "waive", "template", "--until", "2999-01-01")
    assert made.ret == 0
    made.stderr.fnmatch_lines(["TR003: 1 place until 2999-01-01"])
    assert file.read_text().startswith(before.rstrip())
    clean = command(pytester, "run", "template")
    assert clean.ret == 0
    clean.stdout.fnmatch_lines(
        ["bare *waived", "waived: TR003 NOTES.md*: until 2999-01-01: first adoption: *"]
    )
    again = command(pytester, "waive", "template", "--until", "2999-01-01")
    again.stderr.fnmatch_lines(["nothing is open*"])


def test_an_error_is_never_waived(forgetful: Path, pytester: pytest.Pytester) -> None:
    (forgetful / "hooks").mkdir()
    (forgetful / "hooks" / "pre_gen_project.py").write_text("raise SystemExit('no')\n")
    before = (pytester.path / "pyproject.toml").read_text()
    result = command(pytester, "waive", "template", "--until", "2999-01-01")
    assert result.ret == 3
    result.stderr.fnmatch_lines(["could not be judged, and is not waived: TR003"])
    assert (pytester.path / "pyproject.toml").read_text() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--until", "2001-01-01"), "*2001-01-01 is over*"),
        (("--until", "spring"), "*'spring' is no day; write 2027-01-31"),
        (("--until", "2999-01-01", "--from", "nowhere.json"), "*nowhere.json: not the verdicts of a run*"),
        ((), "*--until*"),
    ],
)
def test_a_wrong_switch_is_one_sentence(
    words: tuple[str, ...], message: str, forgetful: Path, pytester: pytest.Pytester
) -> None:
    result = command(pytester, "waive", "template", *words)
    assert result.ret == 2
    result.stderr.fnmatch_lines([message])


def test_without_its_library_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    with pytest.raises(SpecError, match=r"pytest-saas-validate\[adopt\]"):
        written("", MADE)
