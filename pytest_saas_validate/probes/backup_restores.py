"""Faults in the way of a restore: damaged backups, failing programs, death at several moments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pytest_saas_validate.evidence.backup import Attempt, Catalogue, Kind
from pytest_saas_validate.probes.backup_catalogue import differing, state
from pytest_saas_validate.probes.backup_commands import Commands, ending, modes
from pytest_saas_validate.probes.backup_server import Server
from pytest_saas_validate.probes.backup_shims import Shims
from pytest_saas_validate.process import Run

_FLIPS = (0, 50, 99)  # per cent of the file
_FLIP = """
size=$(wc -c < "$1"); at=$((size * $2 / 100))
byte=$(dd if="$1" bs=1 skip=$at count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
printf "$(printf '\\\\%03o' $((byte ^ 16)))" | dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
"""
_DAMAGES = {
    "the file is cut at 60 %": (
        'size=$(wc -c < "$1"); head -c $((size * 6 / 10)) "$1" > "$1.cut"; cat "$1.cut" > "$1"; rm "$1.cut"'
    ),
    "the file is empty": ': > "$1"',
    "the file goes on behind its end": 'printf "more" >> "$1"',
    "the file is another backup's": 'cat "$2" > "$1"',
}
# A copy of the whole backup, with what lies beside it, and one file of it damaged by the script behind it.
_COPY = """
d=$(mktemp -d "$1/.copy-XXXXXX"); find "$1" -maxdepth 1 -type f -exec cp {} "$d" \\;
whole=$1/$2; damaged=$d/$2; echo "$d"; shift 2
damage() {
%s
}
damage "$damaged" "$@"
! cmp -s "$whole" "$damaged" || { echo "the copy was not damaged" >&2; exit 1; }
"""
_RESTORERS = ("pg_restore", "psql")
# Watched from outside: when the flag is there, everything of the command dies, this shell too.
_MORTAL = """
{ "$@"; echo $? > "$SAAS_SHIM/done"; } &
while [ ! -e "$SAAS_SHIM/done" ] && [ ! -e "$SAAS_SHIM/flag" ]; do sleep 0.05; done
[ ! -e "$SAAS_SHIM/flag" ] || kill -9 0
wait; exit "$(cat "$SAAS_SHIM/done")"
"""
_PATIENCE = 60.0


@dataclass
class RestoreFaults:
    """Restores of one artefact that must not succeed; `other` is an artefact of another backup."""

    commands: Commands
    artefact: str
    other: str
    objects: Catalogue
    names: frozenset[str]
    modes: dict[str, str] = field(default_factory=dict)
    shims: list[Shims] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Where the backups lie."""
        return self.artefact.rpartition("/")[0]

    def damaged(self) -> Iterator[Attempt]:
        """Restore copies of which one file is damaged."""
        name = self.artefact.rpartition("/")[2]
        for fault, script in _DAMAGES.items():
            yield self._damage(fault, name, script, self.other)
        for per_cent in _FLIPS:
            yield self._damage(f"one bit is flipped at {per_cent} %", name, _FLIP, str(per_cent))
        sidecars = [n for n in self.commands.shell('ls -A "$1"', self.folder).splitlines() if n != name]
        for sidecar in (n for n in sidecars if n.startswith(name)):
            what = f"the file beside it ({sidecar.removeprefix(name)})"
            yield self._damage(f"{what} is gone", sidecar, 'rm "$1"')
            yield self._damage(f"one bit of {what} is flipped", sidecar, _FLIP, "50")

    def _damage(self, fault: str, name: str, script: str, *words: str) -> Attempt:
        copy = self.commands.shell(_COPY % script, self.folder, name, *words)
        whole = self.artefact.rpartition("/")[2]
        return self._judged(fault, Kind.DAMAGE, self.commands.restore(f"{copy}/{whole}"))

    def failing(self) -> Iterator[Attempt]:
        """Restore the whole backup with a restoring program that fails, or dies with everything around it."""
        yield from self._shimmed(
            "ends with status 3 after its last byte", "the restoring client fails at last"
        )
        yield from self._shimmed("restores in part", "the restoring client is killed")
        yield from self._shimmed("dies with all behind it", "the whole restore is killed", Kind.DEATH)
        for name, mode in modes(self.shims[-1].read("seen")).items():
            self.modes[f"{name.removeprefix('./')}, while a backup is restored"] = mode

    def _shimmed(self, does: str, fault: str, kind: Kind = Kind.FAILURE) -> Iterator[Attempt]:
        shims = Shims.lay(self.commands, self.folder, does, _RESTORERS)
        self.shims.append(shims)
        found = self._judged(fault, kind, self.commands.restore(self.artefact, shims.environment))
        if shims.called():
            yield found
        else:
            self.unreached.append(f"{fault}: the restore calls neither {' nor '.join(_RESTORERS)} by PATH")

    def _judged(self, fault: str, kind: Kind, ended: Run) -> Attempt:
        objects, names = state(self.commands.stack)
        appeared, self.names = names - self.names, self.names | names
        return Attempt(
            fault=fault,
            code=ended.code,
            kind=kind,
            changed=differing(self.objects, objects),
            databases=tuple(sorted(appeared)),
            said=ending(ended),
        )

    def dying_behind_the_swap(self) -> Iterator[Attempt]:
        """Kill everything when the new database has the old one's name and the old one is there still.

        The target holds what the backup holds, so that it must be the same whichever of the two it is.
        """
        server = Server(self.commands.stack)
        shims = Shims.lay(self.commands, self.folder, "passes", ())  # it is its folder that is wanted
        with server.undroppable() as first, ThreadPoolExecutor(1) as pool:
            ending_ = pool.submit(self.commands.restore, self.artefact, shims.environment, _MORTAL)
            swapped = _swapped(server, first, ending_.done)
            self.commands.shell(': > "$1/flag"', shims.folder)
            ended = ending_.result()
            lost = server.missing()
            steps = not lost and server.in_two_steps(first)
            if lost:
                server.bring_back(first)
        if not swapped or ended.code == 0:
            self.unreached.append(
                "death behind the swap: the restore puts no new database into the old one's place"
            )
            return
        fault = "the whole restore is killed behind the swap"
        found = self._judged(fault, Kind.DEATH, ended)
        target = self.commands.stack.facts["database"]
        if lost or steps:
            how = "which was absent" if lost else "which was absent between two transactions"
            found = replace(found, changed=(f"database {target}, {how}", *found.changed))
        yield found


def _swapped(server: Server, first: str, ended: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and not ended():
        if server.target() != first:
            return True
        time.sleep(0.02)
    return server.target() != first
