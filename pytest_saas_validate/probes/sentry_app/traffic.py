"""The requests of a run, with a canary in every place that a client or an upstream service fills."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import quote, urlencode

from .scenes import JOB, SCENES, STREAMED
from .stage import Stage
from .web import Web

SECRET_HEADERS = ("X-Api-Key", "X-Auth-Token", "X-CSRF-Token", "X-Client-Secret")
SECRET_COOKIES = ("session", "csrftoken")
SECRET_PARAMETERS = ("token", "api_key", "password", "access_token")


def traffic(web: Web) -> dict[str, int]:
    """Every scene once, each flushed; the status of each."""
    acts: dict[str, Callable[[], int]] = {"order": partial(_order, web), "person": partial(_person, web)}
    if _present("python_multipart") and web.routed:
        acts["form"] = partial(_form, web)
    acts["nowhere"] = partial(_nowhere, web)
    acts["refund"] = partial(refund, web)
    for name in playable(web.stage):
        acts[name] = partial(_scene, web, name)
    acts["job"] = partial(_job, web)
    answers = {}
    for name, act in acts.items():
        web.scene = name
        answers[name] = act()
        web.stage.sdk.flush(5)
    return answers


def streamed_traffic(web: Web) -> None:
    """The requests that make spans of every kind."""
    refund(web)
    for name in playable(web.stage):
        if name in STREAMED:
            _scene(web, name)


def playable(stage: Stage) -> list[str]:
    """The scenes that this environment's SDK and packages can play."""
    needs = {
        "validation": "pydantic",
        "structured_log": "sentry_sdk.logger",
        "metric": "sentry_sdk.metrics",
    }
    without = {name for name, module in needs.items() if not _present(module)}
    if not stage.secrets:
        without.add("settings")
    return [name for name in SCENES if name not in without]


def _order(web: Web) -> int:
    make = web.stage.make
    mail = make("query", "email")
    query = urlencode({"email": mail, "token": make("query", "keyed"), "q": make("query", "bare")})
    query += f"&{urlencode({'customer': make('query', 'plain')})}"
    body = {
        "email": make("JSON body", "email"),
        "password": make("JSON body", "keyed"),
        "card": {"number": make("JSON body", "card")},
        "note": make("JSON body", "bare"),
        "customer": make("JSON body", "plain"),
    }
    sent = json.dumps(body)
    headers = [
        ("Host", "app.example"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(sent))),
        ("Authorization", f"Bearer {make('header Authorization', 'jwt')}"),
        ("Proxy-Authorization", f"Basic {web.stage.canaries.basic('header Proxy-Authorization')}"),
        ("X-Api-Key", make("header X-Api-Key", "keyed")),
        ("X-Auth-Token", make("header X-Auth-Token", "keyed")),
        ("Cookie", f"session={make('cookie session', 'keyed')}; theme={make('cookie theme', 'bare')}"),
        ("X-Original-Cookie", f"customer={quote(make('cookie in another header', 'plain'))}"),
        ("Referer", f"https://shop.example/?mail={quote(make('header Referer', 'email'))}"),
        (
            "User-Agent",
            f"shop/1.0 ({make('header User-Agent', 'bare')}; {make('header User-Agent', 'plain')})",
        ),
        ("X-Note", make("other header", "bare")),
        ("X-Customer", make("other header", "plain")),
        ("X-Blob", base64.b64encode(make("base64 in a header", "email").encode()).decode()),
        ("X-Forwarded-For", make("header X-Forwarded-For", "ip")),
        ("X-Real-Ip", make("header X-Real-Ip", "ip")),
        ("Forwarded", f"for={make('header Forwarded', 'ip')};proto=https"),
        ("Cf-Connecting-Ip", make("header Cf-Connecting-Ip", "ip")),
    ]
    return web.ask("POST", "/orders/17", query=query, headers=headers, body=sent.encode())


def _person(web: Web) -> int:
    make = web.stage.make
    path = f"/people/{make('URL path', 'email')} {make('URL path', 'plain')}"
    query = f"q={make('query of a GET', 'bare')}"
    return web.ask("GET", path, query=query, client=make("client address", "ip"))


def _form(web: Web) -> int:
    make = web.stage.make
    form = {"email": make("form", "email"), "password": make("form", "keyed"), "note": make("form", "bare")}
    form["customer"] = make("form", "plain")
    body = urlencode(form).encode()
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))]
    return web.ask("POST", "/forms", headers=headers, body=body)


def _nowhere(web: Web) -> int:
    make = web.stage.make
    return web.ask("GET", f"/nowhere/{make('path of a 404', 'bare')} {make('path of a 404', 'plain')}")


def refund(web: Web) -> int:
    """A request whose secrets are ordinary words, which the application repeats in its texts."""

    def make(place: str, kind: str = "passphrase") -> str:
        sent[place] = web.stage.make(f"repeated {place}", kind)
        return sent[place]

    sent: dict[str, str] = {}
    basic = web.stage.canaries.basic(f"{web.stage.prefix}repeated header Proxy-Authorization", "passphrase")
    sent["header Proxy-Authorization"] = base64.b64decode(basic).decode().partition(":")[2]
    query = urlencode(
        {name: make(f"query {name}") for name in ("token", "api_key", "password", "access_token")}
    )
    body = {name: make(f"body {name}") for name in ("password", "client_secret", "otp")}
    text = json.dumps({**body, "card": {"pin": make("body pin")}}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(text))),
        ("Authorization", f"Bearer {make('header Authorization')}"),
        ("Proxy-Authorization", f"Basic {basic}"),
        *((name, make(f"header {name}")) for name in SECRET_HEADERS),
        ("Cookie", "; ".join(f"{name}={quote(make(f'cookie {name}'), safe='')}" for name in SECRET_COOKIES)),
    ]
    path = f"/refunds/{make('path parameter', 'plain')}"
    web.sent = sent
    return web.ask("POST", path, query=query, headers=headers, body=text)


def _scene(web: Web, name: str) -> int:
    return web.ask("GET", f"/scenes/{name}", headers=_baggage(web.stage, name))


def _baggage(stage: Stage, scene: str) -> list[tuple[str, str]]:
    """What an upstream service says about the trace, on one scene that makes spans."""
    if scene != "spans":
        return []
    trace = "771a43a4192642f0b136d5159a501700"
    said = f"sentry-trace_id={trace},sentry-user_segment={quote(stage.make('inbound baggage', 'email'))}"
    return [("sentry-trace", f"{trace}-b7ad6b7169203331-1"), ("baggage", said)]


def _job(web: Web) -> int:
    """Some scenes outside of any request, as a worker or a command plays them."""
    sdk, stage = web.stage.sdk, replace(web.stage, prefix="outside a request: ")
    with sdk.isolation_scope(), sdk.start_transaction(op="task", name="nightly", source="task"):
        for name in JOB:
            if name in playable(stage):
                try:
                    SCENES[name](stage)
                except Exception as problem:
                    sdk.capture_exception(problem)
    return 0


def _present(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True
