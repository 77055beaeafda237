"""Scripts of Python begun by a fork: an interpreter takes longer to start than most of them to run."""

from __future__ import annotations

import ast
import contextlib
import marshal
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pytest_saas_validate.evidence.quiet import quiet
from pytest_saas_validate.process.marker import marked

_MAIN = Path(__file__).with_name("forking_main.py")
_STARTING = ("PYTHON", "LC_", "LANG", "LD_")  # variables that an interpreter reads when it starts
_PATIENCE = 30.0  # seconds; it answers at once, unless somebody stopped it
_LONGEST = 100_000  # bytes of an order that a socket surely takes at once


@dataclass
class Forked:
    """A script that was begun, as far as whoever waits for it needs it; collected by the server."""

    pid: int
    control: socket.socket
    returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has: told like one that somebody ended where nobody knows."""
        if self.returncode is None:
            status: int | None = None
            with contextlib.suppress(OSError, EOFError, ValueError):
                self.control.send(marshal.dumps(self.pid))
                status = marshal.loads(self.control.recv(_LONGEST))
            self.returncode = -signal.SIGKILL if status is None else os.waitstatus_to_exitcode(status)
        return self.returncode


@dataclass
class ForkServers:
    """One for each set of modules that scripts import: a script finds what its own imports load, and no more;
    and for each environment that an interpreter would start otherwise in.

    What differs from an interpreter of its own: all scripts of a server have one seed of hashes, and objects
    at the same addresses. Servers end with this object, and when this process does.
    """

    _of: dict[tuple[object, ...], socket.socket | None] = field(default_factory=dict)

    def begin(
        self,
        words: Sequence[str],
        folder: Path | None,
        environment: Mapping[str, str],
        streams: Sequence[IO[bytes]],
    ) -> Forked | None:
        """Begin the script of `[interpreter, script]`; None where it has to be begun plainly."""
        script = words[1]
        order = marshal.dumps((script, os.fspath(folder or Path.cwd()), dict(environment)))
        if words[0] != sys.executable or len(order) > _LONGEST or not _can(environment):
            return None
        names = _imports(script)
        key = (names, *sorted((n, v) for n, v in environment.items() if n.startswith(_STARTING)))
        if key not in self._of:
            self._of[key] = self._server(names, environment)
        control = self._of[key]
        if control is None:
            return None
        try:
            socket.send_fds(control, [order], [stream.fileno() for stream in streams])
            return Forked(marshal.loads(control.recv(_LONGEST)), control)
        except (OSError, EOFError, ValueError):  # it ended, or is stopped
            self._of[key] = None
            return None

    def _server(self, names: tuple[str, ...], environment: Mapping[str, str]) -> socket.socket:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            server = subprocess.Popen(
                [sys.executable, os.fspath(_MAIN), str(its.fileno()), *names],
                cwd="/",
                env=marked(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                start_new_session=True,
            )
        ours.settimeout(_PATIENCE)
        weakref.finalize(self, _end, server, ours)
        return ours


def _end(server: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    server.kill()
    server.wait()


def _can(environment: Mapping[str, str]) -> bool:
    """Whether nothing tells the two ways apart: a search path may begin in a script's own folder."""
    paths = environment.get("PYTHONPATH", "").split(os.pathsep) if environment.get("PYTHONPATH") else []
    return hasattr(os, "pidfd_open") and all(map(os.path.isabs, paths))


def _imports(script: str) -> tuple[str, ...]:
    """The modules of the standard library that it imports first of all, whatever it does then."""
    try:
        with quiet():
            tree = ast.parse(Path(script).read_bytes())
    except (SyntaxError, ValueError):
        return ()
    plain = [name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names]
    some = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom) and not node.level]
    found = {name for name in (*plain, *some) if name.partition(".")[0] in sys.stdlib_module_names}
    return tuple(sorted(found - {"__future__", "this", "antigravity"}))
