"""The requests of a run, with a canary in every place that a client or an upstream service fills."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, urlencode

from .scenes import SCENES
from .stage import Stage
from .web import Web


def traffic(web: Web) -> dict[str, int]:
    """Every scene once, each flushed; the status of each."""
    acts: dict[str, Callable[[], int]] = {"order": partial(_order, web), "person": partial(_person, web)}
    if _present("python_multipart") and web.routed:
        acts["form"] = partial(_form, web)
    acts["nowhere"] = partial(_nowhere, web)
    for name in playable(web.stage):
        acts[name] = partial(_scene, web, name)
    answers = {}
    for name, act in acts.items():
        web.scene = name
        answers[name] = act()
        web.stage.sdk.flush(5)
    return answers


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
    body = {
        "email": make("JSON body", "email"),
        "password": make("JSON body", "keyed"),
        "card": {"number": make("JSON body", "card")},
        "note": make("JSON body", "bare"),
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
        ("Referer", f"https://shop.example/?mail={quote(make('header Referer', 'email'))}"),
        ("User-Agent", f"shop/1.0 ({make('header User-Agent', 'bare')})"),
        ("X-Note", make("other header", "bare")),
        ("X-Blob", base64.b64encode(make("base64 in a header", "email").encode()).decode()),
        ("X-Forwarded-For", make("header X-Forwarded-For", "ip")),
        ("X-Real-Ip", make("header X-Real-Ip", "ip")),
        ("Forwarded", f"for={make('header Forwarded', 'ip')};proto=https"),
        ("Cf-Connecting-Ip", make("header Cf-Connecting-Ip", "ip")),
    ]
    return web.ask("POST", "/orders/17", query=query, headers=headers, body=sent.encode())


def _person(web: Web) -> int:
    make = web.stage.make
    path, query = f"/people/{make('URL path', 'email')}", f"q={make('query of a GET', 'bare')}"
    return web.ask("GET", path, query=query, client=make("client address", "ip"))


def _form(web: Web) -> int:
    make = web.stage.make
    form = {"email": make("form", "email"), "password": make("form", "keyed"), "note": make("form", "bare")}
    body = urlencode(form).encode()
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))]
    return web.ask("POST", "/forms", headers=headers, body=body)


def _nowhere(web: Web) -> int:
    return web.ask("GET", f"/nowhere/{web.stage.make('path of a 404', 'bare')}")


def _scene(web: Web, name: str) -> int:
    return web.ask("GET", f"/scenes/{name}", headers=_baggage(web.stage, name))


def _baggage(stage: Stage, scene: str) -> list[tuple[str, str]]:
    """What an upstream service says about the trace, on one scene that makes spans."""
    if scene != "spans":
        return []
    trace = "771a43a4192642f0b136d5159a501700"
    said = f"sentry-trace_id={trace},sentry-user_segment={quote(stage.make('inbound baggage', 'email'))}"
    return [("sentry-trace", f"{trace}-b7ad6b7169203331-1"), ("baggage", said)]


def _present(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True
