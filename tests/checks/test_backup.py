"""Each check of the family BK on small evidence: silent on what is right, loud on one defect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.evidence.backup import ABSENT, Attempt, Drill, Kind, RoundTrip, Scripts
from pytest_saas_validate.mutants import mutants
from pytest_saas_validate.probes.backup_catalogue import differing
from pytest_saas_validate.probes.backup_commands import is_published, modes
from pytest_saas_validate.probes.backup_shims import BODIES, KNOWN, Shims

CHECKS = {check.id: check for check in catalogue() if check.family == "BK"}
BEFORE = {"table public.a": "owner", "comment on table public.a": "old"}
TRIP = RoundTrip(
    before=BEFORE,
    tenants={"one": 3},
    late={"comment on table public.a": "new", "type late": "made", "view v": ABSENT},
    connected=1,
    after={**BEFORE},
    restored_tenants={"one": 3},
)
ROLE = {"sees_all": True, "reads_all": True, "read_only": True, "superuser": False, "creates": False}
FAILED = Attempt(fault="pg_dump ends with status 1", code=7)
DAMAGED = Attempt(fault="one bit is flipped at 50 %", code=8, kind=Kind.DAMAGE)
DIED = Attempt(fault="the whole restore is killed", code=-9, kind=Kind.DEATH, databases=("app_scratch",))
DRILL = Drill(
    round_trip=TRIP,
    backups=(FAILED,),
    restores=(FAILED, DAMAGED, DIED),
    role=ROLE,
    powers=(),
    modes={"a.dump": "-rw-------", "the folder that the backup made": "drwx------"},
    leftovers=(),
    checksum="zstd checksum",
    betrayed=(),
)


def said(check: str, evidence: Drill | Scripts) -> list[str]:
    """Where and what a check finds."""
    return [f"{finding.where}: {finding.message}" for finding in CHECKS[check](evidence)]


def trip(**parts: Any) -> Drill:
    """The good drill with another round trip."""
    return replace(DRILL, round_trip=replace(TRIP, **parts))


@pytest.mark.parametrize("check", sorted(CHECKS.keys() - {"BK001"}))
def test_a_good_drill_is_silent(check: str) -> None:
    assert not said(check, DRILL)


@pytest.mark.parametrize(
    ("check", "drill", "found"),
    [
        ("BK002", trip(after={"table public.a": "owner"}), "was 'old', is 'absent' after the restore"),
        ("BK002", trip(restore_code=7), "exits with 7"),
        ("BK003", replace(DRILL, backups=(replace(FAILED, code=0),)), "exits with 0"),
        ("BK003", replace(DRILL, backups=(replace(FAILED, published=("b.dump",)),)), "under a final name"),
        ("BK003", replace(DRILL, backups=(replace(FAILED, harmed=("a.dump",)),)), "an earlier backup"),
        ("BK004", replace(DRILL, powers=("as app: may DELETE public.a",)), "as app: may DELETE public.a"),
        ("BK004", replace(DRILL, role={**ROLE, "read_only": False}), "read only is False"),
        ("BK004", trip(restored_tenants={"one": 2}), "2 of 3 rows"),
        ("BK006", replace(DRILL, restores=(replace(DAMAGED, code=0),)), "exits with 0"),
        ("BK006", replace(DRILL, checksum=""), "no checksum"),
        ("BK008", replace(DRILL, leftovers=("a.partial",)), "lies there still"),
        ("BK008", replace(DRILL, restores=(replace(FAILED, databases=("scratch",)),)), "was left behind"),
        ("BK008", trip(databases=("app_old",)), "app_old: a database of a dead restore is there still"),
        ("BK011", replace(DRILL, restores=(replace(FAILED, code=0),)), "exits with 0"),
        ("BK011", replace(DRILL, restores=(replace(DIED, changed=("index i",)),)), "changed: index i"),
        ("BK012", trip(late_rows=1), "newer than the backup"),
        ("BK012", trip(after={**BEFORE, "type late": "made"}), "type late: was made after the backup"),
        ("BK012", trip(after={"comment on table public.a": "new"}), "was changed after the backup"),
        ("BK012", trip(before={**BEFORE, "view v": "1"}), "view v: was dropped after the backup"),
        ("BK022", replace(DRILL, modes={"a.partial, after a kill": "-rw-r-----"}), "its mode is -rw-r-----"),
        ("BK022", replace(DRILL, modes={"folder": "drwxr-xr-x"}), "its mode is drwxr-xr-x"),
        ("BK022", replace(DRILL, betrayed=("a command line",)), "shows a password"),
        ("BK029", trip(connected=0), "proves nothing"),
        ("BK029", trip(serves="POST /a answers 500"), "POST /a answers 500"),
    ],
)  # fmt: skip
def test_a_breach_is_found(check: str, drill: Drill, found: str) -> None:
    assert any(found in text for text in said(check, drill))


def test_databases_of_the_dead_may_stay_until_the_next_good_restore() -> None:
    assert not said("BK008", replace(DRILL, restores=(DIED,)))


def test_a_damaged_backup_that_passes_is_said_once() -> None:
    assert not said("BK011", replace(DRILL, restores=(replace(DAMAGED, code=0),)))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("set -eu\nexec tool", ""),
        ("set -euo pipefail\npg_dump | gzip", ""),
        ("set -eu\nrm -f old || true\nexec tool", ""),
        ("set -eu\n# a || true in a comment\nexec tool", ""),
        ("exec tool", "does not set errexit"),
        ("set -eu\npg_dump | gzip", "pipes"),
        ("set -eu\nset +e\nexec tool", "switches a check off"),
        ("set -eu\ntool || true", "ignores a status"),
        ("set -eu\ntool || :; done", "ignores a status"),
        ("set -euo pipefail\nset +o pipefail\na | b", "switches a check off"),
    ],
)
def test_scripts(body: str, found: str) -> None:
    messages = said("BK001", Scripts(texts={"backup.sh": f"#!/bin/sh\n{body}\n"}))
    assert bool(messages) == bool(found)
    assert all(found in message for message in messages)


def test_states_differ_by_what_only_one_has() -> None:
    assert differing({"a": "1", "b": "2"}, {"a": "1", "c": "3"}) == ("b", "c")


@pytest.mark.parametrize(
    ("name", "whole"), [("a.dump.zst", True), ("a.dump.zst.partial", False), (".a", False), ("a.lock", False)]
)
def test_a_name_tells_whether_a_file_is_whole(name: str, whole: bool) -> None:
    assert is_published(name) is whole


def test_modes_are_read_as_ls_prints_them() -> None:
    file = "-rw-r--r-- 1 root root 5 Nov 24 20:43 ./a file"
    text = f"total 8\n{file}\ndrwx------ 2 root root 5 Nov 24 20:43 made\n"
    assert modes(text) == {"./a file": "-rw-r--r--", "made": "drwx------"}


class Shell:
    """Commands that remember what they were given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, ...]] = []

    def shell(self, script: str, *words: str) -> str:
        self.given.append(words)
        return "/backups/.shim-1"


@pytest.mark.parametrize("does", BODIES)
def test_a_shim_lets_the_version_through_and_names_no_other_program(does: str) -> None:
    shell: Any = Shell()
    Shims.lay(shell, "/backups", does, ("pg_dump",))
    text = shell.given[-1][2]
    assert 'exec pg_dump "$@" ;; esac' in text
    assert "{" not in text.replace("${TMPDIR", "").replace("{}", "").replace('{ "', "")


def test_every_program_is_named_once() -> None:
    assert len(set(KNOWN)) == len(KNOWN)


def test_every_check_has_a_planted_defect() -> None:
    fired = {check for mutant in mutants() for check in mutant.fires}
    assert CHECKS.keys() <= fired


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_says_what_it_looks_at(check: str) -> None:
    rule: Callable[..., object] = CHECKS[check].rule
    facts: Mapping[str, str] = {"doc": rule.__doc__ or "", "remedy": CHECKS[check].remedy}
    assert all(facts.values())
