"""Programs that stand before the real ones on PATH: they write down their words, look around, and fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_saas_validate.probes import ProbeError
from pytest_saas_validate.probes.backup_commands import Commands

# What a backup tool may be made of.
KNOWN = (
    "pg_dump", "pg_dumpall", "pg_restore", "psql", "zstd", "gzip", "pigz", "xz", "bzip2", "lz4", "tar",
    "age", "gpg", "openssl", "sha256sum", "tee",
)  # fmt: skip
_SHIM = """#!/bin/sh
echo "{name} $*" >> "{folder}/argv"
PATH=$(printf %s "$PATH" | sed 's|{folder}:||g'); export PATH
case " $* " in *" --version "*|*" -V "*) exec {name} "$@" ;; esac
{body}
"""
# While the tool is at work: modes of the files in its folder and of temporary ones, and everyone's words.
_LOOK = """(
cd "{below}" && find . -maxdepth 1 -type f -exec ls -ld {{}} \\;
find "${{TMPDIR:-/tmp}}" -type f -user "$(id -u)" -newer "{folder}/begun" ! -path "{below}/*" \\
  -exec ls -ld {{}} \\;
) > "{folder}/seen" 2>/dev/null
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\000' ' ' > "{folder}/words"
[ -s "{folder}/words" ] || ps -axo args > "{folder}/words" 2>/dev/null
"""
# The command's whole process group, itself included: nobody is left who could clean up.
_KILL = """
leader=$(cat "{folder}/leader"); kill -9 -- "-$leader" 2>/dev/null || kill -9 "$leader"; kill -9 0
"""
BODIES = {
    "passes": 'exec {name} "$@"',
    "is killed": '{name} "$@" | head -c 20000; kill -9 $$',
    "ends with status 1": '{name} "$@" | head -c 20000; exit 1',
    "ends with status 3 after its last byte": '{name} "$@"; exit 3',
    "hangs": '{name} "$@" | head -c 20000; exec sleep 20',
    "is stopped": ('{name} "$@" | head -c 20000; kill -TERM "$(cat "{folder}/leader")"; exec sleep 20'),
    "dies with all": f'{{name}} "$@" | head -c 20000; sleep 0.2\n{_LOOK}{_KILL}',
    # A command of the background has no standard input unless it is given one.
    "restores in part": 'exec 3<&0; {name} "$@" <&3 3<&- & p=$!; sleep 0.1; kill -9 $p; wait $p; kill -9 $$',
    "dies with all behind it": f'{{name}} "$@"\n{_LOOK}{_KILL}',
}


@dataclass(frozen=True)
class Shims:
    """Some programs in the way of one run; they lie in a folder of their own below the backups."""

    commands: Commands
    folder: str

    @classmethod
    def lay(cls, commands: Commands, below: str, does: str, names: Iterable[str]) -> Shims:
        """Put the same body before each of the named programs."""
        texts = []
        folder = commands.shell('d=$(mktemp -d "$1/.shim-XXXXXX"); : > "$d/begun"; echo "$d"', below)
        for name in names:
            values = {"name": name, "folder": folder, "below": below}
            texts += [name, _SHIM.format(body=BODIES[does].format(**values), **values)]
        script = 'cd "$1"; shift; while [ $# -gt 0 ]; do printf %s "$2" > "$1"; chmod 755 "$1"; shift 2; done'
        commands.shell(script, folder, *texts)
        return cls(commands, folder)

    @property
    def environment(self) -> Mapping[str, str]:
        """With this the shims are found first."""
        path = self.commands.stack.env("backup").get("PATH") or self.commands.shell('printf %s "$PATH"')
        return {"PATH": f"{self.folder}:{path}", "SAAS_SHIM": self.folder}

    def read(self, name: str) -> str:
        """What the shims wrote down: `argv`, `seen`, `words`; empty when nothing was."""
        return self.commands.shell('[ ! -f "$1" ] || cat "$1"', f"{self.folder}/{name}")

    def called(self) -> tuple[str, ...]:
        """The programs that were called for more than their version."""
        lines = [line.split() for line in self.read("argv").splitlines()]
        asked = {"--version", "-V"}
        return tuple(sorted({words[0] for words in lines if words and not asked & set(words[1:])}))

    def must_have_been(self, name: str) -> None:
        """Raise ProbeError when the tool went past it: its failure was none."""
        if name not in self.called():
            raise ProbeError(
                f"the tool does not call {name} by PATH: what it does when that fails is unknown"
            )
