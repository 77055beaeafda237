"""The four runs (control, project, failure, empty), each in a process that begins from the same imports."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .canaries import Canaries
from .failure import break_hooks
from .options import HOOKS, hook, options_of, sample_all, watch
from .stage import Stage
from .traffic import traffic
from .web import Web, listen

Result = dict[str, Any]


def main() -> None:
    """Run what `SAAS_RUNS` names and print one line of JSON behind `SAAS_MARK`."""
    warnings.simplefilter("ignore")
    os.environ.setdefault("no_proxy", "*")  # a look-up of proxies is not safe in a forked process on macOS
    sys.path.insert(0, str(Path.cwd()))
    sdk: Any = importlib.import_module("sentry_sdk")
    make_settings, init = attribute(os.environ["SAAS_SETTINGS"]), attribute(os.environ["SAAS_SENTRY"])
    runs: Mapping[str, Callable[[], Result]] = {
        "control": lambda: control(sdk, make_settings),
        "project": lambda: project(sdk, make_settings, init),
        "failure": lambda: failure(sdk, make_settings, init),
        "empty": lambda: empty(sdk, make_settings, init),
    }
    preload()
    started = [(name, fork(runs[name])) for name in os.environ["SAAS_RUNS"].split(",")]
    results = {name: collect(*child) for name, child in started}
    print(f"\n{os.environ['SAAS_MARK']}{json.dumps(results)}", flush=True)


def preload() -> None:
    """Import once what every run imports otherwise, the SDK's integrations above all; nothing is set up."""
    for name in ("starlette.applications", "sqlalchemy", "httpx"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        list(importlib.import_module("sentry_sdk.integrations").iter_default_integrations(True))


def attribute(name: str) -> Any:
    """What `module:attribute` names."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def fork(run: Callable[[], Result]) -> tuple[int, int]:
    """Start a run in a child process: its number and where its result can be read."""
    reader, writer = os.pipe()
    number = os.fork()
    if number:
        os.close(writer)
        return number, reader
    os.close(reader)
    try:
        result = run()
    except BaseException:
        result = {"error": traceback.format_exc()}
    with os.fdopen(writer, "w") as pipe:
        json.dump(result, pipe)
    os._exit(0)


def collect(number: int, reader: int) -> Result:
    """Wait for a child's result."""
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(number, 0)
    if not text:
        return {"error": f"the process ended with status {status} and without a result"}
    result: Result = json.loads(text)
    return result


def stage_of(sdk: Any, run: str, settings: Any) -> Stage:
    """A stage whose canaries belong to this run."""
    canaries = Canaries(os.environ["SAAS_SEED"], run)
    sys.argv = ["app", f"--token={canaries.make('process argument', 'keyed')}"]
    return Stage(canaries, sdk, listen(), os.environ["SAAS_TENANT_TAG"], secrets_of(settings))


def secrets_of(settings: Any) -> dict[str, str]:
    """The secret fields of the settings by name, also of settings inside them; empty ones are left out."""
    found: dict[str, str] = {}
    seen: set[int] = set()

    def visit(prefix: str, value: Any) -> None:
        if hasattr(value, "get_secret_value"):
            text = value.get_secret_value()
            if isinstance(text, str) and len(text) >= 8:
                found[prefix] = text
            return
        fields = getattr(value, "__dict__", None)
        if isinstance(fields, dict) and id(value) not in seen:
            seen.add(id(value))
            for name, inner in fields.items():
                visit(f"{prefix}.{name}" if prefix else name, inner)

    visit("", settings)
    return found


def control(sdk: Any, make_settings: Callable[[], Any]) -> Result:
    """The most talkative configuration, without a hook: what is not seen here cannot be judged."""
    settings = make_settings()
    stage = stage_of(sdk, "control", settings)
    defaults = importlib.import_module("sentry_sdk.consts").DEFAULT_OPTIONS
    wanted: dict[str, Any] = {
        "release": "control",
        "environment": "control",
        "traces_sample_rate": 1.0,
        "enable_logs": True,
        "include_local_variables": True,
        "max_request_body_size": "always",
        "attach_stacktrace": True,
        **({"data_collection": {}} if "data_collection" in defaults else {"send_default_pii": True}),
    }
    sdk.init(
        dsn=dsn_of("SAAS_CONTROL"), **{name: value for name, value in wanted.items() if name in defaults}
    )
    return play(Web(stage))


def dsn_of(run: str) -> str:
    """The stack's DSN with a project number of its own, by which the sink tells the runs apart."""
    return f"{os.environ['SAAS_DSN'].rpartition('/')[0]}/{os.environ[run]}"


def made_with_dsn(make_settings: Callable[[], Any], run: str) -> Any:
    """The project's settings, made from an environment that holds this run's DSN."""
    os.environ[os.environ["SAAS_DSN_NAME"]] = dsn_of(run)
    return make_settings()


def project(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's own configuration; only the sampling is raised, so that everything is sent."""
    settings = made_with_dsn(make_settings, "SAAS_PROJECT")
    init(settings)
    said = options_of(sdk)
    web = Web(stage_of(sdk, "project", settings))
    seen = watch(sdk, web)
    sample_all(sdk)
    return {**play(web), "options": said, "collected": sorted(seen.collected), "scenes": seen.scenes}


def failure(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's configuration while its hooks break."""
    settings = made_with_dsn(make_settings, "SAAS_FAILURE")
    init(settings)
    sample_all(sdk)
    options = sdk.get_client().options
    stage = stage_of(sdk, "failure", settings)
    failures = break_hooks(Web(stage), [name for name in HOOKS if hook(options, name)])
    return {"failures": failures, "canaries": stage.canaries.list()}


def empty(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's configuration with an empty DSN, and every address that the process then connects to."""
    os.environ[os.environ["SAAS_DSN_NAME"]] = ""
    settings = make_settings()
    stage = stage_of(sdk, "empty", settings)
    reached: set[str] = set()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            reached.add(f"{arguments[1][0]}:{arguments[1][1]}")
        elif event == "socket.getaddrinfo":
            reached.add(f"{arguments[0]}:{arguments[1]}")

    init(settings)
    sys.addaudithook(audit)
    web = Web(stage)
    statuses = [web.ask("GET", f"/scenes/{name}") for name in ("message", "scope")]
    sdk.flush(2)
    client = sdk.get_client()
    return {
        "active": client.is_active() and client.transport is not None,
        "reached": sorted(reached),
        "statuses": statuses,
    }


def play(web: Web) -> Result:
    """All traffic, everything sent."""
    answers = traffic(web)
    web.stage.sdk.flush(10)
    web.stage.sdk.get_client().close(timeout=5)
    return {"answers": answers, "canaries": web.stage.canaries.list(), "routed": web.routed}
