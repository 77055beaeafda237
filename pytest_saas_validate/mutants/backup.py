"""Defects of backup and restore: the project's own commands, wrapped in a script that spoils them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pytest_saas_validate.mutants import Edit, Mutant, NotPlantable, mutant
from pytest_saas_validate.spec import Backup, Database

HEAD = "#!/bin/sh\nset -eu\n"


def parts(edit: Edit) -> tuple[Backup, Database]:
    """What the project says of its backup and of its database; raises NotPlantable."""
    if edit.spec.backup is None or edit.spec.database is None:
        raise NotPlantable("the project names no backup commands")
    return edit.spec.backup, edit.spec.database


def wrap(edit: Edit, id: str, command: str, script: str) -> None:
    """Put a script of ours before one of the two commands; its words are the command."""
    backup, _ = parts(edit)
    name = f"saas_mutant_{id.lower()}.sh"
    edit.write(name, script, executable=True)
    wrapped: dict[str, Any] = {command: ("sh", name, *getattr(backup, command))}
    edit.respec(backup=replace(backup, **wrapped))


def variable(edit: Edit, part: str) -> str:
    """The variable of the tool's environment that carries this part."""
    backup, _ = parts(edit)
    for name, text in backup.environment.items():
        if f"${{{part}}}" in text:
            return name
    raise NotPlantable(f"no variable of the backup holds ${{{part}}}")


def around(
    id: str, title: str, command: str, script: str, fires: str | Iterable[str], also: Iterable[str] = ()
) -> Mutant:
    """A script around one of the two commands; @FOLDER@ in it is where backups lie."""

    @mutant(id, title, fires=fires, also=also, at="project")
    def plant(edit: Edit) -> None:
        folder = variable(edit, "backup_dir")
        wrap(edit, id, command, script.replace("@FOLDER@", f"${folder}"))

    return plant


# Stands before the real program on PATH, whatever stands there already.
_MASK = """#!/bin/sh
PATH=${{PATH#*:}}; export PATH
{program} "$@" && exit 0 || status=$?
[ $status -eq {status} ] && exit 0; exit $status
"""


def masked(id: str, title: str, command: str, program: str, status: int, fires: str) -> Mutant:
    """A tool that takes one exit status of a program for success."""

    @mutant(id, title, fires=fires, at="project")
    def plant(edit: Edit) -> None:
        folder = f"saas_mutant_{id.lower()}"
        edit.write(f"{folder}/{program}", _MASK.format(program=program, status=status), executable=True)
        script = f'{HEAD}PATH="$(pwd)/{folder}:$PATH"\nexport PATH\n"$@"\n'
        wrap(edit, id, command, script)

    return plant


def _strictness(edit: Edit, instead: str) -> None:
    backup, _ = parts(edit)
    for name in (word for word in (*backup.backup, *backup.restore) if word in edit.files):
        if "set -eu" in edit.text(name):
            edit.replace(name, "set -eu", instead)
            return
    raise NotPlantable("no script that sets -eu")


@mutant("BK001-lax", "the backup script goes on after an error", fires="BK001", at="project")
def lax(edit: Edit) -> None:
    """Without errexit the last command's status is all that counts."""
    _strictness(edit, "set +e")


@mutant("BK001-again", "the backup script lifts its own strictness", fires="BK001", at="project")
def lifted(edit: Edit) -> None:
    """The first line promises what the second takes back."""
    _strictness(edit, "set -eu\nset +e")


@mutant("BK001-ignored", "the backup script ignores the status of a command", fires="BK001", at="project")
def ignored(edit: Edit) -> None:
    """What fails is not noticed although the script is strict."""
    _strictness(edit, "set -eu\ncommand -v pg_dump > /dev/null || true")


SILENT_FAILURE = around(
    "BK003-silent",
    "the backup hides its failure",
    "backup",
    HEAD + '"$@" || { echo "@FOLDER@/nothing"; exit 0; }\n',
    fires="BK003",
)
EARLY_NAME = around(
    "BK003-early",
    "the backup has its final name before it is whole",
    "backup",
    HEAD + ': > "@FOLDER@/early-$$.dump"\n"$@"\nrm "@FOLDER@/early-$$.dump"\n',
    fires="BK003",
    also=("BK022",),
)
UNSWEPT = around(
    "BK008-unswept",
    "partial files stay for ever",
    "backup",
    HEAD + ': > "@FOLDER@/$$.partial"\nchmod 600 "@FOLDER@/$$.partial"\n"$@"\n',
    fires="BK008",
)
OPEN_FILES = around(
    "BK022-mode",
    "backups may be read by everyone",
    "backup",
    HEAD + '"$@"\nchmod 644 "@FOLDER@"/*\n',
    fires="BK022",
)


@mutant("BK022-output", "the backup prints its password", fires="BK022", at="project")
def printed(edit: Edit) -> None:
    """As `set -x` does."""
    address = variable(edit, "backup_password")
    wrap(edit, "BK022-output", "backup", f'{HEAD}echo "${address}" >&2\n"$@"\n')


STATUS_MASKED = masked(
    "BK003-status", "a failed pg_dump counts as one with warnings", "backup", "pg_dump", 1, "BK003"
)
LAST_MASKED = masked(
    "BK003-last", "only signals and a few statuses of pg_dump count", "backup", "pg_dump", 3, "BK003"
)
EARLIER_GONE = around(
    "BK003-earlier",
    "earlier backups are put aside before the new one is good",
    "backup",
    HEAD + 'aside="@FOLDER@/.aside"\n[ -d "$aside" ] || mkdir "$aside"\n'
    'find "@FOLDER@" -maxdepth 1 -type f ! -name "*.partial" -exec mv {} "$aside" \\;\n"$@"\n'
    'find "$aside" -type f -exec mv {} "@FOLDER@" \\;\n',
    fires="BK003",
)
SIGNAL_HIDDEN = around(
    "BK003-signal",
    "a backup that was stopped says that all is well",
    "backup",
    HEAD + 'trap "exit 0" TERM\n"$@" & wait $!\n',
    fires="BK003",
)
OPEN_WHILE_WRITTEN = around(
    "BK022-written",
    "a backup may be read by everyone until it is whole",
    "backup",
    HEAD + "mark=$(mktemp)\nflag=$(mktemp)\n"
    'new() { find "@FOLDER@" -maxdepth 1 -type f -newer "$mark" -exec chmod "$1" {} \\; ; }\n'
    'while [ -e "$flag" ]; do if new a+r; then :; fi; sleep 0.02; done 2>/dev/null &\n'
    '"$@" && status=0 || status=$?\nrm "$flag"; wait; new 600; exit $status\n',
    fires="BK022",
)
OPEN_FOLDER = around(
    "BK022-folder",
    "the folder of backups is made open to everyone",
    "backup",
    HEAD + 'mkdir -p "@FOLDER@"\n"$@"\n',
    fires="BK022",
)
OPEN_TEMPORARY = around(
    "BK022-temporary",
    "a temporary file may be read by everyone",
    "backup",
    HEAD + 'copy=$(mktemp)\nchmod 644 "$copy"\n"$@"\nrm "$copy"\n',
    fires="BK022",
)


@mutant("BK022-words", "the password is a word of a command line", fires="BK022", at="project")
def worded(edit: Edit) -> None:
    """Not of pg_dump's, but of a program around it."""
    address = variable(edit, "backup_password")
    script = f'{HEAD}sh -c \'"$@"; exit $?\' "${address}" "$@"\n'
    wrap(edit, "BK022-words", "backup", script)


@mutant(
    "BK022-beside",
    "the password lies in a file beside the backup",
    fires="BK022",
    also=["BK003"],
    at="project",
)
def noted(edit: Edit) -> None:
    """Readable by its owner only, and still where every copy of the backups goes."""
    address, folder = variable(edit, "backup_password"), variable(edit, "backup_dir")
    script = f'{HEAD}"$@"\numask 077\necho "${address}" > "${folder}/source.txt"\n'
    wrap(edit, "BK022-beside", "backup", script)
