"""The commands that tell what there is: checks, combinations, and one check in full."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.findings import Check, Stage
from pytest_saas_validate.settings import Switches, read_settings

CLEAN, USAGE, NOT_JUDGED = 0, 2, 3


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`list` and `explain`."""
    listing = commands.add_parser("list", help="checks, combinations, or what will be gathered")
    listing.set_defaults(command=show_list)
    listing.add_argument("what", choices=("checks", "combos", "jobs"))
    listing.add_argument("path", nargs="?", default=".", metavar="PATH")
    listing.add_argument("--combos", default="all", metavar="WHICH", help="which combinations: as for run")
    listing.add_argument("--only", default="", metavar="LIST", help="jobs of these families and checks")
    listing.add_argument("--engine", action="append", default=[], metavar="NAME", help="of these engines")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--markdown", action="store_true", help="of checks: the page with all of them")
    one = commands.add_parser("explain", help="what a check wants, why, and how to mend it")
    one.set_defaults(command=explain)
    one.add_argument("check", metavar="ID")


def show_list(args: argparse.Namespace, rest: Sequence[str]) -> int:
    if args.what == "jobs":
        return _show_jobs(args)
    if args.what == "checks" and args.markdown:
        from pytest_saas_validate.catalogue_page import page

        print(page(), end="")
        return CLEAN
    if args.what == "checks":
        rows = [_check_data(check) for check in catalogue()]
        text = [
            f"{row['id']}  {row['severity']:<8}  {row['subject']:<8}  {row['title']}"
            f"{' (preview)' if row['stage'] == Stage.PREVIEW else ''}"
            for row in rows
        ]
    else:
        combos = read_settings(Path.cwd(), Switches(path=args.path, combos=args.combos)).combos
        rows = [{"id": c.id, "answers": c.mapping, "features": sorted(c.features)} for c in combos]
        text = [f"{c.id}: {' '.join(f'{k}={v}' for k, v in c.answers)}" for c in combos]
    print(json.dumps(rows, indent=1) if args.json else "\n".join(text))
    return CLEAN


def _show_jobs(args: argparse.Namespace) -> int:
    from pytest_saas_validate.bake import BakeError
    from pytest_saas_validate.planned import show_jobs

    switches = Switches(path=args.path, combos=args.combos, only=args.only, engines=tuple(args.engine))
    try:
        for line in show_jobs(read_settings(Path.cwd(), switches), as_json=args.json):
            print(line)
    except BakeError as problem:
        print(f"saas-validate: {problem}", file=sys.stderr)
        return NOT_JUDGED
    return CLEAN


def _check_data(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "severity": str(check.severity),
        "stage": str(check.stage),
        "subject": str(check.subject),
        "title": check.title,
        "why": check.why,
        "remedy": check.remedy,
        "needs": sorted(check.needs),
        "absent": sorted(check.absent),
        "url": check.url,
    }


def explain(args: argparse.Namespace, rest: Sequence[str]) -> int:
    found = next((check for check in catalogue() if check.id == args.check.upper()), None)
    if found is None:
        print(f"saas-validate: no check {args.check}; see saas-validate list checks", file=sys.stderr)
        return USAGE
    print(f"{found.id} ({found.severity}): {found.title}\n")
    print(f"  about: {found.subject}, from {', '.join(kind.__name__ for kind in found.kinds)}")
    if found.stage is Stage.PREVIEW:
        print("  in preview: what it finds is told, and does not count yet")
    for name, features in (("only with", found.needs), ("only without", found.absent)):
        if features:
            print(f"  {name}: {', '.join(sorted(features))}")
    reason = " ".join((found.rule.__doc__ or "").split())
    print(
        f"  looks at: {reason}" if reason else "", f"  why: {found.why}", f"  fix: {found.remedy}", sep="\n"
    )
    if found.url:
        print(f"  see: {found.url}")
    from pytest_saas_validate.mutants import mutants

    for planted in (m for m in mutants() if found.id in m.fires):
        print(f"  proved by: {planted.title} ({planted.id})")
    return CLEAN
