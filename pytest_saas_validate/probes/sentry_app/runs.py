"""The runs, each in a process that begins from the same imports: what is compared, strained, left idle."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .canaries import Canaries
from .credentials import awkward, secrets_of
from .failure import break_hooks
from .options import HOOKS, forced, hook, options_of, sample_all, switch_on, watch
from .stage import Stage, streams
from .traffic import streamed_traffic, traffic
from .web import Web, listen

Result = dict[str, Any]
STREAM_HOOK = "before_send_span"
STREAMED = "streamed: "  # begins the names of places


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
        "reference": lambda: reference(sdk, make_settings),
        "streamed": lambda: streamed(sdk, make_settings, init),
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


def stage_of(sdk: Any, run: str, prefix: str = "") -> Stage:
    """A stage whose canaries belong to this run."""
    canaries = Canaries(os.environ["SAAS_SEED"], run)
    stage = Stage(canaries, sdk, listen(), os.environ["SAAS_TENANT_TAG"], prefix=prefix)
    secret, name = stage.make("process argument", "keyed"), stage.make("process argument", "plain")
    sys.argv = ["app", f"--token={secret}", name]
    return stage


def settings_of(stage: Stage, make_settings: Callable[[], Any], run: str = "") -> Any:
    """Settings of awkward secrets, which the stage knows then; with a run, they hold a DSN of its own."""
    if run:
        os.environ[os.environ["SAAS_DSN_NAME"]] = dsn_of(run)
    passwords = awkward(stage.canaries, os.environ["SAAS_VARIABLES"].split(","), make_settings)
    settings = make_settings()
    stage.secrets = {**secrets_of(settings), **passwords}
    return settings


def control(sdk: Any, make_settings: Callable[[], Any]) -> Result:
    """The most talkative configuration, without a hook: what is not seen here cannot be judged."""
    stage = stage_of(sdk, "control")
    settings_of(stage, make_settings)
    talk(sdk, "SAAS_CONTROL")
    return play(Web(stage))


def talk(sdk: Any, run: str, **more: Any) -> None:
    """Start the SDK so that it keeps nothing to itself."""
    defaults = importlib.import_module("sentry_sdk.consts").DEFAULT_OPTIONS
    wanted: dict[str, Any] = {
        "release": "control",
        "environment": "control",
        "traces_sample_rate": 1.0,
        "enable_logs": True,
        "include_local_variables": True,
        "max_request_body_size": "always",
        **({"data_collection": {}} if "data_collection" in defaults else {"send_default_pii": True}),
        **more,
    }
    sdk.init(dsn=dsn_of(run), **{name: value for name, value in wanted.items() if name in defaults})


def dsn_of(run: str) -> str:
    """The stack's DSN with a project number of its own, by which the sink tells the runs apart."""
    return f"{os.environ['SAAS_DSN'].rpartition('/')[0]}/{os.environ[run]}"


def project(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's own configuration; the sampling is raised, and logs are on where they have a hook."""
    stage = stage_of(sdk, "project")
    init(settings_of(stage, make_settings, "SAAS_PROJECT"))
    said = options_of(sdk)
    web = Web(stage)
    seen = watch(sdk, web)
    sample_all(sdk)
    switch_on(sdk)
    return {**play(web), "options": said, "collected": sorted(seen.collected), "scenes": seen.scenes}


def failure(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's configuration while its hooks break."""
    stage = stage_of(sdk, "failure")
    init(settings_of(stage, make_settings, "SAAS_FAILURE"))
    sample_all(sdk)
    options = sdk.get_client().options
    names = [name for name in HOOKS if hook(options, name) and (name != STREAM_HOOK or streams(options))]
    return {"failures": break_hooks(Web(stage), names), "canaries": stage.canaries.list()}


def reference(sdk: Any, make_settings: Callable[[], Any]) -> Result:
    """The control of the streamed run."""
    stage = stage_of(sdk, "reference", STREAMED)
    settings_of(stage, make_settings)
    talk(sdk, "SAAS_REFERENCE", trace_lifecycle="stream")
    return play_streamed(stage)


def streamed(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's configuration with spans that leave one by one, where it has a hook for them."""
    stage = stage_of(sdk, "streamed", STREAMED)
    settings = settings_of(stage, make_settings, "SAAS_STREAMED")
    with forced(sdk, trace_lifecycle="stream"):
        init(settings)
    options = sdk.get_client().options
    if not hook(options, STREAM_HOOK) or not streams(options):
        return {"canaries": [], "failures": [], "broken": []}
    sample_all(sdk)
    broken = replace(stage, canaries=Canaries(os.environ["SAAS_SEED"], "streamed failure"), prefix="")
    failures = break_hooks(Web(broken), [STREAM_HOOK])
    return {**play_streamed(stage), "failures": failures, "broken": broken.canaries.list()}


def empty(sdk: Any, make_settings: Callable[[], Any], init: Callable[[Any], None]) -> Result:
    """The project's configuration with an empty DSN, and every address that the process then connects to."""
    os.environ[os.environ["SAAS_DSN_NAME"]] = ""
    settings, stage = make_settings(), stage_of(sdk, "empty")
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


def play_streamed(stage: Stage) -> Result:
    """What makes spans, and nothing else."""
    streamed_traffic(Web(stage))
    stage.sdk.flush(10)
    stage.sdk.get_client().close(timeout=5)
    return {"canaries": stage.canaries.list()}


def play(web: Web) -> Result:
    """All traffic, everything sent."""
    answers = traffic(web)
    web.stage.sdk.flush(10)
    web.stage.sdk.get_client().close(timeout=5)
    return {"answers": answers, "canaries": web.stage.canaries.list(), "routed": web.routed}
