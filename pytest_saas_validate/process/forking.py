"""Scripts of Python begun by a fork: an interpreter takes longer to start than most of them to run."""

from __future__ import annotations

import ast
import contextlib
import itertools
import marshal
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pytest_saas_validate.evidence.quiet import quiet
from pytest_saas_validate.process.marker import marked

_MAIN = Path(__file__).with_name("forking_main.py")
_PATIENCE = 30.0  # seconds; it answers at once, unless somebody stopped it
_FAREWELL = 1.0  # seconds in which it ends by itself
_LONGEST = 100_000  # bytes of an order that a socket surely takes at once
_STARTING = ("PYTHON", "LC_", "LANG", "LD_", "TZ")  # variables that an interpreter reads when it starts
# Modules that say nothing when they are loaded, and do not keep what they saw then.
_QUIET = frozenset(
    {"__future__", "abc", "argparse", "ast", "base64", "collections", "collections.abc", "configparser"}
    | {"contextlib", "copy", "csv", "dataclasses", "datetime", "enum", "fnmatch", "functools", "getpass"}
    | {"glob", "hashlib", "io", "itertools", "json", "keyword", "math", "operator", "os", "os.path"}
    | {"pathlib", "platform", "random", "re", "secrets", "shlex", "shutil", "socket", "stat", "string"}
    | {"subprocess", "sys", "tempfile", "textwrap", "time", "tomllib", "typing", "unicodedata"}
    | {"urllib.parse", "urllib.request", "uuid", "zipfile"}
)
# What shows a script the frames above its own, or takes the place of how the interpreter ends one.
_LOOKS_UP = re.compile(
    rb"excepthook|stacklevel|_getframe|_current_frames|currentframe|inspect|_stack\b|stack_info|\bwarn\b|setprofile"
    rb"|settrace|recursion|monitoring|faulthandler"
)


@dataclass(eq=False)
class Server:
    """A server and the line to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def ask(self, order: bytes, streams: Sequence[IO[bytes]] = ()) -> int:
        """Its answer; whatever goes wrong is its end, since a later answer would be taken for another's."""
        try:
            if streams:
                socket.send_fds(self.control, [order], [stream.fileno() for stream in streams])
            else:
                self.control.send(order)
            return int(marshal.loads(self.control.recv(_LONGEST)))
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """With the script that it may have begun."""
        self.control.close()
        try:
            self.process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:  # somebody stopped it
            for child in _children(self.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
            self.process.kill()
            self.process.wait()


@dataclass
class Forked:
    """A script that was begun, as far as whoever waits for it needs it; collected by the server."""

    pid: int
    server: Server
    over: Callable[[], None]
    returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has: told like one that somebody ended where nobody knows."""
        if self.returncode is None:
            try:
                self.returncode = os.waitstatus_to_exitcode(self.server.ask(marshal.dumps(self.pid)))
            except (OSError, EOFError, ValueError):
                self.returncode = -signal.SIGKILL
            finally:
                self.over()
        return self.returncode


@dataclass
class ForkServers:
    """One for each set of modules that scripts import first: a script finds those, and no more; and for each
    environment that an interpreter would start otherwise in.

    What differs from an interpreter of its own: all scripts of a server have one seed of hashes, objects at
    the same addresses, its name in lists of processes, limits, umask and niceness that this process had when
    the server began, and a stack that is a few frames deeper. One script lives at a time: another that is
    begun meanwhile is begun plainly. Servers end with this object, and with this process.
    """

    _of: dict[tuple[object, ...], Server | None] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def begin(
        self,
        words: Sequence[str],
        folder: Path | None,
        environment: Mapping[str, str],
        streams: Sequence[IO[bytes]],
    ) -> Forked | None:
        """Begin the script of `[interpreter, script]`; None where it has to be begun plainly."""
        names = _imports(words) if _can(environment) else None
        if names is None:
            return None
        order = marshal.dumps((words[1], os.fspath(folder or Path.cwd()), dict(environment)))
        key = (names, *sorted((n, v) for n, v in environment.items() if n.startswith(_STARTING)))
        if key not in self._of:
            self._of[key] = self._server(names, environment)
        server = self._of[key]
        if server is None or len(order) > _LONGEST or not self._one_at_a_time.acquire(blocking=False):
            return None
        try:
            return Forked(server.ask(order, streams), server, self._one_at_a_time.release)
        except BaseException as problem:
            self._of[key] = None
            self._one_at_a_time.release()
            if isinstance(problem, OSError | EOFError | ValueError):  # it ended, or is stopped
                return None
            raise

    def _server(self, names: tuple[str, ...], environment: Mapping[str, str]) -> Server:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            process = subprocess.Popen(
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
        server = Server(process, ours)
        weakref.finalize(self, server.end)
        return server


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _can(environment: Mapping[str, str]) -> bool:
    """Whether nothing tells the two ways apart: a search path may begin in a script's own folder."""
    paths = environment.get("PYTHONPATH", "").split(os.pathsep) if environment.get("PYTHONPATH") else []
    absolute = all(map(os.path.isabs, paths))
    return hasattr(os, "pidfd_open") and absolute and not environment.get("PYTHONINSPECT")


def _imports(words: Sequence[str]) -> tuple[str, ...] | None:
    """The quiet modules that a script imports before anything else; None for one to be begun plainly."""
    script = Path(words[-1])
    if len(words) != len((sys.executable, script)) or words[0] != sys.executable or not script.is_absolute():
        return None
    try:
        source = script.read_bytes()
        with quiet():
            body = ast.parse(source).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # the interpreter says what of it
        return None
    if _LOOKS_UP.search(source):
        return None
    loaded = {*itertools.takewhile(_QUIET.__contains__, _imported(body))} - {"__future__"}
    beside = {path.stem for path in script.parent.iterdir()}  # found before those of the library
    return None if loaded & beside else tuple(sorted(loaded))


def _imported(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The modules of the first statements; what stands after others is loaded after those."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "" if node.level else node.module or ""
        elif not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
            return
