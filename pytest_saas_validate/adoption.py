"""A first adoption: what is found today is accepted until a day, place by place, and nothing else is."""

from __future__ import annotations

import argparse
import datetime as dt
import glob
import json
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pytest_saas_validate.bake.provenance import named
from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.findings import Outcome, Verdict, Waiver
from pytest_saas_validate.report.record import from_data
from pytest_saas_validate.settings import Settings
from pytest_saas_validate.spec import TABLE, SpecError

_CLEAN, _NOT_JUDGED = 0, 3
_EXTRA = "waivers are written by tomlkit, which is not here: pip install 'pytest-saas-validate[adopt]'"


def add_switches(parser: argparse.ArgumentParser) -> None:
    """What the command takes beside the choice of what is judged."""
    parser.add_argument("--until", required=True, type=_day, metavar="DATE", help="the last day: 2027-01-31")
    parser.add_argument(
        "--reason", default="", metavar="TEXT", help="(first adoption, and the check's title)"
    )
    parser.add_argument(
        "--from", dest="verdicts", default="", metavar="F", help="verdicts of a run (--json); no run is made"
    )
    parser.add_argument("--print", action="store_true", help="print the waivers; change no file")


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write 2027-01-31") from None
    if day < dt.date.today():
        raise argparse.ArgumentTypeError(f"{day} is over: such a waiver covers nothing")
    return day


def read(file: Path) -> tuple[Verdict, ...]:
    """The verdicts of a run's JSON; raises SpecError."""
    try:
        return tuple(from_data(each) for each in json.loads(file.read_text(encoding="utf-8"))["verdicts"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SpecError(f"{file}: not the verdicts of a run ({problem}); make them by run --json") from None


def carry_out(settings: Settings, verdicts: Sequence[Verdict], args: argparse.Namespace) -> int:
    """Write or print the waivers, and say what could not be judged: that is never waived."""
    asked = [verdict for verdict in verdicts if settings.wants(verdict.check) and verdict.counts]
    made = adopt(asked, settings.waivers, until=args.until, reason=args.reason)
    file = settings.root / "pyproject.toml"
    if args.print:
        print(written("", made), end="")
    elif not made:
        print("nothing is open that a waiver could cover", file=sys.stderr)
    else:
        _replace(file, written(_text(file), made, str(file)))
    for id_, waivers in groupby(made, key=lambda waiver: waiver.check):
        count = len(list(waivers))
        places = "place" if count == 1 else "places"
        print(f"{id_}: {count} {places} until {args.until}", file=sys.stderr)
    broken = sorted({verdict.check for verdict in asked if verdict.outcome is Outcome.ERROR})
    if broken:
        print(f"could not be judged, and is not waived: {', '.join(broken)}", file=sys.stderr)
    return _NOT_JUDGED if broken else _CLEAN


def adopt(
    verdicts: Iterable[Verdict], waivers: Iterable[Waiver], *, until: dt.date, reason: str = ""
) -> tuple[Waiver, ...]:
    """One waiver for each check and place that is open and that none of the given ones covers."""
    titles = {check.id: check.title for check in catalogue()}
    live = [waiver for waiver in waivers if waiver.until >= dt.date.today()]
    open_ = {
        (finding.check, _pattern(finding.where))
        for verdict in verdicts
        for finding in verdict.findings
        if not any(waiver.covers(finding) for waiver in live)
    }
    return tuple(
        Waiver(check=check, where=where, until=until, reason=reason or f"first adoption: {titles[check]}")
        for check, where in sorted(open_)
    )


def _pattern(where: str) -> str:
    """The place as a pattern; a number of a line would not outlive the next edit."""
    path, line = named(where)
    return f"{glob.escape(path)}:*" if line else glob.escape(where)


def written(text: str, made: Sequence[Waiver], file: str = "pyproject.toml") -> str:
    """A pyproject.toml with these waivers beside all that is in it; raises SpecError where it cannot be."""
    try:
        import tomlkit
        import tomlkit.items
    except ImportError:
        raise SpecError(_EXTRA) from None
    document = tomlkit.parse(text)
    table: Any = document
    for key in ("tool", TABLE, "waivers"):
        table = table.setdefault(key, tomlkit.table(is_super_table=key != "waivers"))
    for check, waivers in groupby(made, key=lambda waiver: waiver.check):
        there = table.get(check, tomlkit.array().multiline(True))
        is_list = isinstance(there, tomlkit.items.Array)
        entries = there if is_list else tomlkit.array().multiline(True)
        for entry in (*(() if is_list else _listed(there.unwrap())), *map(_entry, waivers)):
            line = tomlkit.inline_table()
            line.update(entry)
            entries.append(line)
        table[check] = entries
    result = tomlkit.dumps(document)
    if "\r\n" in text:
        result = result.replace("\r\n", "\n").replace("\n", "\r\n")
    if _data(result) != _expected(_data(text), made):
        raise SpecError(
            f"{file}: its table of waivers cannot be added to; write it as [tool.{TABLE}.waivers]"
        )
    return result


def _entry(waiver: Waiver) -> Mapping[str, Any]:
    return {"where": waiver.where, "until": waiver.until, "reason": waiver.reason}


def _listed(entries: Any) -> list[Any]:
    return list(entries) if isinstance(entries, list) else [entries]


def _data(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _expected(data: dict[str, Any], made: Iterable[Waiver]) -> dict[str, Any]:
    """What the file must hold afterwards, and nothing else."""
    waivers = data.setdefault("tool", {}).setdefault(TABLE, {}).setdefault("waivers", {})
    for waiver in made:
        waivers[waiver.check] = [*_listed(waivers.get(waiver.check, [])), dict(_entry(waiver))]
    return data


def _text(file: Path) -> str:
    if not file.is_file():
        return ""
    with file.open(encoding="utf-8", newline="") as stream:  # line endings stay as they are
        return stream.read()


def _replace(file: Path, text: str) -> None:
    """Exchange a file for another at once: whoever is interrupted has the old one whole. A link stays one."""
    file = file.resolve()
    other = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with other.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        if file.exists():
            other.chmod(file.stat().st_mode)
        other.replace(file)
    finally:
        other.unlink(missing_ok=True)
