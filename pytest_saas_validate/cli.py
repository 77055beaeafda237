"""The command `saas-validate`: pytest on the battery, with words for people who do not know pytest."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pytest_saas_validate import adoption, catalogue_words, requirements
from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import SELECTIONS, TemplateError
from pytest_saas_validate.findings import Outcome
from pytest_saas_validate.plan.aftermath import KEEP
from pytest_saas_validate.report.kills import as_json
from pytest_saas_validate.seen import run_pytest
from pytest_saas_validate.settings import Settings, Switches, read_settings
from pytest_saas_validate.spec import SpecError

CLEAN, FINDINGS, USAGE, NOT_JUDGED = 0, 1, 2, 3
_FILES = {
    "junitxml": "JUnit XML",
    "json": "the verdicts as JSON",
    "html": "the report as one HTML file",
    "sarif": "the findings as SARIF 2.1.0, at lines of the template",
    "artifacts": "the logs of every stack into this folder",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 clean, 1 findings, 2 usage, 3 could not judge."""
    words = list(sys.argv[1:] if argv is None else argv)
    words, rest = (
        (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    )
    args = _parser().parse_args(words)
    try:
        code = int(args.command(args, rest))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads has read enough, and Python must not try again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_JUDGED
    except (SpecError, TemplateError) as problem:
        print(f"saas-validate: {problem}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:  # while pytest was ending, which would have caught it before
        print("saas-validate: interrupted; the next run removes what is left", file=sys.stderr)
        return NOT_JUDGED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="saas-validate",
        description="Bake a SaaS template in every combination, boot it, and judge what it does.",
        epilog="Exit code: 0 clean, 1 findings, 2 usage, 3 could not judge. Words after -- go to pytest.",
    )
    parser.add_argument("--version", action="version", version=version("pytest-saas-validate"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="judge a template or a generated project (a template's hooks are run)"
    )
    run.set_defaults(command=_run)
    _add_selection(run)
    for name, what in _FILES.items():
        run.add_argument(f"--{name}", metavar="F", default="", help=f"write {what}")
    run.add_argument("--keep", default="", choices=("", *KEEP), help="leave stacks running")
    waive = commands.add_parser("waive", help="accept until a day what is found today: a first adoption")
    waive.set_defaults(command=_waive)
    _add_selection(waive)
    adoption.add_switches(waive)
    prove = commands.add_parser("prove", help="plant every known defect and see which check finds it")
    prove.set_defaults(command=_prove)
    _add_selection(prove)
    prove.add_argument(
        "--thorough", action="store_true", help="let every family judge each defect (several times as long)"
    )
    prove.add_argument("--json", metavar="F", nargs="?", const="-", default="", help="kill table as JSON")
    catalogue_words.add_commands(commands)
    doctor = commands.add_parser("doctor", help="which engines and tools are here, and how to get the others")
    doctor.set_defaults(command=_doctor)
    doctor.add_argument("--install", action="store_true", help="obtain what comes within seconds")
    doctor.add_argument("--json", action="store_true")
    clean = commands.add_parser("clean", help="remove the cache, and what dead runs left behind")
    clean.set_defaults(command=_clean)
    return parser


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="template or project (default: here)"
    )
    parser.add_argument(
        "--combos", default="", metavar="WHICH", help=f"{', '.join(SELECTIONS)}, or ids (all)"
    )
    parser.add_argument("--only", default="", metavar="LIST", help="families and check ids: SH,TR004")
    parser.add_argument("--engine", action="append", default=[], metavar="NAME", help="where to run (local)")
    parser.add_argument("--require", default="", metavar="LIST", help="what must be here, or all")
    parser.add_argument("--environment", default="", choices=("", "locked", "current"), help="the backend's")
    parser.add_argument("--kubeconfig", default="", metavar="F", help="engine kind: use this cluster")
    parser.add_argument("--no-cache", action="store_true", help="judge files anew, whatever is known of them")
    parser.add_argument(
        "--answer", action="append", default=[], metavar="NAME=VALUE", help="answer a template's free text"
    )
    parser.add_argument("--no-hooks", action="store_true", help="do not run the template's hooks")
    parser.add_argument("--preview", action="store_true", help="checks in preview count like all others")


def _switches(args: argparse.Namespace) -> Switches:
    return Switches(
        path=args.path,
        combos=args.combos,
        engines=tuple(args.engine),
        only=args.only,
        require=args.require,
        environment=args.environment,
        kubeconfig=args.kubeconfig,
        hooks=not args.no_hooks,
        preview=args.preview,
        answers=tuple(args.answer),
    )


def _run(args: argparse.Namespace, rest: Sequence[str]) -> int:
    settings = _settings(args)
    if _cannot_start(settings):
        return NOT_JUDGED
    words = [*_pytest_words(args, settings, "battery"), "--saas-complete"]
    for name in _FILES:
        switch = name if name == "junitxml" else f"saas-{name}"  # pytest's own
        words += [f"--{switch}={Path(getattr(args, name)).absolute()}"] if getattr(args, name) else []
    words += [f"--saas-keep={args.keep}"] if args.keep else []
    code, seen = run_pytest([*words, *rest])
    if code not in (0, 1):
        return USAGE if code == 4 else NOT_JUDGED
    counting = {verdict.outcome for verdict in seen.verdicts if verdict.counts}
    if Outcome.FAILED in counting:
        return FINDINGS
    judged = {verdict.outcome for verdict in seen.verdicts} & {Outcome.OK, Outcome.WAIVED, Outcome.FAILED}
    return CLEAN if code == 0 and judged and Outcome.ERROR not in counting else NOT_JUDGED


def _waive(args: argparse.Namespace, rest: Sequence[str]) -> int:
    if args.verdicts:
        settings = read_settings(Path.cwd(), _switches(args))
        return adoption.carry_out(settings, adoption.read(Path(args.verdicts)), args)
    settings = _settings(args)
    if _cannot_start(settings):
        return NOT_JUDGED
    code, seen = run_pytest([*_pytest_words(args, settings, "battery"), "--saas-complete", *rest])
    if code not in (0, 1):
        return USAGE if code == 4 else NOT_JUDGED
    return adoption.carry_out(settings, seen.verdicts, args)


def _prove(args: argparse.Namespace, rest: Sequence[str]) -> int:
    settings = _settings(args)
    if _cannot_start(settings):
        return NOT_JUDGED
    words = _pytest_words(args, settings, "prove")
    words += ["--saas-thorough"] if args.thorough else []
    words += [f"--saas-kills={Path(args.json).absolute()}"] if args.json not in ("", "-") else []
    code, seen = run_pytest([*words, *rest])
    if args.json == "-":
        print(json.dumps(as_json(seen.kills), indent=1))
    if code not in (0, 1) or not any(kill.planted for kill in seen.kills):
        return USAGE if code == 4 else NOT_JUDGED
    return code


def _settings(args: argparse.Namespace) -> Settings:
    settings = read_settings(Path.cwd(), _switches(args))
    unknown = [name for name in settings.only if name not in _names()]
    if unknown:
        raise SpecError(f"--only {unknown[0]}: no such family or check; see saas-validate list checks")
    strange = requirements.strangers(settings.require)
    if strange:
        raise SpecError(f"--require {strange[0]}: no such engine, tool or family")
    if settings.is_template and settings.hooks:
        print(
            f"saas-validate: the hooks of {settings.source} will be run (--no-hooks prevents it)",
            file=sys.stderr,
        )
    return settings


def _names() -> set[str]:
    return {check.id for check in catalogue()} | {check.family for check in catalogue()}


def _cannot_start(settings: Settings) -> bool:
    from pytest_saas_validate.session import load_engine

    missing = requirements.unmet(settings, load_engine)
    for line in missing:
        print(f"saas-validate: {line}", file=sys.stderr)
    return bool(missing)


def _pytest_words(args: argparse.Namespace, settings: Settings, suite: str) -> list[str]:
    """The battery's own configuration: a project's pytest settings must not steer how it is judged."""
    words = ["-c", os.devnull, f"--rootdir={settings.source}", "-p", "no:cacheprovider", "-q", "--tb=short"]
    words += ["--assert=plain"]  # nothing here asserts, and pytest reads what it rewrites slowly
    # They come with what this package needs, do nothing here, and take longer to load than a warm run.
    words += ["-p", "no:anyio", "-p", "no:cookies", "-p", "no:valkey"]
    words += ["-p", "no:unraisableexception", "-p", "no:threadexception"]  # only warn: not shown here
    words += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]  # by this command
    words += ["--no-header", "--show-capture=no", "--disable-warnings", "-r", "N", "--noconftest"]
    words += ["--pyargs", f"pytest_saas_validate.{suite}"]
    words += [f"--saas-path={Path(args.path).absolute()}"]
    given = {
        "combos": args.combos,
        "only": args.only,
        "require": args.require,
        "environment": args.environment,
        "kubeconfig": settings.kubeconfig or "",
    }
    words += [f"--saas-{name}={value}" for name, value in given.items() if value]
    words += [f"--saas-engine={name}" for name in args.engine]
    words += ["--saas-no-cache"] if args.no_cache else []
    words += ["--saas-no-hooks"] if args.no_hooks else []
    words += [f"--saas-answer={answer}" for answer in args.answer]
    return words + (["--saas-preview"] if args.preview else [])


def _doctor(args: argparse.Namespace, rest: Sequence[str]) -> int:
    from pytest_saas_validate.doctor import examine, install

    if args.install:
        install(lambda text: print(text, file=sys.stderr))
    rows = examine()
    if args.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            state = f"{row['version']}  {row['path']}" if row["found"] else f"missing: {row['reason']}"
            print(f"{row['name']:<20} {state}")
        print(f"{'':<20} {rows[-1]['how']}")
    return CLEAN


def _clean(args: argparse.Namespace, rest: Sequence[str]) -> int:
    from pytest_saas_validate.doctor import clean

    for line in clean():
        print(line)
    return CLEAN
