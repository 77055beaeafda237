"""The program of a fork server: told of a script, it forks, and the child is as if the script had been begun.

A program and no module: it imports nothing that a script would then find imported, and is run by its path.
"""

import marshal
import os
import sys

_GIVEN = frozenset(globals())  # by the interpreter to every script, and the above
_LONGEST = 1 << 20  # bytes of an order
_STREAMS = 3
_INT = 4  # bytes of a handle


def serve(handle: int) -> str:
    """Begin and collect what is asked for; returns in a child, with its script, and at the end, with none."""
    before = set(sys.modules)
    import _socket

    own = set(sys.modules) - before
    control = _socket.socket(fileno=handle)
    child = 0
    while True:
        data, beside, _, _ = control.recvmsg(_LONGEST, _socket.CMSG_SPACE(_STREAMS * _INT))
        if not data:  # nobody waits for it any more
            end(child)
            return ""
        order = marshal.loads(data)
        if isinstance(order, int):
            control.send(marshal.dumps(os.waitpid(order, 0)[1]))
            child = 0
            continue
        packed = beside[0][2]
        streams = [int.from_bytes(packed[n : n + _INT], sys.byteorder) for n in range(0, len(packed), _INT)]
        child = os.fork()
        if not child:
            os.setsid()
            try:
                control.send(marshal.dumps(os.getpid()))  # it leads a group now, which can be ended
            except OSError:
                os._exit(1)
            control.close()
            for name in own:
                del sys.modules[name]
            prepare(streams, *order)
            return str(order[0])
        for stream in streams:
            os.close(stream)


def end(child: int) -> None:
    """Of a child that may not lead its group yet, and may have ended."""
    for kill in (os.kill, os.killpg) if child else ():
        try:
            kill(child, 9)
        except ProcessLookupError:
            continue


def prepare(streams: list[int], script: str, folder: str, environment: dict[str, str]) -> None:
    """What the system and the interpreter do before they begin a script."""
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    os.chdir(folder)
    coerced = {name: value for name, value in os.environ.items() if name == "LC_CTYPE"}  # PEP 538
    os.environ.clear()
    os.environ.update({**coerced, **environment})
    sys.argv[:] = [script]
    sys.orig_argv[:] = [sys.executable, script]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(script)))  # noqa: PTH120


def begin(script: str) -> None:
    """Be that script; a trace of what it raises begins in it."""
    main = type(sys)("__main__")
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", script)
    given = {"__file__": script, "__loader__": loader, "__cached__": None, "__annotations__": {}}
    vars(main).update({name: value for name, value in given.items() if name in _GIVEN})
    vars(main)["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    globals()["__name__"] = "begin"  # warnings of deprecation are shown of __main__ only
    try:
        with open(script, "rb") as file:  # noqa: PTH123
            source = file.read()
        exec(compile(source, script, "exec", dont_inherit=True), vars(main))
    except SystemExit:
        raise
    except BaseException as problem:
        trace = problem.__traceback__ and problem.__traceback__.tb_next
        vars(BaseException)["__traceback__"].__set__(problem, trace)  # its own class may do more
        tell(problem)


def tell(problem: BaseException) -> None:
    """What the interpreter does with what nobody caught."""
    sys.last_type, sys.last_value, sys.last_traceback = type(problem), problem, problem.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = problem
    sys.excepthook(type(problem), problem, problem.__traceback__)
    if isinstance(problem, KeyboardInterrupt):
        import atexit
        import signal

        atexit._run_exitfuncs()
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(1)


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]
    handle, *names = sys.argv[1:]
    for name in names:
        try:
            __import__(name)
        except Exception:  # the script will say so
            continue
    if len(os.listdir("/proc/self/task")) == 1:  # noqa: PTH208
        told = serve(int(handle))
        if told:
            begin(told)
