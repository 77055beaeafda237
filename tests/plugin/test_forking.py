"""A script that a fork begins is told apart by nothing from one that an interpreter was started for."""

from __future__ import annotations

import gc
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_saas_validate.process import Run, forking, run
from pytest_saas_validate.process.forking import ForkServers

Both = Callable[[str], tuple[Run, Run]]


@pytest.fixture
def servers() -> ForkServers:
    return ForkServers()


@pytest.fixture
def both(servers: ForkServers, tmp_path: Path) -> Both:
    """Runs a script in both ways."""
    script = tmp_path / "scripts/script.py"
    script.parent.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    environment = {**os.environ, "TOLD": "this", "HOME": str(here)}

    def once(text: str) -> tuple[Run, Run]:
        script.write_text(textwrap.dedent(text))
        words = [sys.executable, script]
        plain = run(words, cwd=here, env=environment, timeout=10)
        return plain, run(words, cwd=here, env=environment, timeout=10, start=servers.begin)

    return once


@pytest.mark.parametrize(
    "text",
    [
        "print('said')",
        "import sys; print(sys.argv, sys.orig_argv, sys.path, sys.flags, __name__, __file__)",
        "print(sorted(globals()), __spec__, __package__, __cached__, type(__loader__), type(__builtins__))",
        "import __main__; print(__main__.__file__, vars(__main__) is globals())",
        "import os; print(os.getcwd(), sorted(os.environ.items()))",
        "import sys; print(repr(sys.stdin.read()), sys.stdin.isatty(), sys.stdout.encoding)",
        "import os; print(os.getpid() == os.getpgid(0) == os.getsid(0))",
        "import signal; print([signal.getsignal(n) for n in (1, 2, 13, 15)])",
        "import threading; print(threading.active_count(), threading.main_thread().name)",
        "import atexit; atexit.register(print, 'at the end'); print('first')",
        "import threading; threading.Timer(0.1, print, ['of a thread']).start()",
        "import sys; sys.exit('a sentence')",
        "raise SystemExit(7)",
        "import os; os._exit(9)",
        "1 / 0",
        "def f():\n    raise ValueError('twice')\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    f()",
        "import sys\nsys.excepthook = lambda *told: print('mine', told[0], told[2].tb_lineno)\n1 / 0",
        "this is no Python",
        r"print('invalid \s escape', 1 is 1)",
        "import warnings\nwarnings.warn('mind', DeprecationWarning)\nwarnings.warn('the gap')",
        "import nowhere_to_be_found",
        "import xml\nprint(xml.dom)",
        "import json\nprint(json.tool)",
        "from importlib import resources\nimport importlib\nprint(sorted(vars(importlib))[-3:])",
        "import sys, json, pathlib\nprint(sorted(sys.modules))",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "import os, signal, atexit\natexit.register(print, 'last')\nos.kill(os.getpid(), signal.SIGINT)",
        "raise KeyboardInterrupt",
        "class Own(BaseException):\n    pass\nraise Own('mine')",
        "import atexit, sys\natexit.register(lambda: print(sys.last_value))\n1 / 0",
        "import sys\nsys.excepthook = None\n1 / 0",
        "import sys\ndel sys.excepthook\n1 / 0",
        "import warnings\nwarnings.warn('old', stacklevel=2)",
        "import sys\nprint(sys._getframe().f_back)",
        "import imp, asyncore",
        "import pathlib, imp\nprint('queue' in __import__('sys').modules)\nimport queue",
        "import sys\nsys.path.insert(0, '.')\nimport shelve\nprint(shelve.__file__)",
        "x = " + "-" * 4000 + "1",
        "# coding: nothing known\nprint(1)",
        "def f():\n    f()\ntry:\n    f()\nexcept RecursionError:\n    print('deep')",
        "import os\nprint(sorted(os.listdir('/proc/self/fd')))",
        "import time\nprint(time.tzname)",
        "import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', 'print(1)']))",
        "import random; random.seed(3); print(random.random())",
    ],
)
def test_nothing_tells_them_apart(text: str, both: Both) -> None:
    plain, forked = both(text)
    assert (forked.code, forked.stdout, forked.stderr) == (plain.code, plain.stdout, plain.stderr)


def test_one_interpreter_begins_many(both: Both) -> None:
    parents = {both("import os\nprint(os.getppid())")[1].text for _ in range(3)}
    assert len(parents) == 1
    assert parents != {f"{os.getpid()}\n"}


def test_what_comes_by_chance_comes_anew(both: Both) -> None:
    text = "import random, uuid\nprint(random.random(), uuid.uuid4())"
    assert len({both(text)[1].text for _ in range(3)}) == 3


def test_what_one_does_to_its_modules_reaches_no_other(both: Both) -> None:
    both("import json\njson.dumps = None")
    assert both("import json\nprint(json.dumps(1))")[1].text == "1\n"


def test_one_that_is_not_done_is_ended_with_all_that_it_began(servers: ForkServers, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import subprocess, time\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\ntime.sleep(60)\n"
    )
    ended = run([sys.executable, script], timeout=1.0, start=servers.begin)
    assert ended.code == 124
    assert _is_gone(int(ended.text))
    script.write_text("print('next')")
    assert run([sys.executable, script], start=servers.begin).text == "next\n"


def test_what_one_leaves_behind_is_ended(servers: ForkServers, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid)\n")
    ended = run([sys.executable, script], timeout=10, start=servers.begin)
    assert ended.ok
    assert _is_gone(int(ended.text))


def test_a_server_that_was_ended_is_done_without(servers: ForkServers, both: Both) -> None:
    server = int(both("import os\nprint(os.getppid())")[1].text)
    os.kill(server, signal.SIGKILL)
    plain, forked = both("import os\nprint(os.getppid())")
    assert plain.text == forked.text == f"{os.getpid()}\n"


def test_one_whose_server_is_ended_counts_as_ended_from_outside(servers: ForkServers, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n")
    assert run([sys.executable, script], timeout=10, start=servers.begin).killed


def test_a_server_that_was_stopped_begins_nothing_later(
    servers: ForkServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking, "_PATIENCE", 0.3)
    script, log = tmp_path / "script.py", tmp_path / "log"
    script.write_text(f"import os\nprint(os.getppid())\nopen({str(log)!r}, 'a').write('ran\\n')\n")
    words = [sys.executable, script]
    server = int(run(words, start=servers.begin).text)
    os.kill(server, signal.SIGSTOP)
    assert run(words, start=servers.begin).text == f"{os.getpid()}\n"
    assert _is_gone(server)
    assert log.read_text() == "ran\n" * 2


def test_a_call_that_is_interrupted_leaves_no_answer_for_the_next(
    servers: ForkServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    words = [sys.executable, script]
    script.write_text("import os, time\nprint(os.getppid())")
    server = int(run(words, start=servers.begin).text)
    script.write_text("import os, time\ntime.sleep(60)")
    with monkeypatch.context() as patch:
        patch.setattr(forking.marshal, "loads", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(words, start=servers.begin)
    assert _is_gone(server)
    script.write_text("print('next')")
    assert run(words, start=servers.begin).text == "next\n"


def _interrupted(data: bytes) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.01])
def test_one_that_has_no_time_is_ended_at_once(seconds: float, servers: ForkServers, tmp_path: Path) -> None:
    script, lived = tmp_path / "script.py", tmp_path / "lived"
    script.write_text(f"import os, time\ntime.sleep(2)\nopen({str(lived)!r}, 'w')\n")
    begun = time.monotonic()
    assert run([sys.executable, script], timeout=seconds, start=servers.begin).code == 124
    assert time.monotonic() - begun < 2
    time.sleep(2)
    assert not lived.exists()


def test_two_at_once_are_no_matter(servers: ForkServers, tmp_path: Path) -> None:
    scripts = [tmp_path / f"script{number}.py" for number in range(24)]
    for number, script in enumerate(scripts):
        script.write_text(f"import sys\nprint({number})\nsys.exit({number})")
    with ThreadPoolExecutor(4) as pool:
        ended = pool.map(lambda script: run([sys.executable, script], start=servers.begin), scripts)
    assert [(one.code, one.text) for one in ended] == [(n, f"{n}\n") for n in range(24)]


@pytest.mark.parametrize("more", [["x"], []])
def test_only_one_script_by_its_whole_path_is_begun_so(
    more: list[str], servers: ForkServers, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os, sys\nprint(os.getppid(), sys.argv[1:])")
    words = [sys.executable, script if more else "script.py", *more]
    assert run(words, cwd=tmp_path, start=servers.begin).text == f"{os.getpid()} {more}\n"


def test_servers_end_with_who_has_them(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os\nprint(os.getppid())")
    servers = ForkServers()
    server = int(run([sys.executable, script], start=servers.begin).text)
    assert _lives(server)
    del servers
    gc.collect()
    assert _is_gone(server)


def test_servers_end_when_their_process_is_killed(tmp_path: Path) -> None:
    script, program = tmp_path / "script.py", tmp_path / "program.py"
    script.write_text("import os, time\nprint(os.getppid(), os.getpid(), flush=True)\ntime.sleep(60)")
    program.write_text(
        "import os, sys, threading\n"
        "from pathlib import Path\n"
        "from pytest_saas_validate.process import forking\n"
        "servers = forking.ForkServers()\n"
        f"words = [sys.executable, {str(script)!r}]\n"
        "with open('said', 'w+b') as said, open(os.devnull, 'rb') as given:\n"
        "    forked = servers.begin(words, Path(), os.environ, (given, said, said))\n"
        "    while not Path('said').read_text().endswith('\\n'):\n"
        "        pass\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert run([sys.executable, program], cwd=tmp_path, timeout=20).code == -signal.SIGKILL
    pids = [int(word) for word in (tmp_path / "said").read_text().split()]
    assert len(pids) == 2
    assert all(map(_is_gone, pids))


@pytest.mark.parametrize("path", ["", "/tmp", ".", "/tmp:", "relative:/tmp"])
def test_a_search_path_that_depends_on_the_folder_is_begun_plainly(
    path: str, servers: ForkServers, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os\nprint(os.getppid())")
    words = [sys.executable, script]
    environment = {**os.environ, "PYTHONPATH": path}
    parent = int(run(words, env=environment, start=servers.begin).text)
    assert (parent == os.getpid()) == (path not in ("", "/tmp"))


def _is_gone(pid: int) -> bool:
    """Whether it ends within seconds: who was told to be killed may still do so."""
    deadline = time.monotonic() + 5
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _lives(pid)


def _lives(pid: int) -> bool:
    """Whether it runs; one that was not collected yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
